"""Sending what a journal entry owes: decided again at this moment, once per notice and channel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from mohlat.application.announced import Announced, Subject
from mohlat.application.codes import issue_code
from mohlat.application.keep_consents import UnsubscribeLinks
from mohlat.application.ports import (
    Agreements,
    Clock,
    Consents,
    Dispatches,
    HandOver,
    Ids,
    Mailer,
    Message,
    MessageOrder,
    People,
    SmsSender,
    Tenants,
    Wording,
)
from mohlat.domain.agreement import Agreement, Channel, Phase
from mohlat.domain.consents import PROMOTIONAL, needed, stands
from mohlat.domain.errors import (
    ConcurrentChange,
    Gone,
    MessageRejected,
    MessageUncertain,
    MessagingMisconfigured,
    MessagingUnavailable,
    NotFound,
)
from mohlat.domain.notices import Dispatch, Notice, NoticeKind, NoticeStatus, why_void
from mohlat.domain.people import CodePurpose, Role, owner_of
from mohlat.domain.recipients import Concern, Recipient
from mohlat.domain.tenant import Tenant

# As long as a sender lives: a claim that is older was cut off, a younger one may be at work this moment.
_CLAIM = timedelta(seconds=60)


class Sender:
    """Takes messages to their provider and keeps the evidence. One per worker."""

    def __init__(
        self,
        *,
        dispatches: Dispatches,
        people: People,
        consents: Consents,
        links: UnsubscribeLinks,
        wording: Wording,
        announced: Announced,
        reach: Callable[[str, datetime, tuple[Channel, ...]], Sequence[Recipient]],
        mailer: Mailer,
        sms: SmsSender,
        ids: Ids,
        clock: Clock,
    ) -> None:
        self._dispatches = dispatches
        self._people = people
        self._wording = wording
        self._announced = announced
        self._reach = reach
        self._mailer = mailer
        self._consents = consents
        self._links = links
        self._sms = sms
        self._ids = ids
        self._clock = clock

    def others(self, tenant: Tenant, notice: Notice) -> Iterator[tuple[str, Recipient]]:
        """Who else has to hear an announcement, besides the account, each with a name for the record that is
        its own on its channel (KALO-13).
        """
        if "about" in notice.facts and tenant.phase is not Phase.PURGED:
            reached = self._reach(tenant.id, self._clock.now(), notice.channels)
            for channel in notice.channels:
                besides = (
                    each
                    for each in reached
                    if each.channel is channel and each.concern is not Concern.ACCOUNT
                )
                for number, each in enumerate(besides, 1):
                    yield f"{each.concern.value}{number}", each

    def send(
        self,
        tenant: Tenant,
        agreement: Agreement,
        notice: Notice,
        channel: Channel,
        to: tuple[str, Recipient] | None = None,
    ) -> Dispatch:
        """Sends one notice on one channel unless it was sent, is void, or must not be repeated.

        It goes to the account, or to one of the `others`. Raises MessagingUnavailable and
        MessagingMisconfigured with the notice left waiting, and ConcurrentChange while another worker may be
        sending it: try again.
        """
        now = self._clock.now()
        key = f"{notice.key}~{to[0]}" if to else notice.key
        claim = Dispatch(tenant.id, key, channel, notice.kind, notice.clause, NoticeStatus.SENDING, now)
        known = self._dispatches.reserve(claim)
        if known and known.status is not NoticeStatus.SENDING:
            return known
        subject = self._subject(notice, tenant)
        void = why_void(notice, tenant, now) or (None if subject.stands else "what it speaks of was changed")
        if void := void or self._declined(notice, channel, tenant, agreement):
            return self._finish(claim, NoticeStatus.VOID, note=void)
        if known:
            if now - known.at < _CLAIM:
                raise ConcurrentChange(tenant_id=tenant.id, notice=key)
            # A sending was cut off between the claim and its outcome. Neither mail nor an SMS template has a
            # key that makes a repetition harmless, and at most once is the promise.
            return self._finish(claim, NoticeStatus.UNCERTAIN, note="cut off while sending")
        try:
            proof = self._hand_over(tenant, agreement, notice, channel, to, subject)
        except MessageRejected as rejected:
            return self._finish(
                claim, NoticeStatus.REJECTED, note=str(rejected.details.get("code", "rejected"))
            )
        except MessageUncertain as lost:
            return self._finish(claim, NoticeStatus.UNCERTAIN, note=str(lost))
        except (MessagingUnavailable, MessagingMisconfigured) as failure:
            self._finish(claim, NoticeStatus.WAITING, note=failure.code)
            raise
        return self._finish(claim, NoticeStatus.SENT, proof)

    def _subject(self, notice: Notice, tenant: Tenant) -> Subject:
        about = notice.facts.get("about")
        return self._announced.find(tenant.product, str(about)) if about else Subject()

    def _declined(self, notice: Notice, channel: Channel, tenant: Tenant, agreement: Agreement) -> str | None:
        """Why a promotional message must not go out: the consent to it does not stand (any more)."""
        if notice.kind not in PROMOTIONAL:
            return None
        purpose = needed(notice.kind, channel)
        if purpose and stands(agreement, self._consents.of(tenant.id), purpose):
            return None
        return "there is no consent to it (any more)"

    def _unsubscribe(self, notice: Notice, channel: Channel, tenant: Tenant) -> str | None:
        purpose = needed(notice.kind, channel)
        return self._links.link(tenant.id, purpose) if purpose else None

    def send_code(
        self,
        tenant: Tenant,
        agreement: Agreement,
        username: str,
        purpose: CodePurpose,
        channel: Channel,
        to: str | None = None,
    ) -> HandOver:
        """Makes a fresh one-time code and sends it. Raises the messaging errors.

        A confirmation goes where the agreement wants it, whatever `channel` says: it proves that contact.
        One that goes `to` a contact which is not registered yet, wrapped, proves that one and no other.
        """
        if purpose is CodePurpose.CONFIRM:
            channel = agreement.registration.confirm
        user = self._people.user(tenant.id, username)
        kind = NoticeKind.RECOVERY_CODE if purpose is CodePurpose.RECOVER else NoticeKind.CONFIRM_CODE
        if user.role is not Role.OWNER and user.confirmed_at is None:
            kind = NoticeKind.INVITATION
        contact = self._people.contact_of(tenant.id, username)
        about = self._people.unwrap(tenant.id, to) if to else ""
        now = self._clock.now()
        code = issue_code(self._people, self._ids, tenant.id, username, purpose, now, about)
        notice = Notice(kind, now, 0, (channel,), "")
        message = self._write(contact.language, agreement, notice, {}, code)
        address = about or (contact.email if channel is Channel.EMAIL else contact.mobile)
        return self._deliver(agreement, address, message, channel, f"{tenant.id}{username}{purpose}{code}")

    def _hand_over(
        self,
        tenant: Tenant,
        agreement: Agreement,
        notice: Notice,
        channel: Channel,
        to: tuple[str, Recipient] | None,
        subject: Subject,
    ) -> HandOver:
        if notice.kind is NoticeKind.CONFIRM_CODE:
            owner = owner_of(self._people.users(tenant.id))
            assert owner, "an account has its owner until it is purged"
            return self.send_code(tenant, agreement, owner.username, CodePurpose.CONFIRM, channel)
        link = self._unsubscribe(notice, channel, tenant)
        if link:
            notice = replace(notice, facts={**notice.facts, "unsubscribe": link})
        if to:
            address, language = to[1].address, to[1].language
        else:
            contact = self._people.contact(tenant.id)
            address = contact.email if channel is Channel.EMAIL else contact.mobile
            language = contact.language
        message = self._write(language, agreement, notice, subject.words(language))
        unique = f"{tenant.id}{notice.key}{to[0] if to else ''}"
        return self._deliver(agreement, address, message, channel, unique, link)

    def _write(
        self,
        language: str,
        agreement: Agreement,
        notice: Notice,
        words: Mapping[str, str],
        code: str | None = None,
    ) -> Message:
        order = MessageOrder(
            kind=notice.kind,
            language=language,
            product=agreement.product,
            product_names=agreement.names,
            anchor=notice.anchor,
            facts=_with_names({**notice.facts, **words}, agreement, language),
            code=code,
        )
        return self._wording.write(order)

    def _deliver(
        self,
        agreement: Agreement,
        address: str,
        message: Message,
        channel: Channel,
        unique: str,
        unsubscribe: str | None = None,
    ) -> HandOver:
        if channel is Channel.EMAIL:
            return self._mailer.send(
                sender=agreement.sender.address,
                to=address,
                subject=message.subject,
                text=message.text,
                html=message.html,
                unsubscribe=unsubscribe,
            )
        return self._sms.send(
            mobile=address,
            template=message.sms_template,
            tokens=message.sms_tokens,
            text=message.sms_text,
            reference=int.from_bytes(sha256(unique.encode()).digest()[:8]) >> 1,
        )

    def _finish(
        self, claim: Dispatch, status: NoticeStatus, proof: HandOver | None = None, note: str | None = None
    ) -> Dispatch:
        outcome = replace(
            claim,
            status=status,
            at=self._clock.now(),
            provider=proof.provider if proof else None,
            message_id=proof.message_id if proof else None,
            note=note,
        )
        self._dispatches.finish(outcome)
        return outcome


def _with_names(facts: Mapping[str, str | int], agreement: Agreement, language: str) -> dict[str, str | int]:
    """The facts with the names of plan and extra, as their buyer knows them, in place of their ids."""
    named = dict(facts)
    for kind, sold in (("plan", agreement.plans), ("extra", agreement.extras)):
        for each in sold:
            if each.id == facts.get(kind):
                named[kind] = each.names.get(language, each.id)
    return named


def send_entry(
    tenant_id: str, seq: int, *, tenants: Tenants, agreements: Agreements, sender: Sender
) -> list[Dispatch]:
    """Sends everything a journal entry owes, then takes its mark out of the due index.

    One channel's failure does not keep the others back; it is raised when all were tried, so that the
    queue tries again and the entry stays marked.
    """
    try:
        tenant = tenants.get(tenant_id)
        entry = tenants.entry(tenant_id, seq)
    except (Gone, NotFound):
        return []
    agreement = agreements.load(tenant.product, tenant.agreement_version)
    outcomes: list[Dispatch] = []
    failure: MessagingUnavailable | MessagingMisconfigured | ConcurrentChange | None = None
    for notice in entry.notices:
        others = [(each.channel, (name, each)) for name, each in sender.others(tenant, notice)]
        for channel, to in (*((channel, None) for channel in notice.channels), *others):
            try:
                outcomes.append(sender.send(tenant, agreement, notice, channel, to))
            except (MessagingUnavailable, MessagingMisconfigured, ConcurrentChange) as error:
                failure = error
    if failure:
        raise failure
    tenants.mark_followed(tenant_id, seq)
    return outcomes
