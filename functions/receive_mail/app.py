"""From SNS: a mail that Amazon SES received for one of the products' addresses."""

from __future__ import annotations

from typing import Any

from mohlat import bootstrap
from mohlat.entrypoint import Event, task
from mohlat.observation import count, logger
from mohlat.presentation.letters import MalformedMail, read_notification


@task
def lambda_handler(event: Event, context: Any) -> list[dict[str, str | None]]:
    """What became of each mail."""
    return [_receive(record) for record in event["Records"]]


def _receive(record: Event) -> dict[str, str | None]:
    try:
        mail = read_notification(str((record.get("Sns") or {}).get("Message")))
    except MalformedMail as error:
        # Sent again it would be no better, and keep those behind it waiting.
        logger.warning("mail not understood", reason=error.details["reason"])
        count("MailNotUnderstood")
        return {"outcome": "not_understood", "id": None}
    received = bootstrap.mail_room().receive(mail)
    outcome, id = received.outcome.value, received.id
    logger.info("mail", message_id=mail.message_id, outcome=outcome, id=id)
    return {"outcome": outcome, "id": id}
