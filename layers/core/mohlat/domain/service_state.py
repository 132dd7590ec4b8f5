"""Which products cannot be used at the moment, and which have come to their end: what the API asks first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # Every call of the API asks the state: nothing more is imported for it than it needs.
    from mohlat.domain.maintenance import Window
    from mohlat.domain.winding_down import WindDown


@dataclass(frozen=True, slots=True)
class Shut:
    """A window that is planned or open: nobody can use the product from `starts_at` until before `until`."""

    product: str
    window_id: str
    starts_at: datetime
    until: datetime
    clause: str


@dataclass(frozen=True, slots=True)
class ServiceState:
    """All products at once, in one small item. `ending` names those that nobody can join any more.

    It is changed in the transaction that changes a window or a product's end, so it never tells otherwise.
    """

    shut: tuple[Shut, ...] = ()
    ending: Mapping[str, str] = field(default_factory=dict)
    version: int = 0

    def shut_now(self, product: str, now: datetime) -> Shut | None:
        """The window that the product is in, if it is in one."""
        return next(
            (each for each in self.shut if each.product == product and each.starts_at <= now < each.until),
            None,
        )

    def any_shut(self, now: datetime) -> bool:
        """Whether any product cannot be used now."""
        return any(each.starts_at <= now < each.until for each in self.shut)

    def with_window(self, window: Window) -> ServiceState:
        """After a window was planned, moved, prolonged, ended or cancelled."""
        others = tuple(each for each in self.shut if each.window_id != window.id)
        if window.next_due_at:
            shut = Shut(window.product, window.id, window.starts_at, window.until, window.clause)
            others = (*others, shut)
        return replace(self, shut=others, version=self.version + 1)

    def with_wind_down(self, plan: WindDown) -> ServiceState:
        """After a product's end was planned or given up: the clause that nothing is sold under any more."""
        ending = {product: clause for product, clause in self.ending.items() if product != plan.product}
        if not plan.given_up:
            ending[plan.product] = plan.clause
        return replace(self, ending=ending, version=self.version + 1)
