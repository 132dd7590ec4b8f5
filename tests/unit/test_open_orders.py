"""How many payments may be on their way at once: each stands on the tenant's row until it is decided."""

from __future__ import annotations

import pytest

from mohlat.domain import lifecycle, purchases
from mohlat.domain.errors import Conflict
from tests.builders import START, agreement_with_trial, order

AGREEMENT = agreement_with_trial()


def test_the_twenty_first_open_payment_is_refused_and_may_come_when_another_is_decided() -> None:
    tenant = lifecycle.register(AGREEMENT, "t-1", START, plan=None, trial_used=False, by="owner").after
    for number in range(20):
        placed = order(tenant, number)
        tenant = purchases.place_order(tenant, AGREEMENT, placed, START, by="owner").after
    late = order(tenant, 20)
    with pytest.raises(Conflict) as refused:
        purchases.place_order(tenant, AGREEMENT, late, START, by="owner")
    assert refused.value.details["most"] == 20
    tenant = purchases.close_payment(tenant, AGREEMENT, "p-7", "cancelled", START, by="gateway").after
    assert (
        "payment:p-20" in purchases.place_order(tenant, AGREEMENT, late, START, by="owner").after.open_matters
    )
