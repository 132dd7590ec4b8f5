"""Amazon SES (API version 2)."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError

from mohlat.application.ports import HandOver, Mailer
from mohlat.domain.errors import (
    MessageRejected,
    MessageUncertain,
    MessagingMisconfigured,
    MessagingUnavailable,
    MohlatError,
)

_TRY_LATER = frozenset(
    {
        "InternalFailure",
        "InternalServiceErrorException",
        "RequestTimeout",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_REJECTED = frozenset(
    {
        "BadRequestException",
        "InvalidParameterValue",
        "MessageRejected",
        "ValidationError",
        "ValidationException",
    }
)


class SesMailer(Mailer):
    """`Mailer` over a botocore `sesv2` client.

    `configuration_set`, when given, names the SES configuration set whose events and reputation apply.
    """

    name = "ses"

    def __init__(self, client: Any, configuration_set: str = "") -> None:
        self._client = client
        self._configuration_set = configuration_set

    def send(
        self, *, sender: str, to: str, subject: str, text: str, html: str, unsubscribe: str | None = None
    ) -> HandOver:
        """Sends one message with both bodies; `sender` is the product's own address (KALO-13).

        `unsubscribe` goes into the headers that mail programs make their one-click button of (RFC 8058).
        Raises MessagingUnavailable, MessageUncertain, MessageRejected or MessagingMisconfigured.
        """
        message: dict[str, object] = {
            # A line break would end the header.
            "Subject": _utf8(" ".join(subject.split())),
            "Body": {"Text": _utf8(text), "Html": _utf8(html)},
        }
        if unsubscribe:
            message["Headers"] = [
                {"Name": "List-Unsubscribe", "Value": f"<{unsubscribe}>"},
                {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
            ]
        request: dict[str, object] = {
            "FromEmailAddress": sender,
            "Destination": {"ToAddresses": [to]},
            "Content": {"Simple": message},
        }
        if self._configuration_set:
            request["ConfigurationSetName"] = self._configuration_set
        problem: MohlatError
        try:
            answer = self._client.send_email(**request)
            return HandOver(self.name, str(answer["MessageId"]))
        except HTTPClientError as error:
            problem = MessageUncertain(f"no answer: {type(error).__name__}", provider=self.name)
        except ConnectionError as error:
            problem = MessagingUnavailable(f"no connection: {type(error).__name__}", provider=self.name)
        except BotoCoreError as error:
            problem = MessagingMisconfigured(f"cannot ask: {type(error).__name__}", provider=self.name)
        except ClientError as error:
            problem = _translated(error, self.name)
        # Raised outside the handlers: SES quotes addresses in its texts, so its error must not travel along.
        raise problem


def _translated(error: ClientError, provider: str) -> MohlatError:
    """The error that asks for the right reaction; anything unknown calls an operator."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    text = str(error.response.get("Error", {}).get("Message", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _TRY_LATER or status >= 500:
        return MessagingUnavailable("SES did not take the message", provider=provider, provider_code=code)
    # An unverified sender comes under the same code as a message that SES dislikes; only the text tells.
    if code in _REJECTED and "not verified" not in text:
        return MessageRejected("SES will not take this message", provider=provider, provider_code=code)
    return MessagingMisconfigured("SES refuses our account or sender", provider=provider, provider_code=code)


def _utf8(text: str) -> dict[str, str]:
    return {"Data": text, "Charset": "UTF-8"}
