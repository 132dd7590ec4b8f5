"""SES's adapter against moto's SES, and against the errors that only the real one can give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)
from botocore.session import Session
from botocore.stub import Stubber
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from mohlat.adapters.messaging.ses import SesMailer
from mohlat.application.ports import HandOver
from mohlat.domain.errors import (
    MessageRejected,
    MessageUncertain,
    MessagingMisconfigured,
    MessagingUnavailable,
    MohlatError,
)

REGION = "eu-central-1"
SENDER = "notice@kalo.example"


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_aws():
        client: Any = Session().create_client(
            "sesv2", region_name=REGION, aws_access_key_id="id", aws_secret_access_key="secret"
        )
        client.create_email_identity(EmailIdentity="kalo.example")
        yield client


def send(mailer: SesMailer, **changes: str) -> HandOver:
    arguments = {
        "sender": SENDER,
        "to": "owner@customer.example",
        "subject": "اعتبار شما رو به پایان است",
        "text": "تا ۱۴۰۵/۰۹/۱۱ فرصت دارید.",
        "html": "<p dir=rtl>تا ۱۴۰۵/۰۹/۱۱ فرصت دارید.</p>",
    }
    return mailer.send(**{**arguments, **changes})


def sent() -> list[Any]:
    return ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages


@pytest.mark.clause("KALO-13")
def test_a_mail_goes_out_from_the_products_own_address(client: Any) -> None:
    proof = send(SesMailer(client))
    (message,) = sent()
    assert proof == HandOver("ses", message.id)
    assert message.source == SENDER
    assert message.destinations == {"ToAddresses": ["owner@customer.example"]}
    assert message.subject == "اعتبار شما رو به پایان است"
    assert message.body == "<p dir=rtl>تا ۱۴۰۵/۰۹/۱۱ فرصت دارید.</p>"


def test_both_bodies_are_sent_in_utf8_and_a_subject_cannot_begin_a_header(client: Any) -> None:
    asked: list[dict[str, Any]] = []
    client.meta.events.register(
        "provide-client-params.sesv2.SendEmail", lambda params, **_: asked.append(params)
    )
    send(SesMailer(client, "mohlat"), subject="یک\r\nBcc: x@y.example")
    assert asked[0]["ConfigurationSetName"] == "mohlat"
    simple = asked[0]["Content"]["Simple"]
    assert simple["Subject"] == {"Data": "یک Bcc: x@y.example", "Charset": "UTF-8"}
    assert simple["Body"]["Text"] == {"Data": "تا ۱۴۰۵/۰۹/۱۱ فرصت دارید.", "Charset": "UTF-8"}
    assert simple["Body"]["Html"]["Charset"] == "UTF-8"


def test_a_sender_that_is_not_verified_calls_an_operator(client: Any) -> None:
    with pytest.raises(MessagingMisconfigured):
        send(SesMailer(client), sender="notice@unknown.example")
    assert sent() == []


def test_an_address_that_cannot_exist_is_rejected(client: Any) -> None:
    with pytest.raises(MessageRejected):
        send(SesMailer(client), to="not an address")


@pytest.mark.parametrize(
    ("reaction", "code", "status", "text"),
    [
        (MessagingUnavailable, "TooManyRequestsException", 429, "Maximum sending rate exceeded."),
        (MessagingUnavailable, "Throttling", 400, "Daily message quota exceeded."),
        (MessagingUnavailable, "SomethingNew", 503, ""),
        (MessagingUnavailable, "InternalFailure", 500, ""),
        (
            MessagingMisconfigured,
            "MessageRejected",
            400,
            "Email address is not verified. owner@customer.example",
        ),
        (MessagingMisconfigured, "MailFromDomainNotVerifiedException", 400, ""),
        (MessagingMisconfigured, "SendingPausedException", 400, ""),
        (MessagingMisconfigured, "AccountSuspendedException", 400, ""),
        (MessagingMisconfigured, "AccessDeniedException", 403, ""),
        (MessagingMisconfigured, "NotFoundException", 404, "Configuration set <mohlat> does not exist."),
        (MessageRejected, "MessageRejected", 400, "Address blacklisted: owner@customer.example"),
        (MessageRejected, "BadRequestException", 400, "Missing final '@domain'"),
    ],
)
def test_every_error_asks_for_one_reaction_and_names_nobody(
    reaction: type[MohlatError],
    code: str,
    status: int,
    text: str,
    client: Any,
    everything_told: Callable[[Callable[[], object]], str],
) -> None:
    with Stubber(client) as stub:
        for _ in range(2):
            stub.add_client_error("send_email", code, text, status)
        with pytest.raises(reaction):
            send(SesMailer(client))
        told = everything_told(lambda: send(SesMailer(client)))
    # botocore itself logs what it received at its debug level, which production never turns on.
    assert "owner@customer.example" not in told


class DeadClient:
    """A client whose calls end before SES answers."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def send_email(self, **request: object) -> None:
        raise self._error


@pytest.mark.parametrize(
    ("error", "reaction"),
    [
        (ReadTimeoutError(endpoint_url="https://email"), MessageUncertain),
        (ConnectTimeoutError(endpoint_url="https://email"), MessagingUnavailable),
        (EndpointConnectionError(endpoint_url="https://email"), MessagingUnavailable),
        (NoCredentialsError(), MessagingMisconfigured),
    ],
    ids=repr,
)
def test_silence_is_uncertain_no_connection_is_tried_again_and_no_credentials_call_an_operator(
    error: Exception, reaction: type[MohlatError]
) -> None:
    with pytest.raises(reaction):
        send(SesMailer(DeadClient(error)))
