"""Mail to a product's address, in the shape in which Amazon SES hands it over through SNS.

The local AWS stores receipt rules and receives nothing, so whoever wants to write to a product does it here.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from sandbox.stack import Stack

VERDICTS = ("spf", "dkim", "dmarc", "spam", "virus")
_TOPIC = "arn:aws:sns:eu-central-1:000000000000:mohlat-mail"


def _instant(now: datetime) -> str:
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03d}Z"


def message(*, sender: str, to: str, subject: str, text: str, html: str = "") -> bytes:
    """The mail itself, as it travels: RFC 5322 and MIME. Raises ValueError for addresses that are none."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Message-ID"] = f"<{uuid.uuid4().hex}@sandbox.test>"
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    return mail.as_bytes()


def notification(
    raw: bytes, *, sender: str, to: str, now: datetime, verdicts: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What SES tells of a mail whose receipt rule publishes it to SNS, its content in Base64.

    `verdicts` are by name (spf, dkim, dmarc, spam, virus); what is not named passes.
    """
    found = {name: (verdicts or {}).get(name, "PASS") for name in VERDICTS}
    return {
        "notificationType": "Received",
        "mail": {
            "timestamp": _instant(now),
            "source": sender,
            "messageId": uuid.uuid4().hex,
            "destination": [to],
            "headersTruncated": False,
            "headers": [{"name": "From", "value": sender}, {"name": "To", "value": to}],
            "commonHeaders": {"returnPath": sender, "from": [sender], "to": [to]},
        },
        "receipt": {
            "timestamp": _instant(now),
            "processingTimeMillis": 12,
            "recipients": [to],
            **{f"{name}Verdict": {"status": status} for name, status in found.items()},
            "action": {"type": "SNS", "topicArn": _TOPIC, "encoding": "BASE64"},
        },
        "content": base64.b64encode(raw).decode(),
    }


def sns_event(told: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """How SNS calls a function with a notification."""
    return {
        "Records": [
            {
                "EventSource": "aws:sns",
                "EventVersion": "1.0",
                "EventSubscriptionArn": f"{_TOPIC}:{uuid.uuid4()}",
                "Sns": {
                    "Type": "Notification",
                    "MessageId": str(uuid.uuid4()),
                    "TopicArn": _TOPIC,
                    "Subject": "Amazon SES Email Receipt Notification",
                    "Message": json.dumps(told, ensure_ascii=False),
                    "Timestamp": _instant(now),
                    "SignatureVersion": "1",
                    "Signature": "EXAMPLE",
                    "SigningCertUrl": "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService.pem",
                    "UnsubscribeUrl": "https://sns.eu-central-1.amazonaws.com/?Action=Unsubscribe",
                    "MessageAttributes": {},
                },
            }
        ]
    }


# --- writing to a product -----------------------------------------------------------------------------------

FORM = (
    "<form method=post action=/sandbox/mail><h1>Write to a product</h1>"
    "<p><label>From <input name=from type=email required></label> "
    "<label>to <input name=to type=email required placeholder=info@kalo.ir></label>"
    "<p><label>Subject <input name=subject dir=auto size=40 placeholder=KALO-1405-000001></label>"
    "<p><textarea name=text dir=auto rows=4 cols=60 aria-label=Text></textarea>"
    "<p><label>As if <select name=proved><option value=yes>it is proved to come from there"
    "<option value=no>nothing proved that</select></label> <button>Send</button></form>"
)
_UNPROVED = {"spf": "FAIL", "dkim": "FAIL", "dmarc": "FAIL"}
_FIELDS = ("from", "to", "subject", "text")


class LetterBox:
    """Hands mail to the function that receives it, as SNS would, and says what became of it."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    async def post(self, request: Request) -> Response:
        """POST /sandbox/mail: JSON {from, to, subject, text, verdicts?}, or the form on the page."""
        body = await request.body()
        as_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        try:
            told = _read_form(body) if as_form else _read_json(body)
            raw = message(sender=told["from"], to=told["to"], subject=told["subject"], text=told["text"])
        except ValueError as error:
            return _problem(400, str(error))
        now = datetime.now(UTC)
        told_by_ses = notification(
            raw, sender=told["from"], to=told["to"], now=now, verdicts=told.get("verdicts")
        )
        try:
            outcome = await run_in_threadpool(self._hand_over, sns_event(told_by_ses, now))
        except RuntimeError as error:
            return _problem(502, str(error))
        if as_form:
            return RedirectResponse("/sandbox/", 303)
        return JSONResponse({"message_id": told_by_ses["mail"]["messageId"], "received": outcome}, 202)

    def _hand_over(self, event: Mapping[str, Any]) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            name = self._stack.outputs().get("ReceiveMailFunctionName")
            if name is None:
                raise RuntimeError("no function that receives mail is deployed")
            functions = self._stack.client("lambda")
            answer = functions.invoke(FunctionName=name, Payload=json.dumps(event).encode())
        except (BotoCoreError, ClientError) as error:
            raise RuntimeError(f"the local AWS does not answer ({type(error).__name__})") from error
        result = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" in answer:
            raise RuntimeError(f"the function failed: {result}")
        return result


def _read_form(body: bytes) -> dict[str, Any]:
    fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
    proved = fields.pop("proved", "yes") == "yes"
    return _checked({**fields, "verdicts": {} if proved else _UNPROVED})


def _read_json(body: bytes) -> dict[str, Any]:
    fields = json.loads(body)
    if not isinstance(fields, dict):
        raise ValueError("not a JSON object")
    return _checked(fields)


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a letter. Raises ValueError."""
    for name in _FIELDS:
        if not isinstance(fields.get(name), str):
            raise ValueError(f"{name} must be text")
    verdicts = fields.get("verdicts") or {}
    if not isinstance(verdicts, dict) or not set(verdicts) <= set(VERDICTS):
        raise ValueError(f"verdicts are of {', '.join(VERDICTS)}")
    if unknown := set(fields) - {*_FIELDS, "verdicts"}:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    return fields


def _problem(status: int, detail: str) -> Response:
    problem = {"type": "about:blank", "status": status, "detail": detail}
    return JSONResponse(problem, status, media_type="application/problem+json")
