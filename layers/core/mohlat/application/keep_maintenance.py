"""Maintenance windows: planned, announced, moved, opened and ended (KALO-7, SAMAN-4.3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from mohlat.application.keep_uptime import months_again
from mohlat.application.ports import (
    Agreements,
    Books,
    Clock,
    Ids,
    Row,
    Service,
    ServiceStates,
)
from mohlat.application.transitions import retrying
from mohlat.domain.agreement import Agreement
from mohlat.domain.maintenance import (
    Window,
    WindowStatus,
    announcement_of,
    cancel_window,
    end_window,
    move_window,
    open_window,
    plan_window,
    prolong_window,
    remind_of_window,
)
from mohlat.domain.rounds import Progress, Round, lanes_of


class MaintenanceDesk:
    """Keeps the windows. What the API asks (whether a product can be used) changes in the same write."""

    def __init__(
        self,
        *,
        service: Service,
        states: ServiceStates,
        books: Books,
        agreements: Agreements,
        ids: Ids,
        clock: Clock,
    ) -> None:
        self._service = service
        self._states = states
        self._books = books
        self._agreements = agreements
        self._ids = ids
        self._clock = clock

    def plan(
        self, product: str, starts_at: datetime, ends_at: datetime, what: Mapping[str, str], by: str
    ) -> Window:
        """Plans a window and begins to tell everybody. Raises InvalidInput, Conflict."""
        agreement, id = self._agreements.load(product), self._ids.new("w")

        def attempt() -> Window:
            now = self._clock.now()
            return self._keep(*plan_window(agreement, id, starts_at, ends_at, what, now, by=by))

        return retrying(attempt)

    def of(self, product: str) -> list[Window]:
        """All of a product, the last to be planned first."""
        return self._service.windows(self._agreements.load(product).product)

    def get(self, product: str, window_id: str) -> tuple[Window, Progress]:
        """A window, and how far its announcement is. Raises NotFound."""
        window = self._service.window(product, window_id)
        return window, self._told(window)

    def move(self, product: str, window_id: str, starts_at: datetime, ends_at: datetime, by: str) -> Window:
        """Moves a window and tells everybody again. Raises InvalidInput, Conflict, NotFound."""

        def attempt() -> Window:
            window, agreement, now = self._load(product, window_id)
            return self._keep(*move_window(window, agreement, starts_at, ends_at, now, by=by))

        return retrying(attempt)

    def cancel(self, product: str, window_id: str, by: str) -> Window:
        """Cancels a window and tells everybody. Raises Conflict, NotFound."""

        def attempt() -> Window:
            window, agreement, now = self._load(product, window_id)
            return self._keep(*cancel_window(window, agreement, now, by=by))

        return retrying(attempt)

    def prolong(self, product: str, window_id: str, until: datetime) -> Window:
        """Says that the work takes longer; the time behind the announced end counts as downtime.

        Raises InvalidInput, Conflict, NotFound.
        """

        def attempt() -> Window:
            self.carry(product, window_id)
            window, _, now = self._load(product, window_id)
            return self._keep(prolong_window(window, until, now))

        return retrying(attempt)

    def end(self, product: str, window_id: str, by: str) -> Window:
        """Ends a window before its time and tells everybody. Raises Conflict, NotFound."""

        def attempt() -> Window:
            self.carry(product, window_id)
            window, agreement, now = self._load(product, window_id)
            return self._keep(*end_window(window, agreement, now, self._told(window), now, by=by))

        return retrying(attempt)

    def carry(self, product: str, window_id: str) -> Window:
        """Does what is due about a window: reminds, opens and ends it, each at its own instant.

        Raises NotFound, ConcurrentChange.
        """
        while True:
            window, agreement, now = self._load(product, window_id)
            due = window.next_due_at
            if due is None or now < due:
                return window
            if window.status is WindowStatus.OPEN:
                told = self._told(window)
                self._keep(*end_window(window, agreement, window.until, told, now, by="system:maintenance"))
            elif now >= window.starts_at:
                self._keep(open_window(window))
            else:
                self._keep(*remind_of_window(window, agreement, now))

    def _told(self, window: Window) -> Progress:
        return self._service.progress(window.product, announcement_of(window))

    def _load(self, product: str, window_id: str) -> tuple[Window, Agreement, datetime]:
        agreement = self._agreements.load(product)
        return self._service.window(product, window_id), agreement, self._clock.now()

    def _months_again(self, window: Window) -> list[Row]:
        """What has to be counted again, once a window is over that reaches back into a closed month."""
        if window.downtime is None:
            return []
        agreement, (since, until) = self._agreements.load(window.product), window.downtime
        now = self._clock.now()
        return months_again(self._service, agreement, since, until, window.id, now, by=window.by)

    def _keep(self, window: Window, round: Round | None = None) -> Window:
        state = self._states.read().with_window(window)
        told: list[Row] = [round, *lanes_of(round)] if round else []
        # Each version's wait is for the stream: its instant may be sooner than the one that is waited for.
        self._books.write((window, state, *told, *self._months_again(window)))
        return window
