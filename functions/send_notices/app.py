"""From the notice queue: sends what a journal entry owes, or a one-time code."""

from __future__ import annotations

import json
from typing import Any

from mohlat import bootstrap
from mohlat.application.send_notices import send_entry
from mohlat.domain.agreement import Channel
from mohlat.domain.errors import (
    Gone,
    MessageRejected,
    MessageUncertain,
    MessagingMisconfigured,
    NotFound,
    TooManyAttempts,
)
from mohlat.domain.people import CodePurpose
from mohlat.domain.tenant import living
from mohlat.entrypoint import batch
from mohlat.measures import measure_notices
from mohlat.observation import about, count, logger


def _send(record: Any) -> None:
    asked = json.loads(record["body"])
    about(tenant_id=asked["tenant_id"], seq=asked.get("seq"), message_id=record["messageId"])
    try:
        if "code" in asked:
            _send_code(asked)
        else:
            _send_entry(asked["tenant_id"], asked["seq"])
    except MessagingMisconfigured:
        count("MessagingMisconfigured")
        raise


def _send_entry(tenant_id: str, seq: int) -> None:
    outcomes = send_entry(
        tenant_id,
        seq,
        tenants=bootstrap.tenants(),
        agreements=bootstrap.agreements(),
        sender=bootstrap.sender(),
    )
    measure_notices(outcomes)


def _send_code(asked: dict[str, str]) -> None:
    purpose, channel = CodePurpose(asked["code"]), Channel(asked["channel"])
    try:
        tenant = living(bootstrap.tenants().get(asked["tenant_id"]))
        agreement = bootstrap.agreements().load(tenant.product, tenant.agreement_version)
        bootstrap.sender().send_code(tenant, agreement, asked["username"], purpose, channel, asked.get("to"))
    except (Gone, NotFound):
        logger.info("purged since")
    except TooManyAttempts:
        # Somebody guesses: no code, and no tries, until the one that was guessed at has ended.
        logger.info("no code while the tries are used up")
        count("CodeGuessing")
    except MessageUncertain:
        # Whoever does not get it asks again; a second one at once would only make the first one wrong.
        logger.info("code may have been lost", channel=channel.value)
    except MessageRejected:
        logger.info("code rejected by the provider", channel=channel.value)
        count("MessageRejected")


lambda_handler = batch(lambda record: str(record["messageId"]), _send)
