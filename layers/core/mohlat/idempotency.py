"""Answering a repeated request with the first one's answer, for callers that send an Idempotency-Key.

Without the header nothing is remembered and a repetition is a second request. Money does not rest on this but
on the domain's own conditional writes.

The rows are those of Powertools' idempotency utility, and so are the rules: a key is claimed by a conditional
write; a claim ends with its invocation's time, an answer after a day; an error gives the claim back. The
utility itself is not used because it loads boto3 and s3transfer, a third of the cold start of all functions
that create something.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from botocore.exceptions import ClientError

from mohlat.adapters import aws
from mohlat.domain.errors import Conflict, InvalidInput
from mohlat.entrypoint import Request, Response
from mohlat.settings import settings

_HEADER = "Idempotency-Key"
_REMEMBERED_SECONDS = 24 * 3600
_CLAIMED, _ANSWERED = "INPROGRESS", "COMPLETED"
# Never claimed; claimed or answered longer ago than we remember; claimed by an invocation that was cut off.
_FREE = (
    "attribute_not_exists(id) OR expiration < :now"
    " OR (#status = :claimed AND in_progress_expiration < :now_in_milliseconds)"
)


def once(request: Request, act: Callable[[], Response]) -> Response:
    """Runs `act`, or answers as it did when the same caller sent the same key and body in the last 24 hours.

    Answers are stored: they must hold no personal data. Errors are not stored. Raises InvalidInput if the key
    came with another body before, Conflict while the first request is still being answered.
    """
    key = request.header(_HEADER)
    if not key:
        return act()
    if not re.fullmatch(r"[\x21-\x7e]{16,128}", key):
        raise InvalidInput(_HEADER, "not 16 to 128 visible characters")
    caller = request.caller.username if request.claims else ""
    id = f"api#{_digest(f'{request.method} {request.address} {caller} {key}')}"
    # Under the caller's own key, which is stored nowhere: the table gives nothing of the body away.
    body = _digest(hmac.new(key.encode(), request.raw_body, hashlib.sha256).hexdigest())
    if known := _claim(id, body, request.context.get_remaining_time_in_millis()):
        if known["validation"]["S"] != body:
            raise InvalidInput(_HEADER, "was used with another body")
        if known["status"]["S"] == _CLAIMED:
            raise Conflict("the first request with this key is still being answered")
        return Response(**json.loads(known["data"]["S"]))
    try:
        response = act()
    except Exception:
        _table("delete_item", Key={"id": {"S": id}})
        raise
    # Plain JSON: the first answer must read the same as the stored one.
    plain = json.dumps(asdict(response), default=dict, sort_keys=True)
    _table(
        "update_item",
        Key={"id": {"S": id}},
        UpdateExpression="SET #data = :data, #status = :answered, expiration = :expiration",
        ExpressionAttributeNames={"#data": "data", "#status": "status"},
        ExpressionAttributeValues={
            ":data": {"S": plain},
            ":expiration": _number(time.time() + _REMEMBERED_SECONDS),
            ":answered": {"S": _ANSWERED},
        },
    )
    return Response(**json.loads(plain))


def _claim(id: str, body: str, milliseconds: int) -> Mapping[str, Any] | None:
    """Claims a key for as long as the invocation lives; the row that stands there if it is not free."""
    now = time.time()
    try:
        _table(
            "put_item",
            Item={
                "id": {"S": id},
                "status": {"S": _CLAIMED},
                "expiration": _number(now + _REMEMBERED_SECONDS),
                "in_progress_expiration": _number(now * 1000 + milliseconds),
                "validation": {"S": body},
            },
            ConditionExpression=_FREE,
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={
                ":now": _number(now),
                ":now_in_milliseconds": _number(now * 1000),
                ":claimed": {"S": _CLAIMED},
            },
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        known: Mapping[str, Any] = error.response["Item"]  # type: ignore[typeddict-item]
        return known
    return None


def _table(operation: str, **parameters: Any) -> None:
    getattr(aws.client("dynamodb"), operation)(TableName=settings().idempotency_table, **parameters)


def _digest(text: str) -> str:
    # As JSON, which is how the rows of earlier releases were named.
    return hashlib.sha256(json.dumps(text).encode()).hexdigest()


def _number(value: float) -> dict[str, str]:
    return {"N": str(int(value))}
