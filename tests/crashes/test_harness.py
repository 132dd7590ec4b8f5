"""The harness finds what is wrong: each fault planted here is one that it has to name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from mohlat.application import settle_payment
from mohlat.application.ports import Row, Tenants
from mohlat.application.transitions import commit
from mohlat.domain.agreement import Agreement
from mohlat.domain.errors import MohlatError
from mohlat.domain.lifecycle import Transition
from mohlat.domain.notices import Dispatch, NoticeStatus
from mohlat.domain.payments import Payment
from mohlat.domain.tenant import Tenant
from tests.crashes.effects import Crash, Effects, members, port_methods, stored
from tests.crashes.enumeration import Life, Scenario, deaths, differences, live
from tests.crashes.machines import Execution, Fate
from tests.crashes.people import join, length
from tests.crashes.scenarios import customer, payment_and_upgrade, trial_that_nobody_pays_for
from tests.crashes.site import Site


def writes_in_two(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The transition first, then the payment that should have been in its transaction (invariant 3)."""

    def apart(tenants: Tenants, agreement: Agreement, transition: Transition, rows: Sequence[Row]) -> Tenant:
        decided = [row for row in rows if isinstance(row, Payment)]
        tenant = commit(tenants, agreement, transition, [row for row in rows if row not in decided])
        for payment in decided:
            site.payments.save(payment)
        return tenant

    customer(site)
    monkeypatch.setattr(settle_payment, "commit", apart)


def sends_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sending that was cut off is begun again."""
    reserve = site.dispatches.reserve

    def taking_over(dispatch: Dispatch) -> Dispatch | None:
        known = reserve(dispatch)
        return None if known and known.status is NoticeStatus.SENDING else known

    monkeypatch.setattr(site.dispatches, "reserve", taking_over)


def never_swept(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was lost stays lost."""
    monkeypatch.setattr(site, "_next_sweep", lambda: None)


Fault = Callable[[Site, pytest.MonkeyPatch], None]


@pytest.mark.parametrize(
    ("life", "fault", "told"),
    [
        (payment_and_upgrade, writes_in_two, "concurrent-change"),
        (trial_that_nobody_pays_for, sends_again, "1 more of"),
        (trial_that_nobody_pays_for, never_swept, "left over"),
    ],
    ids=lambda each: getattr(each, "__name__", each),
)
def test_a_planted_fault_is_found(
    life: Life, fault: Fault, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = Scenario("planted", "kalo", life, lambda site: fault(site, monkeypatch))
    expected = live(scenario)
    found: list[str] = []
    for die_at, fate in deaths(expected):
        try:
            found += differences(expected, live(scenario, die_at, fate))
        except MohlatError as error:
            # Whoever asks again is refused for good.
            found.append(error.code)
    assert any(told in each for each in found), found[:5]


def test_what_is_kept_is_seen_whatever_it_is() -> None:
    site = Site("kalo")
    tenant = join(site)
    before = stored(site.table)
    site.objects.put(tenant.id, "one", b"1")
    once = stored(site.table)
    site.objects.put(tenant.id, "one", b"2")
    assert before != once != stored(site.table)
    placed = site.order(tenant, length(site), site.plan)
    unpaid = stored(site.gateway)
    site.gateway.pay(placed.payment.authority or "")
    assert stored(site.gateway) != unpaid


def test_every_store_and_provider_of_a_site_is_watched() -> None:
    site = Site("kalo")
    fakes = {type(each) for each in members(site) if type(each).__name__.startswith("Fake")}
    # What is no port: an agreement's file, a clock's hand, a fresh id.
    assert {kind.__name__ for kind in fakes if not port_methods(kind)} == set()
    effects = Effects(site, site.table, lambda: "people", (1,))
    with pytest.raises(Crash):
        site.register()
    assert effects.done == ["SignIn.create"]
    site.register()
    assert effects.died == [1]


def test_an_execution_that_died_tries_again_after_a_while_or_is_lost() -> None:
    site = Site("kalo")
    given = {"payment_id": "p_1", "wake_at": "2026-01-01T00:00:00Z"}

    def die(event: object) -> dict[str, object]:
        raise Crash

    for fate, state in ((Fate.REPEATED, "AskGateway"), (Fate.LOST, "")):
        execution = Execution.begun("payment", "p_1", given, site.clock.now())
        execution.run({"${SettlePaymentFunctionArn}": die}, site.clock.now(), fate)
        assert execution.state == state
        assert (execution.wake_at > site.clock.now()) is (fate is Fate.REPEATED)
