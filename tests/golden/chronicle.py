"""A life that writes itself down: what happened when, why and by which clause, what it owed, what is next."""

from __future__ import annotations

from datetime import datetime, timedelta

from mohlat.agreements import loader
from mohlat.calendar.display import short_date
from mohlat.calendar.jalali import jalali_parts
from mohlat.domain.access import Access, access, why_refused
from mohlat.domain.agreement import Agreement, Phase
from mohlat.domain.journal import Entry, replay
from mohlat.domain.lifecycle import Deadline, Event, as_of, forecast
from mohlat.domain.tenant import Tenant, from_iso, iso
from tests.application.life import Life
from tests.fakes import START

_ACCESS = {Access.FULL: "full", Access.READ_ONLY: "read-only", Access.NONE: "no"}
END = START + timedelta(days=400)
# What an entry tells beside its clause: enough to check it by hand, nothing that only repeats the line.
_SHOWN = (
    "plan",
    "starts_at",
    "ends_at",
    "amount",
    "invoice_amount",
    "seconds",
    "closing",
    "purge_at",
    "before",
    "due_at",
    "terms_version",
    "obstacles",
)


def dated(instant: datetime) -> str:
    """The instant in UTC, and Tehran's day and minute."""
    *_, hour, minute = jalali_parts(instant)
    return f"{iso(instant)} ({short_date(instant, 'en')} {hour:02}:{minute:02})"


def _standing(tenant: Tenant, agreement: Agreement, now: datetime) -> str:
    """Phase and access, the clause that narrows it, and what restricts, holds or is open."""
    granted = access(tenant, now)
    told = f"{tenant.phase.value}, {_ACCESS[granted]} access"
    if granted is not Access.FULL and tenant.phase is not Phase.PURGED:
        told += f" by {why_refused(tenant, agreement, now)}"
    marks = [f"{each.kind.value} by {each.clause}" for each in tenant.restrictions if each.applies(now)]
    marks += ["held"] * len(tenant.holds) + sorted(m.partition(":")[0] + " open" for m in tenant.open_matters)
    return told + (f" ({', '.join(marks)})" if marks else "")


def _owed(entry: Entry, handed_over: str) -> str:
    """The notices with their channels, and how they went if it was not as owed."""
    owed = [f"{notice.kind.value}:{channel.value}" for notice in entry.notices for channel in notice.channels]
    sent = handed_over.split()
    told = f"owes {' '.join(owed) or 'nothing'}"
    return told if sorted(owed) == sorted(sent) else f"{told}, handed over {' '.join(sent) or 'nothing'}"


class Chronicle(Life):
    """One customer of a shipped product for 400 days. `text` is what is compared with the story's file.

    Deadlines are listed whenever they are not simply those that were listed before, less what has happened.
    """

    def __init__(self, product: str) -> None:
        super().__init__(loader.load(product))
        self._lines: list[str] = []
        self._expected: list[Deadline] | None = None

    def on(self, instant: str) -> None:
        """Lets time pass to an instant such as 2026-02-10T08:00:00Z."""
        self.run_to(from_iso(instant))

    def close_months(self) -> None:
        """The nightly schedule: the last month is closed if it is not yet, and everybody is gone to."""
        self.uptime_desk.close_last_months("system:months")

    def text(self) -> str:
        """The whole life, up to its 400th day."""
        self.run_to(END)
        known = [self._gone(entry.tenant_id) for entry in self.table.ledger.values()]
        known += [
            self._stands(tenant) for tenant in self.table.tenants.values() if tenant.phase is not Phase.PURGED
        ]
        return "\n".join([*self._lines, *known, ""])

    def _gone(self, tenant_id: str) -> str:
        return f"\n{dated(END)} | day 400 | {tenant_id} is gone"

    def _stands(self, tenant: Tenant) -> str:
        seen = as_of(tenant, self.agreement, END)
        coming = forecast(seen, self.agreement)
        return "\n".join(
            [
                f"\n{dated(END)} | day 400 | {_standing(seen, self.agreement, END)}",
                *(_listed(deadline) for deadline in coming),
            ]
        )

    def _follow(self, key: tuple[str, int]) -> None:
        super()._follow(key)
        _, _, _, handed_over = self.story[-1]
        entry = self.table.journal[key]
        tenant = replay(self.tenants.journal(entry.tenant_id, limit=entry.seq))
        late = "" if entry.recorded_at == entry.at else f" (recorded {iso(entry.recorded_at)})"
        facts = ", ".join(f"{name} {entry.facts[name]}" for name in _SHOWN if name in entry.facts)
        columns = (
            f"{dated(entry.at)}{late}",
            f"{entry.event.value} [{entry.clause}]",
            _standing(tenant, self.agreement, entry.at),
            entry.why + (f" ({facts})" if facts else ""),
            _owed(entry, handed_over),
            f"by {entry.by}",
        )
        self._lines += ["", " | ".join(columns)]
        if entry.event is not Event.PURGED:
            self._announce(forecast(tenant, self.agreement), entry.recorded_at)

    def _announce(self, coming: list[Deadline], now: datetime) -> None:
        """Lists the deadlines, unless they are those that were expected and have not come yet."""
        if self._expected is None or [each for each in self._expected if each.at > now] != coming:
            self._lines += [_listed(deadline) for deadline in coming] or ["    nothing falls due"]
        self._expected = coming

    def _purge(self, tenant_id: str) -> None:
        super()._purge(tenant_id)
        at, event, clause, told = self.story[-1]
        self._lines += ["", f"{dated(from_iso(at))} | {event} [{clause}] | gone for good | owes {told}"]


def _listed(deadline: Deadline) -> str:
    return f"    {dated(deadline.at)} | {deadline.kind.value} [{deadline.clause}]"
