"""Answering a repeated request with the first one's answer, for callers that send an Idempotency-Key.

Imported only by functions that create something: it is heavy. Without the header nothing is remembered and a
repetition is a second request. Money does not rest on this but on the domain's own conditional writes.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from dataclasses import asdict
from functools import cache

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyValidationError,
)

from mohlat.adapters import aws
from mohlat.domain.errors import Conflict, InvalidInput
from mohlat.entrypoint import Request, Response
from mohlat.settings import settings

_HEADER = "Idempotency-Key"
_REMEMBERED_SECONDS = 24 * 3600


@cache
def _store(table_name: str) -> DynamoDBPersistenceLayer:
    return DynamoDBPersistenceLayer(table_name, boto3_client=aws.client("dynamodb"))


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
    config = IdempotencyConfig(
        event_key_jmespath="key",
        payload_validation_jmespath="body",
        expires_after_seconds=_REMEMBERED_SECONDS,
        hash_function="sha256",
        lambda_context=request.context,
    )

    def run(*, call: dict[str, str]) -> dict[str, object]:
        response = act()
        # Plain JSON: what is stored must read the same when it comes back.
        plain: dict[str, object] = json.loads(json.dumps(asdict(response), default=dict))
        return plain

    remembered = idempotent_function(
        run,
        data_keyword_argument="call",
        persistence_store=_store(settings().idempotency_table),
        config=config,
        key_prefix="api",
    )
    caller = request.caller.username if request.claims else ""
    call = {
        "key": f"{request.method} {request.address} {caller} {key}",
        # Under the caller's own key, which is stored nowhere: the table gives nothing of the body away.
        "body": hmac.new(key.encode(), request.raw_body, hashlib.sha256).hexdigest(),
    }
    try:
        return Response(**remembered(call=call))
    except IdempotencyValidationError:
        raise InvalidInput(_HEADER, "was used with another body") from None
    except IdempotencyAlreadyInProgressError:
        raise Conflict("the first request with this key is still being answered") from None
