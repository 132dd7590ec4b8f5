"""Consents: an append-only record of what a person agreed to and took back, and what follows from it.

Only what the agreement names needs consent or can be had with it. Messages about the service need none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from mohlat.domain.agreement import Agreement, Arises, Channel, ConsentRule, Purpose
from mohlat.domain.errors import AccessRefused, Conflict, InvalidInput
from mohlat.domain.lifecycle import Event, Transition, move
from mohlat.domain.notices import Notice, NoticeKind
from mohlat.domain.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Consent:
    """One entry of the record: `given` or withdrawn, when, by whom, and how it came (`how`).

    `version` is the agreement's whose words applied.
    """

    id: str
    tenant_id: str
    purpose: Purpose
    given: bool
    at: datetime
    by: str
    how: str
    version: str


# What a promotion of each kind needs, by the channel it takes.
_NEEDED = {
    (NoticeKind.PROMOTION, Channel.EMAIL): Purpose.MARKETING_EMAIL,
    (NoticeKind.PROMOTION, Channel.SMS): Purpose.MARKETING_SMS,
    (NoticeKind.NEWSLETTER, Channel.EMAIL): Purpose.NEWSLETTER,
}
PROMOTIONAL = frozenset(kind for kind, _ in _NEEDED)


def needed(kind: NoticeKind, channel: Channel) -> Purpose | None:
    """The consent that such a message needs on such a channel; None where it may never take it."""
    return _NEEDED.get((kind, channel))


def rule_of(agreement: Agreement, purpose: Purpose) -> ConsentRule:
    """What the agreement says of a purpose. Raises InvalidInput naming those that it has."""
    rule = agreement.consent_rule(purpose)
    if rule is None:
        allowed = [known.purpose.value for known in agreement.consents]
        raise InvalidInput("purpose", "not one of the possible values", allowed=allowed)
    return rule


def stands(agreement: Agreement, consents: Iterable[Consent], purpose: Purpose) -> bool:
    """Whether there is consent to a purpose: the newest entry decides, without one the agreement.

    What the agreement does not name is never consented to.
    """
    rule = agreement.consent_rule(purpose)
    if rule is None:
        return False
    mine = [consent for consent in consents if consent.purpose is purpose]
    if mine:
        return max(mine, key=lambda consent: (consent.at, consent.id)).given
    return rule.arises is Arises.ASSUMED


def given_by_registering(
    agreement: Agreement, tenant_id: str, ids: Iterable[str], now: datetime, by: str
) -> list[Consent]:
    """The consents that come with registering (KALAK-marketing)."""
    rules = [rule for rule in agreement.consents if rule.arises is Arises.REGISTERING]
    return [
        Consent(id, tenant_id, rule.purpose, True, now, by, "registering", agreement.version)
        for rule, id in zip(rules, ids, strict=False)
    ]


def record_consent(tenant: Tenant, agreement: Agreement, consent: Consent) -> Transition:
    """Notes a consent or its withdrawal in the journal. Raises InvalidInput, Gone."""
    rule = rule_of(agreement, consent.purpose)
    return move(
        tenant,
        Event.CONSENT_GIVEN if consent.given else Event.CONSENT_WITHDRAWN,
        consent.at,
        consent.by,
        "agreed to it" if consent.given else "does not want it (any more)",
        rule.basis.cite(),
        facts={"purpose": consent.purpose.value, "how": consent.how},
    )


def promote(
    tenant: Tenant,
    agreement: Agreement,
    consents: Iterable[Consent],
    kind: NoticeKind,
    subject: str,
    text: str,
    now: datetime,
    *,
    by: str,
) -> Transition:
    """Owes a promotional message on every channel that there is consent for; decided again when it is sent.

    Raises AccessRefused without any, Gone, Conflict for a kind that is not promotional.
    """
    if kind not in PROMOTIONAL:
        raise Conflict("this is no promotional message", kind=kind.value)
    known = list(consents)
    wanted = [(channel, needed(kind, channel)) for channel in Channel]
    channels = tuple(channel for channel, purpose in wanted if purpose and stands(agreement, known, purpose))
    rules = [agreement.consent_rule(purpose) for _, purpose in wanted if purpose]
    clause = next((rule.basis.cite() for rule in rules if rule), agreement.service_basis.cite())
    if not channels:
        raise AccessRefused(operation="promote", clause=clause)
    facts: dict[str, str | int] = {"subject": subject, "text": text}
    notice = Notice(kind, now, tenant.generation, channels, clause, facts)
    return move(
        tenant,
        Event.PROMOTED,
        now,
        by,
        "there is consent to it",
        clause,
        notices=(notice,),
        facts={"kind": kind.value, "channels": ", ".join(channels)},
    )
