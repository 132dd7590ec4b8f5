"""What holds after any sequence of events, under sensible and odd agreements alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from mohlat.domain import lifecycle, purchases
from mohlat.domain.access import Access, access
from mohlat.domain.agreement import (
    Agreement,
    Basis,
    DeletionWarning,
    FirstInvoice,
    Lease,
    Phase,
    Retention,
    Span,
    Trial,
)
from mohlat.domain.errors import Conflict, Gone, MohlatError, NotFound
from mohlat.domain.journal import replay
from mohlat.domain.lifecycle import DeadlineKind, Event, Transition
from mohlat.domain.notices import NoticeKind
from mohlat.domain.payments import Order
from mohlat.domain.tenant import Closing, RestrictionKind, Tenant, from_dict, to_dict
from tests.builders import AGREEMENTS, START, Life, days, length, order, reminder

NEVER = datetime.max.replace(tzinfo=START.tzinfo)


# --- agreements -------------------------------------------------------------------------------------------


def _lengths(*texts: str) -> st.SearchStrategy[Span]:
    return st.sampled_from([Span(length(text), Basis(f"T-{text}")) for text in texts])


@st.composite
def _agreements(draw: st.DrawFn) -> Agreement:
    """One of the three kinds, its figures as sensible or as odd as an agreement file may set them."""
    kept = _lengths("PT0S", "P1D", "P20D", "P1M", "P60D", "P90D")
    spans = st.sampled_from(["P1D", "P7D", "P10D", "P1M", "P100D"])
    reminders = tuple(map(reminder, draw(st.lists(spans, max_size=3, unique=True))))
    then = st.sampled_from([Phase.READ_ONLY, Phase.DEACTIVATED])
    base = replace(
        AGREEMENTS[draw(st.sampled_from(["trial", "credit", "account"]))],
        read_only=draw(_lengths("PT0S", "P14D", "P50D")),
        retention=Retention(draw(kept), draw(kept), draw(kept)),
        deletion_warning=DeletionWarning(
            length(draw(spans)), length(draw(st.sampled_from(["P1D", "P2D", "P1M"]))), (), Basis("T-WARN")
        ),
    )
    if base.trial:
        trial = Trial(length(draw(st.sampled_from(["PT0S", "P14D", "P1M"]))), draw(then), reminders, Basis())
        base = replace(base, trial=trial)
    if base.first_invoice:
        due = length(draw(st.sampled_from(["PT0S", "P30D", "P1M"])))
        base = replace(
            base, first_invoice=FirstInvoice(due, "basic", length("P1Y"), reminders, Basis("T-INVOICE"))
        )
    if base.lease:
        base = replace(base, lease=Lease(draw(then), reminders, Basis("T-LEASE")))
    return base


# --- lives ------------------------------------------------------------------------------------------------


@dataclass
class World:
    """A life under test, and the orders that were placed in it."""

    life: Life
    orders: list[Order]


Action = Callable[[World], object]


def _passing(seconds: int) -> Action:
    return lambda world: world.life.run_to(world.life.now + timedelta(seconds=seconds))


def _outage(seconds: int) -> Action:
    return lambda world: world.life.catch_up(world.life.now + timedelta(seconds=seconds))


def _ordering(plan: str, period: str) -> Action:
    def act(world: World) -> None:
        world.orders.append(world.life.place_order(plan, period))

    return act


def _buying(plan: str, period: str) -> Action:
    return lambda world: world.life.pay(plan, period)


def _paying(number: int) -> Action:
    def act(world: World) -> None:
        if world.orders:
            world.life.grant(world.orders.pop(number % len(world.orders)))

    return act


def _cancelling(number: int) -> Action:
    def act(world: World) -> None:
        if world.orders:
            cancelled = world.orders.pop(number % len(world.orders))
            life = world.life
            life.write(
                purchases.close_payment(
                    life.tenant, life.agreement, cancelled.payment_id, "cancelled", life.now, by="watch"
                )
            )

    return act


def _lifting(kind: RestrictionKind) -> Action:
    return lambda world: world.life.write(
        lifecycle.lift(world.life.tenant, kind, "over", world.life.now, by="operator")
    )


def _accepting(version: str) -> Action:
    def act(world: World) -> None:
        life = world.life
        newer = replace(life.agreement, version=version)
        life.write(lifecycle.accept_terms(life.tenant, newer, life.now, by="owner"))
        life.agreement = newer

    return act


def _warning_lost(world: World) -> None:
    life = world.life
    deadline = lifecycle.next_deadline(life.tenant, life.agreement)
    if deadline and deadline.kind is DeadlineKind.PURGE:
        life.now = max(life.now, deadline.at)
        life.write(
            lifecycle.defer_purge(
                life.tenant, life.agreement, ("warning_not_handed_over",), life.now, by="execution"
            )
        )


HOLDS = st.sampled_from(["h-1", "h-2"])
KINDS = st.sampled_from(RestrictionKind)
SECONDS = st.one_of(st.integers(0, 3600), st.integers(0, 100 * 86400))
ACTIONS: st.SearchStrategy[Action] = st.one_of(
    st.builds(_passing, SECONDS),
    st.builds(_passing, st.integers(20 * 86400, 100 * 86400)),
    st.builds(_buying, st.sampled_from(["basic", "plus"]), st.sampled_from(["P1M", "P1Y"])),
    st.builds(_buying, st.just("basic"), st.just("P1M")),
    st.builds(_outage, SECONDS),
    st.builds(_ordering, st.sampled_from(["basic", "plus"]), st.sampled_from(["P1M", "P1Y"])),
    st.builds(_paying, st.integers(0, 5)),
    st.builds(_cancelling, st.integers(0, 5)),
    st.builds(lambda closing: lambda world: world.life.close(closing), st.sampled_from(Closing)),
    st.builds(lambda hold_id: lambda world: world.life.place_hold(hold_id), HOLDS),
    st.builds(lambda hold_id: lambda world: world.life.release_hold(hold_id), HOLDS),
    st.builds(
        lambda kind, span: (
            lambda world: world.life.restrict(kind, world.life.now + days(span) if span else None)
        ),
        KINDS,
        st.integers(0, 40),
    ),
    st.builds(_lifting, KINDS),
    st.builds(_accepting, st.sampled_from(["1", "2"])),
    st.just(_warning_lost),
)


class WatchedLife(Life):
    """A life that checks, whenever it is written, what must hold for every single transition."""

    def write(self, transition: Transition) -> Transition:
        before, after = transition.before, transition.after
        if before:
            assert after.version == before.version + 1
            assert before.phase is not Phase.PURGED
            if after.phase is not before.phase:
                assert after.phase in lifecycle.GRAPH[before.phase]
            assert after.generation - before.generation in (0, 1)
            self._newly_due_needs_a_new_generation(transition)
        if transition.event is Event.PURGED:
            self._nothing_forbade_it(transition)
        if transition.event is Event.TERM_GRANTED:
            self._money_bought_something(transition)
        assert transition.clause
        assert transition.why
        assert transition.at <= transition.recorded_at
        return super().write(transition)

    def _newly_due_needs_a_new_generation(self, transition: Transition) -> None:
        before, after = transition.before, transition.after
        assert before
        if after.carrier and transition.by == "execution":
            return  # the execution itself goes on to what it brought about
        old = lifecycle.next_deadline(before, self.agreement)
        new = lifecycle.next_deadline(after, self.agreement)
        if (new.at if new else NEVER) < (old.at if old else NEVER):
            assert after.generation == before.generation + 1
            assert lifecycle.Workflow.SUBSCRIPTION in transition.workflows

    def _nothing_forbade_it(self, transition: Transition) -> None:
        before = transition.before
        assert before
        assert not before.holds
        assert not before.open_matters
        assert before.phase in (Phase.DEACTIVATED, Phase.CLOSED)
        start = before.closed_at or before.ended_at
        assert start
        retention = self.agreement.retention
        kept = retention.after_closing
        if before.phase is not Phase.CLOSED:
            lapsed_trial = before.term is None and before.invoice is None
            found = retention.after_trial if lapsed_trial else retention.after_term
            assert found
            kept = found
        assert transition.recorded_at >= kept.length.after(start, self.agreement.calendar)
        # The last warning belongs to this end, was followed by its waiting time, and named a kept date.
        warning = next(entry for entry in reversed(self.journal) if entry.event is Event.DELETION_WARNED)
        ended = max(entry.seq for entry in self.journal if entry.changes.keys() & {"ended_at", "closed_at"})
        assert warning.seq > ended
        wait = self.agreement.deletion_warning.wait.after(warning.recorded_at, self.agreement.calendar)
        assert transition.recorded_at >= wait
        [notice] = warning.notices
        assert notice.anchor <= transition.recorded_at
        assert notice.generation == before.generation

    def _money_bought_something(self, transition: Transition) -> None:
        before, after = transition.before, transition.after
        assert before
        assert after.phase is Phase.ACTIVE
        assert after.period_ends_at
        assert after.period_ends_at > transition.recorded_at
        assert after.term
        assert after.term.ends_at == after.period_ends_at
        if before.phase in (Phase.TRIAL, Phase.ACTIVE) and before.period_ends_at and not before.invoice:
            assert after.period_ends_at > before.period_ends_at


def live(agreement: Agreement, trial_used: bool, actions: list[Action]) -> World:
    """A life in which each action was tried in its turn; what is refused by name is left out."""
    world = World(WatchedLife(agreement, trial_used=trial_used), [])
    for act in actions:
        world.life.catch_up(world.life.now)
        try:
            act(world)
        except MohlatError:
            continue
    world.life.catch_up(world.life.now)
    return world


def decide_all_payments(life: Life) -> None:
    """What the watch over payments does within a day, granted or not."""
    for matter in sorted(life.tenant.open_matters):
        payment_id = matter.removeprefix("payment:")
        life.write(
            purchases.close_payment(life.tenant, life.agreement, payment_id, "expired", life.now, by="watch")
        )


LIVES = st.builds(live, _agreements(), st.booleans(), st.lists(ACTIONS, min_size=3, max_size=20))


@settings(max_examples=300)
@given(LIVES)
def test_the_journal_replays_to_the_tenant_and_the_tenant_survives_its_storing(world: World) -> None:
    life = world.life
    assert replay(life.journal) == life.tenant
    assert from_dict(to_dict(life.tenant)) == life.tenant


@settings(max_examples=300)
@given(LIVES)
def test_the_forecast_is_what_then_happens_in_order_and_ends_with_the_purge(world: World) -> None:
    life = world.life
    decide_all_payments(life)
    coming = lifecycle.forecast(life.tenant, life.agreement)
    assert all(one.at <= other.at for one, other in pairwise(coming))
    assert all(deadline.at > life.now for deadline in coming)
    happened = []
    for _ in coming:
        deadline = lifecycle.next_deadline(life.tenant, life.agreement)
        assert deadline
        life.now = max(life.now, deadline.at)
        happened.append(replace(deadline, at=life.now))
        life.step()
    assert happened == coming
    assert lifecycle.next_deadline(life.tenant, life.agreement) is None
    account_lives = life.tenant.phase is Phase.ACTIVE and life.tenant.period_ends_at is None
    assert life.tenant.phase is Phase.PURGED or life.tenant.holds or account_lives


@settings(max_examples=200)
@given(LIVES)
def test_nobody_gets_stuck(world: World) -> None:
    life = world.life
    tenant = life.tenant
    waiting = lifecycle.next_deadline(tenant, life.agreement)
    account_lives = tenant.phase is Phase.ACTIVE and tenant.period_ends_at is None
    stopped_by_hold = bool(tenant.holds) and tenant.phase in (Phase.DEACTIVATED, Phase.CLOSED)
    assert (waiting is None) is (tenant.phase is Phase.PURGED or account_lives or stopped_by_hold)


@settings(max_examples=200)
@given(LIVES)
def test_each_reminder_goes_out_at_most_once_for_its_end(world: World) -> None:
    world.life.run_to(world.life.now + days(800))
    reminders = [
        notice.key
        for entry in world.life.journal
        for notice in entry.notices
        if notice.kind in (NoticeKind.TRIAL_ENDING, NoticeKind.TERM_ENDING, NoticeKind.INVOICE_DUE)
    ]
    assert len(reminders) == len(set(reminders))


@settings(max_examples=200)
@given(LIVES, st.integers(0, 900 * 86400))
def test_what_has_passed_unnoticed_gives_no_more_access_than_what_was_carried_out(
    world: World, later: int
) -> None:
    life = world.life
    now = life.now + timedelta(seconds=later)
    seen = lifecycle.as_of(life.tenant, life.agreement, now)
    life.catch_up(now)
    assert access(seen, now) is access(life.tenant, now)
    if life.tenant.phase is not Phase.PURGED:
        assert (seen.phase, seen.ended_at) == (life.tenant.phase, life.tenant.ended_at)


@settings(max_examples=100)
@given(LIVES)
def test_purged_is_final(world: World) -> None:
    life, agreement = world.life, world.life.agreement
    for hold in life.tenant.holds:
        life.release_hold(hold.id)
    decide_all_payments(life)
    if life.tenant.phase is not Phase.PURGED and not life.tenant.closed_at:
        life.close()
    life.run_out()
    gone, now = life.tenant, life.now + days(1)
    assert gone.phase is Phase.PURGED
    assert lifecycle.forecast(gone, agreement) == []
    assert access(gone, now) is Access.NONE
    assert not purchases.can_be_granted(gone, now)
    late = order(gone, 99, now=now)
    deadline = lifecycle.Deadline(DeadlineKind.PURGE, "purge", START, "T")
    attempts: list[Callable[[], Transition]] = [
        lambda: purchases.place_order(gone, agreement, late, now, by="owner"),
        lambda: purchases.grant_term(gone, agreement, late, now, by="gateway"),
        lambda: purchases.close_payment(gone, agreement, late.payment_id, "owed_back", now, by="gateway"),
        lambda: lifecycle.accept_terms(gone, agreement, now, by="owner"),
        lambda: lifecycle.close(gone, agreement, Closing.ERASURE, now, by="owner"),
        *(
            lambda kind=kind: lifecycle.lift(gone, kind, "over", now, by="operator")
            for kind in RestrictionKind
        ),
        lambda: lifecycle.release_hold(gone, agreement, "h-1", "over", now, by="operator", clause="T"),
        lambda: lifecycle.carry_out(gone, agreement, deadline, now, by="execution"),
        lambda: lifecycle.defer_purge(gone, agreement, ("hold:h-1",), now, by="execution"),
    ]
    for attempt in attempts:
        _refused(attempt, gone)


def _refused(attempt: Callable[[], Transition], gone: Tenant) -> None:
    try:
        revived = attempt()
    except (Gone, Conflict, NotFound):
        return
    raise AssertionError(f"{revived.event} happened to {gone.id} after its purge")
