"""Messages owed to a tenant, and whether one is still owed when it is about to be sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from mohlat.domain.agreement import Channel, Phase
from mohlat.domain.tenant import Tenant, from_iso, iso


class NoticeKind(StrEnum):
    """What a message is about; each has its own wording in every language."""

    CONFIRM_CODE = "confirm_code"
    RECOVERY_CODE = "recovery_code"
    INVITATION = "invitation"
    TRIAL_ENDING = "trial_ending"
    TERM_ENDING = "term_ending"
    INVOICE_DUE = "invoice_due"
    TRIAL_ENDED = "trial_ended"
    TERM_ENDED = "term_ended"
    LEASE_SUSPENDED = "lease_suspended"
    DEACTIVATED = "deactivated"
    DELETION_WARNING = "deletion_warning"
    PAYMENT_RECEIVED = "payment_received"
    ACCOUNT_CLOSED = "account_closed"
    ACCOUNT_ENDED = "account_ended"
    DATA_DELETED = "data_deleted"
    UPGRADED = "upgraded"
    EXTRA_BOUGHT = "extra_bought"
    REFUND_STARTED = "refund_started"
    REFUND_DONE = "refund_done"
    REFUND_NEEDS_ACCOUNT = "refund_needs_account"
    PAYMENT_FOLLOWED_UP = "payment_followed_up"
    DEBT_INVOICED = "debt_invoiced"
    DEBT_DUE = "debt_due"
    DEBT_SUSPENDED = "debt_suspended"
    DEBT_PAID = "debt_paid"
    ESCROW_AGREED = "escrow_agreed"
    ESCROW_DEPOSITED = "escrow_deposited"
    ESCROW_RELEASED = "escrow_released"
    ESCROW_RETURNED = "escrow_returned"
    COMPENSATED = "compensated"
    DISPUTE_RECEIVED = "dispute_received"
    DISPUTE_ANSWERED = "dispute_answered"
    SUPPORT_ANSWERED = "support_answered"
    OBJECTION_RECEIVED = "objection_received"
    RESTRICTION_LIFTED = "restriction_lifted"
    RESTRICTION_UPHELD = "restriction_upheld"
    OFFICIAL_INVOICE_ISSUED = "official_invoice_issued"
    EXPORT_READY = "export_ready"
    DATA_RESTORED = "data_restored"
    DATA_LEAKED = "data_leaked"
    PROMOTION = "promotion"
    NEWSLETTER = "newsletter"
    DATA_REQUEST_RECEIVED = "data_request_received"
    DATA_REQUEST_EXTENDED = "data_request_extended"
    DATA_REQUEST_HELD = "data_request_held"
    DATA_REQUEST_RESUMED = "data_request_resumed"
    DATA_REQUEST_ANSWERED = "data_request_answered"
    IDENTITY_ASKED = "identity_asked"
    ACCOUNT_REOPENED = "account_reopened"
    CONTACT_CHANGE = "contact_change"
    NEWS = "news"
    TERMS_CHANGED = "terms_changed"
    MAINTENANCE_PLANNED = "maintenance_planned"
    MAINTENANCE_MOVED = "maintenance_moved"
    MAINTENANCE_CANCELLED = "maintenance_cancelled"
    MAINTENANCE_AHEAD = "maintenance_ahead"
    MAINTENANCE_ENDED = "maintenance_ended"
    LEASE_EXTENDED = "lease_extended"
    WIND_DOWN_PLANNED = "wind_down_planned"
    WIND_DOWN_CANCELLED = "wind_down_cancelled"
    WIND_DOWN_STARTED = "wind_down_started"


# Void as soon as the tenant pays, closes or is released from a hold: each of these starts a new generation.
_BOUND_TO_GENERATION = frozenset(
    {
        NoticeKind.TRIAL_ENDING,
        NoticeKind.TERM_ENDING,
        NoticeKind.INVOICE_DUE,
        NoticeKind.TRIAL_ENDED,
        NoticeKind.TERM_ENDED,
        NoticeKind.LEASE_SUSPENDED,
        NoticeKind.DEACTIVATED,
        NoticeKind.DELETION_WARNING,
    }
)
# A warning of deletion whose date has passed was not handed over in time: a new one with a new date follows.
_ANNOUNCEMENTS = frozenset(
    {
        NoticeKind.TRIAL_ENDING,
        NoticeKind.TERM_ENDING,
        NoticeKind.INVOICE_DUE,
        NoticeKind.DELETION_WARNING,
    }
)


# What is ahead: once it has begun there is nothing to announce any more.
_AHEAD = frozenset(
    {
        NoticeKind.MAINTENANCE_PLANNED,
        NoticeKind.MAINTENANCE_MOVED,
        NoticeKind.MAINTENANCE_AHEAD,
        NoticeKind.WIND_DOWN_PLANNED,
    }
)


# Facts that say which one of several like things a notice is about.
_SUBJECTS = (
    "order_id",
    "debt_id",
    "refund_id",
    "escrow_id",
    "ticket_id",
    "invoice_id",
    "export_id",
    "restoration_id",
    "leak_id",
    "request_id",
    "about",
)


@dataclass(frozen=True, slots=True)
class Notice:
    """A message owed: what about, the instant it speaks of, on which channels, by which clause.

    `anchor` is the instant the message names (the term's end, the purge's date). `facts` are safe to
    store and to show: figures and plan names, never personal data.
    """

    kind: NoticeKind
    anchor: datetime
    generation: int
    channels: tuple[Channel, ...]
    clause: str
    facts: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Names the notice: one message per key and channel, ever (invariant 6).

        Several reminders may speak of one anchor, each is owed; what tells them apart is their lead, or what
        they are about.
        """
        told_apart = (self.facts[name] for name in ("before", *_SUBJECTS) if name in self.facts)
        lead = "".join(f":{value}" for value in told_apart)
        return f"{self.kind.value}{lead}@{iso(self.anchor)}#g{self.generation}"

    def to_dict(self) -> dict[str, Any]:
        """The notice as plain JSON values."""
        return {
            "kind": self.kind.value,
            "anchor": iso(self.anchor),
            "generation": self.generation,
            "channels": [channel.value for channel in self.channels],
            "clause": self.clause,
            "facts": dict(self.facts),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Notice:
        """The notice that `to_dict` described."""
        return cls(
            kind=NoticeKind(data["kind"]),
            anchor=from_iso(data["anchor"]),
            generation=int(data["generation"]),
            channels=tuple(Channel(channel) for channel in data["channels"]),
            clause=data["clause"],
            facts={
                name: value if isinstance(value, str) else int(value)
                for name, value in data.get("facts", {}).items()
            },
        )


def why_void(notice: Notice, tenant: Tenant, now: datetime) -> str | None:
    """Why the notice must not be sent any more, or None while it is owed (decided again at sending)."""
    if tenant.phase is Phase.PURGED and notice.kind is not NoticeKind.DATA_DELETED:
        return "the tenant was purged"
    if notice.kind in (NoticeKind.DEBT_DUE, NoticeKind.DEBT_SUSPENDED):
        if tenant.phase is Phase.CLOSED or all(debt.id != notice.facts["debt_id"] for debt in tenant.debts):
            return "it is not owed any more"
        announces = notice.kind is NoticeKind.DEBT_DUE
        return "its date has passed" if announces and now >= notice.anchor else None
    if notice.kind in _AHEAD and now >= notice.anchor:
        return "its date has passed"
    overtaken = notice.generation != tenant.generation
    if notice.kind is NoticeKind.ACCOUNT_CLOSED and overtaken and tenant.phase is not Phase.CLOSED:
        return "the closing was undone"
    if notice.kind not in _BOUND_TO_GENERATION:
        return None
    if overtaken:
        return "what it speaks of was overtaken by a later event"
    if notice.kind in _ANNOUNCEMENTS and now >= notice.anchor:
        return "its date has passed"
    if notice.kind is NoticeKind.DELETION_WARNING and tenant.holds:
        return "a legal hold forbids the deletion"
    return None


class NoticeStatus(StrEnum):
    """What became of one notice on one channel. All but the first two are final.

    `sending` claims it for one worker; `waiting` means that the provider did not take it and that it is
    tried again. `uncertain` is a sending that was cut off where a repetition could double the message.
    """

    SENDING = "sending"
    WAITING = "waiting"
    SENT = "sent"
    VOID = "void"
    REJECTED = "rejected"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Dispatch:
    """The record of one notice on one channel: evidence of its sending (SAMAN-3.2).

    `provider` and `message_id` are the hand-over's proof; `note` says why it was not sent.
    """

    tenant_id: str
    key: str
    channel: Channel
    kind: NoticeKind
    clause: str
    status: NoticeStatus
    at: datetime
    provider: str | None = None
    message_id: str | None = None
    note: str | None = None
