"""The application for one shipped product, and what the outside world does to it.

It is the world of the use cases' tests with the product's own agreement. Beside what a deployment has (a
stream, a queue, executions that sleep) it keeps what a judge needs: which purges were committed in spite of
what, which messages were handed over, who got a trial. Where its stores are is a subclass's to say.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

from mohlat.agreements import loader
from mohlat.application.advance_tenant import REST, Wake
from mohlat.application.keep_terms import Draft
from mohlat.application.place_order import PlacedOrder
from mohlat.application.ports import HandOver, Row
from mohlat.application.quoting import Wanted
from mohlat.application.replay_purges import PurgeReplay
from mohlat.application.send_notices import Sender
from mohlat.domain.agreement import Agreement, Channel, Phase, Span
from mohlat.domain.billing import BillingProfile
from mohlat.domain.data_jobs import JobKind, JobStatus
from mohlat.domain.errors import GatewayUnavailable, Gone, MessagingUnavailable
from mohlat.domain.lifecycle import Event, Transition
from mohlat.domain.notices import Notice, NoticeKind, NoticeStatus
from mohlat.domain.payments import OrderKind, Payment, PaymentStatus
from mohlat.domain.publications import MustAccept
from mohlat.domain.purge import PurgeEntry, Store
from mohlat.domain.rounds import LANES
from mohlat.domain.tenant import Tenant, from_iso
from tests.application.world import World
from tests.fakes import FakeEraser, Table

PRODUCTS = ("kalo", "customer_club", "saman360", "kalak", "kallu")
STORES = (Store.RECORDS, Store.OBJECTS, Store.SECURITY_LOG, Store.USERS, Store.TENANT, Store.KEY)
GRANTS = frozenset({Event.TERM_GRANTED, Event.UPGRADED, Event.EXTRA_GRANTED, Event.DEBT_PAID})


def later(agreement: Agreement, version: str, more: int) -> Agreement:
    """The agreement with other figures: so many days more (or fewer) of each promised time."""

    def span(promised: Span | None) -> Span | None:
        if promised is None:
            return None
        return replace(promised, length=replace(promised.length, days=promised.length.days + more))

    kept = agreement.retention
    closing = span(kept.after_closing)
    assert closing
    retention = replace(
        kept, after_closing=closing, after_trial=span(kept.after_trial), after_term=span(kept.after_term)
    )
    return replace(agreement, version=version, retention=retention, read_only=span(agreement.read_only))


@dataclass(frozen=True)
class Purge:
    """A purge as it was committed: when, and what stood open at that moment."""

    tenant_id: str
    at: datetime
    obstacles: tuple[str, ...]
    holds: tuple[str, ...]


@dataclass
class Seen:
    """What a judge remembers."""

    purges: dict[str, Purge] = field(default_factory=dict)
    after_purge: list[str] = field(default_factory=list)
    granted: Counter[str] = field(default_factory=Counter)
    handed_over: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    told_after_purge: list[str] = field(default_factory=list)
    trials: Counter[str] = field(default_factory=Counter)
    holds: dict[str, set[str]] = field(default_factory=dict)


class WatchedTenants:
    """`Tenants` that tells the stage of every commit."""

    def __init__(self, inner: Any, stage: Stage) -> None:
        self._inner = inner
        self._stage = stage

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def commit(
        self, transition: Transition, next_due_at: datetime | None, rows: Sequence[Row] = ()
    ) -> Tenant:
        purge = self._stage.purge_of(transition) if transition.event is Event.PURGED else None
        stored = self._inner.commit(transition, next_due_at, rows)
        self._stage.note(transition, purge)
        return cast(Tenant, stored)


class WatchedSender(Sender):
    """A sender that tells the stage what a provider took."""

    stage: Stage

    def _hand_over(
        self, tenant: Tenant, agreement: Agreement, notice: Notice, channel: Channel, *arguments: Any
    ) -> HandOver:
        proof = super()._hand_over(tenant, agreement, notice, channel, *arguments)
        to = arguments[0]
        seen = self.stage.seen
        seen.handed_over[tenant.id, notice.key + (f"~{to[0]}" if to else ""), channel.value] += 1
        if tenant.id in seen.purges and notice.kind is not NoticeKind.DATA_DELETED:
            seen.told_after_purge.append(notice.key)
        return proof


class Stage(World):
    """One product on the stores in memory."""

    def __init__(self, product: str) -> None:
        self.seen = Seen()
        super().__init__(loader.load(product))
        # The file that was there first counts for whoever registers before anything was published.
        self.versions = [later(self.agreement, "longer", 9), later(self.agreement, "shorter", -2)]
        self.agreements.known[:0] = self.versions
        self.gateway.captures_mismatch = True
        self.placed: list[PlacedOrder] = []
        self.tenant_ids: list[str] = []
        self.sleeping: dict[str, tuple[Wake, datetime]] = {}
        self._begun: set[tuple[str, str]] = set()
        self._followed: dict[str, int] = {}
        self.backup: Any = None
        # What was judged before and has not changed since.
        self.replayed: dict[str, int] = {}
        self.restored_after: set[str] = set()
        self.post_works = True

    def open_stores(self) -> None:
        self.open_plain_stores()
        self.tenants = WatchedTenants(self.tenants, self)  # type: ignore[assignment]

    def open_plain_stores(self) -> None:
        """The stores before anybody watches them."""
        super().open_stores()

    def make_sender(self, **parts: Any) -> Sender:
        sender = WatchedSender(**parts)
        sender.stage = self
        return sender

    @property
    def product(self) -> str:
        return self.agreement.product

    @property
    def now(self) -> datetime:
        return self.clock.now()

    # --- what a judge sees ---------------------------------------------------------------------------------

    def stored(self, tenant_id: str) -> Tenant | None:
        """The tenant as it is stored; None once it was purged and emptied."""
        try:
            return self.tenants.get(tenant_id)
        except Gone:
            return None

    def payments_of(self, tenant_id: str) -> list[Payment]:
        """A tenant's payments; they outlive it."""
        mine = (placed for placed in self.placed if placed.order.tenant_id == tenant_id)
        return [self.payments.get(placed.payment.id) for placed in mine]

    def indexed_at(self, tenant: Tenant) -> datetime | None:
        """When something is due next of a tenant, as the due index has it."""
        return self.table.due_tenants.get(tenant.id)

    def purge_of(self, transition: Transition) -> Purge:
        """What stands open while a purge is about to be committed."""
        tenant = transition.before
        assert tenant
        undecided = [each for each in self.payments_of(tenant.id) if each.open or _held(each)]
        open_things = [f"payment:{each.id}" for each in undecided]
        open_things += [f"refund:{each.id}" for each in self.books.refunds(tenant.id) if not each.done]
        exports = self.jobs.of(tenant.id, JobKind.EXPORT)
        open_things += [f"export:{each.id}" for each in exports if each.status is JobStatus.RUNNING]
        if tenant.phase is not Phase.CLOSED and tenant.period_ends_at and tenant.period_ends_at > self.now:
            open_things.append("paid_through")
        warned = any(
            each.kind is NoticeKind.DELETION_WARNING and each.status is NoticeStatus.SENT
            for each in self.dispatches.of(tenant.id)
        )
        if not warned:
            open_things.append("nobody was warned")
        return Purge(tenant.id, self.now, tuple(open_things), tuple(self.seen.holds.get(tenant.id, ())))

    def note(self, transition: Transition, purge: Purge | None) -> None:
        """A transition was committed."""
        tenant_id = transition.after.id
        if tenant_id in self.seen.purges:
            self.seen.after_purge.append(f"{tenant_id} {transition.event.value}")
        if purge:
            self.seen.purges[tenant_id] = purge
        if transition.event in GRANTS:
            self.seen.granted[str(transition.facts["order_id"])] += 1

    def join(self, mail: int, mobile: int) -> Tenant:
        """Somebody registers, with an address and a telephone of a few that there are."""
        told = contacts_of(mail, mobile)
        tenant = self.register(**told)
        self.tenant_ids.append(tenant.id)
        if tenant.phase is Phase.TRIAL and tenant.period_ends_at and tenant.period_ends_at > self.now:
            self.seen.trials.update(told.values())
        if self.agreement.order_needs:
            self.fill_profile(tenant.id)
        return tenant

    def buy_at(self, tenant_id: str, *, pays: bool = True) -> PlacedOrder:
        """Orders the first plan's first period, pays it, and comes back."""
        plan = self.agreement.plans[0]
        wanted = Wanted(OrderKind.TERM, plan.id, plan.offers[0].length)
        placed = self.order_this(self.tenants.get(tenant_id), wanted)
        self.placed.append(placed)
        if pays:
            self.gateway.pay(placed.payment.authority or "")
            self.come_back(placed)
        return placed

    # --- what the deployment does --------------------------------------------------------------------------

    def follow(self, tenant_id: str, *, lost: bool = False, twice: bool = False) -> None:
        """The stream brings a tenant's new entries, or loses them; what they start begins."""
        if self.stored(tenant_id) is None:
            return
        for entry in self.tenants.journal(tenant_id, self._followed.get(tenant_id, 0), 1000):
            self._followed[tenant_id] = entry.seq
            for _ in range(0 if lost else 2 if twice else 1):
                self.dispatch(entry)
        self._begin()

    def _begin(self) -> None:
        for key, state in list(self.workflows.started.items()):
            if key in self._begun or key[0] != "subscription":
                continue
            self._begun.add(key)
            if state["due"] != REST:
                wake = Wake(
                    str(state["tenant_id"]),
                    cast(int, state["generation"]),
                    str(state["due"]),
                    str(state["deadline"]),
                    from_iso(str(state["wake_at"])),
                )
                self.sleeping[key[1]] = (wake, self.now)

    def post(self) -> None:
        """The queue is emptied, as far as the providers take what is in it."""
        self.mailer.failure = self.sms.failure = None if self.post_works else MessagingUnavailable()
        messages, self.queue.messages = self.queue.messages, []
        for message in messages:
            try:
                self.send_entry(cast(str, message["tenant_id"]), cast(int, message["seq"]))
            except MessagingUnavailable:
                self.queue.messages.append(message)

    def wake(self, name: str, *, twice: bool = False) -> None:
        """An execution wakes, early, in time or late; `twice`, with the same state, if its answer is lost."""
        wake, started_at = self.sleeping[name]
        for _ in range(2 if twice else 1):
            after = self.advance(wake, name, started_at)
        if after.due == REST:
            del self.sleeping[name]
        else:
            self.sleeping[name] = (after, started_at)
        self._begin()

    def swept(self) -> None:
        """The sweep finds whatever is overdue, and starts it again."""
        self.sweep()
        self._begin()

    def settle(self) -> None:
        """Everything works: the sweep, what it starts, the stream, the post."""
        # The names of what the sweep starts hold the minute.
        self.clock.time += timedelta(minutes=1)
        self.swept()
        for name in sorted(self.sleeping):
            if name in self.sleeping and self.sleeping[name][0].wake_at <= self.now:
                self.wake(name)
        for tenant_id in self.tenant_ids:
            self.follow(tenant_id)
        self.post()

    def live_to(self, tenant_id: str, phase: Phase) -> None:
        """Everything works, and one date after the other comes, until the tenant is in this phase."""
        for _ in range(40):
            tenant = self.stored(tenant_id)
            if tenant is None or tenant.phase is phase:
                return
            self.clock.time = max(self.now, self.indexed_at(tenant) or self.now)
            self.settle()
        raise AssertionError(f"{tenant_id} never came to be {phase.value}")

    def go_round(self, round_id: str) -> None:
        """Every lane of a round is gone through as far as it can be gone now."""
        for number in range(LANES):
            while True:
                lane = self.round_runner.step(self.product, round_id, number)
                if lane.next_due_at is None or lane.next_due_at > self.now:
                    break

    def shred(self, tenant_id: str) -> None:
        """A committed purge is carried out to its certificate."""
        for store in STORES:
            if store is Store.TENANT:
                with suppress(MessagingUnavailable):
                    self.tell_owner(tenant_id)
            self.shredder.erase(tenant_id, store)
        self.shredder.certify(tenant_id)

    def watch(self, payment_id: str) -> None:
        """The watch over a payment looks at it."""
        with suppress(GatewayUnavailable):
            self.payment_desk.check(payment_id)

    def publish(self, number: int, effective_at: datetime, rules: Agreement, *, everyone: bool) -> None:
        """An operator publishes a version of the product's first text."""
        draft = Draft(
            product=self.product,
            version=f"text-{number}",
            document=self.agreement.registration.accept[0],
            effective_at=effective_at,
            summary=dict.fromkeys(self.agreement.languages, "other figures"),
            sha256="ab" * 32,
            url="https://vendor.example/terms",
            must_accept=MustAccept.EVERYONE if everyone else MustAccept.NOBODY,
            rules=rules.version,
        )
        self.publishing_desk.publish(draft, "operator:o")

    def fill_profile(self, tenant_id: str) -> None:
        """What some products want to know before anything is ordered."""
        self.profiles.put(
            BillingProfile(
                tenant_id,
                name="Sara",
                surname="Karimi",
                mobile="+989120000000",
                email="sara@customer.test",
                address="1 Street",
                sheba="IR000000000000000000000000",
            )
        )

    # --- a copy of the tables ------------------------------------------------------------------------------

    def back_up(self) -> None:
        """A recovery point."""
        self.backup = (self.now, copy.deepcopy(self.table), set(self.living()))

    def living(self) -> list[str]:
        """The tenants of which anything is stored and whose purge is not committed."""
        return [each for each in self.tenant_ids if (found := self.stored(each)) and not _purged(found)]

    def restored(self) -> set[str]:
        """Whoever is there after the recovery point was restored and the purge ledger replayed."""
        since, table, _ = self.backup
        copied = copy.deepcopy(table)
        replay = PurgeReplay(ledger=self.ledger, restored=RestoredCopy(copied))
        replay.run(f"{since:%Y-%m-%d}", f"{self.now:%Y-%m-%d}")
        # With a purge that was on its way at the recovery point the restored table's sweep goes on.
        going_on = {each.tenant_id for each in copied.ledger.values() if each.next_due_at}
        there = set(copied.tenants) | {owner for owner, _ in copied.records} | set(copied.contacts)
        return there - {each for each in going_on if each in copied.tenants and _purged(copied.tenants[each])}


def contacts_of(mail: int, mobile: int) -> dict[str, str]:
    """The address and the telephone with these numbers."""
    return {"email": f"c{mail}@customer.test", "mobile": f"+98912000000{mobile}"}


class RestoredCopy:
    """`RestoredTable` in memory."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._eraser = FakeEraser(table)

    def purge_again(self, entry: PurgeEntry) -> int:
        self._table.ledger[entry.tenant_id] = entry
        return sum(self._eraser.erase(entry.tenant_id, store, 10**6) for store in Store)

    def count(self, tenant_id: str) -> int:
        return sum(self._eraser.count(tenant_id, store) for store in Store)


def _held(payment: Payment) -> bool:
    return payment.status is PaymentStatus.HELD


def _purged(tenant: Tenant) -> bool:
    return tenant.phase is Phase.PURGED
