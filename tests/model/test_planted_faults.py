"""The twelve checks, checked: each planted fault is found by exactly the check that is there for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pytest

from mohlat.application import manage_tenant, replay_purges
from mohlat.application.keep_records import RecordsDesk
from mohlat.application.settle_payment import PaymentDesk
from mohlat.application.transitions import commit
from mohlat.domain import access, journal, lifecycle, payments
from mohlat.domain.access import Operation
from mohlat.domain.agreement import Phase
from mohlat.domain.errors import Conflict, Gone
from mohlat.domain.lifecycle import Event, Transition, move
from mohlat.domain.payments import Callback, Payment, PaymentStatus
from mohlat.domain.purchases import grant
from mohlat.domain.purge import Store
from mohlat.domain.tenant import Closing, Hold, RestrictionKind, Tenant, to_dict
from tests.fakes import FakeDispatches, FakeEraser
from tests.model.invariants import INVARIANTS
from tests.model.stage import Stage

OWNER, OPERATOR = "user:owner", "operator:o"
Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class Case:
    """A fault, and a life in which it shows."""

    product: str
    plant: Callable[[Patch], None]
    live: Callable[[Stage], None]


def clause(stage: Stage) -> str:
    return next(iter(stage.agreement.clauses))


def block(stage: Stage, tenant_id: str) -> None:
    stage.desk.restrict(tenant_id, RestrictionKind.BLOCKED, "abuse", clause(stage), None, OPERATOR)


# --- 1: the purge does not look at what is open ---


def an_open_payment_is_overlooked(patch: Patch) -> None:
    patch.setattr(lifecycle, "purge_obstacles", lambda *_: ())


def somebody_is_about_to_pay(stage: Stage) -> None:
    tenant = stage.join(0, 0)
    stage.buy_at(tenant.id, pays=False)
    for _ in range(6):
        stage.clock.time += timedelta(days=20)
        stage.settle()


# --- 2: a step that does not ask whether anybody is there ---


def a_purged_tenant_still_moves(patch: Patch) -> None:
    def careless(tenant: Tenant, *arguments: Any, **changes: Any) -> Transition:
        if tenant.phase is not Phase.PURGED:
            return move(tenant, *arguments, **changes)
        step = move(replace(tenant, phase=Phase.CLOSED), *arguments, **changes)
        return replace(step, before=tenant, after=replace(step.after, phase=Phase.PURGED))

    patch.setattr(lifecycle, "move", careless)


def a_restriction_is_lifted_after_the_purge(stage: Stage) -> None:
    tenant = stage.join(0, 0)
    block(stage, tenant.id)
    stage.live_to(tenant.id, Phase.PURGED)
    try:
        stage.desk.lift(tenant.id, RestrictionKind.BLOCKED, "mended", OPERATOR)
    except Gone:
        return


# --- 3: a callback that is not recognized as a repetition ---


def every_callback_grants(patch: Patch) -> None:
    once = PaymentDesk.called_back

    def again(self: PaymentDesk, callback: Callback) -> Payment:
        known = self._payments.by_authority(self._gateway.name, callback.authority)
        if known.status is PaymentStatus.GRANTED:
            tenant, agreement, order = self._load(known, "gateway:zarinpal")
            commit(
                self._tenants, agreement, grant(tenant, agreement, agreement, order, self._clock.now(), by="")
            )
        return once(self, callback)

    patch.setattr(PaymentDesk, "called_back", again)


def the_browser_comes_back_twice(stage: Stage) -> None:
    placed = stage.buy_at(stage.join(0, 0).id)
    stage.come_back(placed)


# --- 4: money that nobody is owed ---


def nothing_is_sent_back(patch: Patch) -> None:
    patch.setattr(
        PaymentDesk, "_send_back", lambda self, payment, reason, why, now, by: self._close(payment, by)
    )


def a_blocked_customer_pays(stage: Stage) -> None:
    tenant = stage.join(0, 0)
    placed = stage.buy_at(tenant.id, pays=False)
    block(stage, tenant.id)
    stage.gateway.pay(placed.payment.authority or "")
    stage.come_back(placed)


# --- 5: a change that is not written down ---


def restrictions_are_left_out_of_the_journal(patch: Patch) -> None:
    def forgetful(tenant: Tenant) -> dict[str, Any]:
        return {name: value for name, value in to_dict(tenant).items() if name != "restrictions"}

    patch.setattr(journal, "to_dict", forgetful)


def somebody_is_blocked(stage: Stage) -> None:
    block(stage, stage.join(0, 0).id)


# --- 6: a claim that keeps nobody away ---


def a_claim_claims_nothing(patch: Patch) -> None:
    patch.setattr(FakeDispatches, "reserve", lambda *_: None)


def the_stream_brings_everything_twice(stage: Stage) -> None:
    stage.follow(stage.join(0, 0).id, twice=True)
    stage.post()


# --- 7: whoever may read may write ---


def readers_write(patch: Patch) -> None:
    honest = access._permitted

    def generous(tenant: Tenant, agreement: Any, operation: Operation, now: Any) -> bool:
        asked = Operation.READ if operation is Operation.WRITE else operation
        return honest(tenant, agreement, asked, now)

    patch.setattr(access, "_permitted", generous)


def a_lease_runs_out(stage: Stage) -> None:
    tenant = stage.join(0, 0)
    stage.buy_at(tenant.id)
    stage.live_to(tenant.id, Phase.READ_ONLY)


# --- 8: a payment that never runs dry ---


def anything_is_left_of_a_payment(patch: Patch) -> None:
    patch.setattr(payments.Payment, "returnable", property(lambda payment: payment.captured))


def goodwill_is_shown_twice(stage: Stage) -> None:
    tenant = stage.join(0, 0)
    placed = stage.buy_at(tenant.id)
    for _ in range(2):
        try:
            stage.refund_desk.give_back(
                tenant.id, placed.payment.id, placed.order.amount, "goodwill", clause(stage), OPERATOR
            )
        except Conflict:
            return


# --- 9: who tried it is forgotten with the rest ---


def a_purge_takes_the_trial_marks_too(patch: Patch) -> None:
    honest = FakeEraser.erase

    def thorough(self: FakeEraser, tenant_id: str, store: Store, limit: int = 500) -> int:
        self.table.trials.clear()
        return honest(self, tenant_id, store, limit)

    patch.setattr(FakeEraser, "erase", thorough)


def somebody_comes_back_after_the_purge(stage: Stage) -> None:
    tenant = stage.join(0, 0)
    stage.live_to(tenant.id, Phase.PURGED)
    stage.shred(tenant.id)
    stage.join(0, 1)


# --- 10: a hold that holds nothing ---


def a_hold_is_noted_and_not_kept(patch: Patch) -> None:
    def noted(tenant: Tenant, hold: Hold, now: Any, *, by: str, clause: str) -> Transition:
        return move(tenant, Event.HOLD_PLACED, now, by, hold.reason, clause, facts={"hold_id": hold.id})

    patch.setattr(manage_tenant, "place_hold", noted)


def a_lapsed_trial_is_held(stage: Stage) -> None:
    tenant = stage.join(0, 0)
    stage.live_to(tenant.id, Phase.DEACTIVATED)
    stage.desk.place_hold(tenant.id, "proceedings", "court", clause(stage), by=OPERATOR)
    stage.seen.holds[tenant.id] = {"proceedings"}
    for _ in range(6):
        stage.clock.time += timedelta(days=20)
        stage.settle()


# --- 11: the ledger is replayed up to yesterday ---


def the_last_day_is_not_replayed(patch: Patch) -> None:
    def short(since: str, until: str) -> Iterator[str]:
        day = date.fromisoformat(since)
        while day < date.fromisoformat(until):
            yield day.isoformat()
            day += timedelta(days=1)

    patch.setattr(replay_purges, "_days", short)


def a_copy_is_older_than_a_purge(stage: Stage) -> None:
    tenant, _ = stage.join(0, 0), stage.join(1, 1)
    stage.desk.close(tenant.id, Closing.ERASURE, OWNER)
    stage.back_up()
    stage.live_to(tenant.id, Phase.PURGED)


# --- 12: a record is found by its id alone ---


def records_have_no_owner(patch: Patch) -> None:
    def anybodys(self: RecordsDesk, tenant_id: str, record_id: str, by: str = "") -> Any:
        table = self._records.table  # type: ignore[attr-defined]
        return next(record for (_, name), record in table.records.items() if name == record_id)

    patch.setattr(RecordsDesk, "get", anybodys)


def two_customers_keep_records(stage: Stage) -> None:
    for number in (0, 1):
        tenant = stage.join(number, number)
        stage.records_desk.put(tenant.id, f"r-{number}", {"owner": tenant.id}, OWNER)


CASES = {
    1: Case("kalo", an_open_payment_is_overlooked, somebody_is_about_to_pay),
    2: Case("kalo", a_purged_tenant_still_moves, a_restriction_is_lifted_after_the_purge),
    3: Case("kalo", every_callback_grants, the_browser_comes_back_twice),
    4: Case("kalo", nothing_is_sent_back, a_blocked_customer_pays),
    5: Case("kallu", restrictions_are_left_out_of_the_journal, somebody_is_blocked),
    6: Case("customer_club", a_claim_claims_nothing, the_stream_brings_everything_twice),
    7: Case("saman360", readers_write, a_lease_runs_out),
    8: Case("kalo", anything_is_left_of_a_payment, goodwill_is_shown_twice),
    9: Case("kalo", a_purge_takes_the_trial_marks_too, somebody_comes_back_after_the_purge),
    10: Case("customer_club", a_hold_is_noted_and_not_kept, a_lapsed_trial_is_held),
    11: Case("kallu", the_last_day_is_not_replayed, a_copy_is_older_than_a_purge),
    12: Case("kalak", records_have_no_owner, two_customers_keep_records),
}


def broken(stage: Stage) -> list[int]:
    """The numbers of the invariants that do not hold."""
    found = []
    for number, check in INVARIANTS.items():
        try:
            check(stage)
        except AssertionError:
            found.append(number)
    return found


def test_every_invariant_has_a_fault_of_its_own() -> None:
    assert list(CASES) == list(INVARIANTS) == list(range(1, 13))


@pytest.mark.parametrize("number", CASES)
def test_a_planted_fault_is_found_by_its_own_check_alone(number: int, monkeypatch: Patch) -> None:
    case = CASES[number]
    case.plant(monkeypatch)
    stage = Stage(case.product)
    case.live(stage)
    assert broken(stage) == [number]


@pytest.mark.parametrize("number", CASES)
def test_without_the_fault_the_same_life_breaks_nothing(number: int) -> None:
    stage = Stage(CASES[number].product)
    CASES[number].live(stage)
    assert broken(stage) == []
