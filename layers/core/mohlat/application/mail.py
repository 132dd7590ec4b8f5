"""Mail as the mail room and its readers hand it round, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Protocol

from mohlat.domain.agreement import Agreement
from mohlat.domain.cards import mask_cards
from mohlat.domain.tenant import Tenant

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as the receiving service hands it over.

    `message_id` is that service's own id for it, `sender` the one address in its From line, lower-case.
    `verdicts` are the service's findings by name (spf, dkim, dmarc, spam, virus), lower-case words.
    """

    message_id: str
    received_at: datetime
    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    verdicts: Mapping[str, str]

    def id(self, prefix: str) -> str:
        """The id of what this message becomes, however often it is delivered; it sorts by time as others."""
        milliseconds = int(self.received_at.timestamp() * 1000)
        unique = int.from_bytes(sha256(self.message_id.encode()).digest()[:10])
        number = milliseconds << 80 | unique
        digits = (_ALPHABET[number >> 5 * place & 31] for place in reversed(range(26)))
        return f"{prefix}_{''.join(digits)}"

    @property
    def own_lines(self) -> tuple[str, ...]:
        """The subject and the lines that the customer wrote, without those that quote another mail."""
        return (self.subject, *(line for line in self.text.split("\n") if not line.startswith(">")))

    @property
    def letter(self) -> str:
        """What the customer wrote, subject first, card numbers masked: those never rest here (KALAK-card)."""
        return mask_cards(f"{self.subject}\n\n{self.text}".strip())


class Outcome(StrEnum):
    """What became of a mail. The first three are refusals, of which the sender learns nothing.

    not_for_us      no product listens to this address
    not_proved      it may not come from where it says, or is spam
    unknown_sender  no account has this address
    too_late        an objection after its time
    disputed        an objection to an invoice, taken
    data_request    a request about one's own data, taken
    closed          the account was closed
    support         a request for support, opened
    continued       a request for support goes on
    ticket          a person reads it
    repeated        it was received before
    """

    NOT_FOR_US = "not_for_us"
    NOT_PROVED = "not_proved"
    UNKNOWN_SENDER = "unknown_sender"
    TOO_LATE = "too_late"
    DISPUTED = "disputed"
    DATA_REQUEST = "data_request"
    CLOSED = "closed"
    SUPPORT = "support"
    CONTINUED = "continued"
    TICKET = "ticket"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a mail, and the id of the ticket or request that it is.

    `facts` go into the security log where it is refused.
    """

    outcome: Outcome
    id: str | None = None
    facts: Mapping[str, str] | None = None


class MailReader(Protocol):
    """Understands mail of one kind, which by then is proved to come from an account's own address."""

    def read(self, mail: Mail, tenant: Tenant, agreement: Agreement, by: str) -> Received | None:
        """Does what the mail asks for; None if it asks for nothing that this reader understands.

        Raises ConcurrentChange (try again).
        """
        ...
