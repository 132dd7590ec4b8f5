"""What many tests start from: agreements of the three kinds, and a tenant's life that is written down."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import count

from mohlat.domain import lifecycle, purchases
from mohlat.domain.agreement import (
    Address,
    Agreement,
    Basis,
    Channel,
    CompensationRule,
    DeletionWarning,
    DisputeRule,
    Document,
    Duty,
    EscrowRule,
    ExportRule,
    Extra,
    FirstInvoice,
    Lease,
    Offer,
    OfficialInvoiceRule,
    OrderNeeds,
    OveruseRule,
    PartnerPower,
    PartnerRule,
    PasswordRule,
    PaymentRule,
    Phase,
    Plan,
    Price,
    Promotion,
    RefundCase,
    RefundRule,
    Registration,
    Reminder,
    Retention,
    Returned,
    Seller,
    Since,
    Span,
    TaxRule,
    Trial,
    UsageRate,
    VatRate,
)
from mohlat.domain.durations import Duration
from mohlat.domain.errors import PurgeRefused
from mohlat.domain.journal import Entry, record
from mohlat.domain.lifecycle import Transition
from mohlat.domain.payments import Order
from mohlat.domain.tenant import Closing, Hold, Restriction, RestrictionKind, Tenant
from mohlat.domain.working_time import NOTHING_DECLARED, Declared

START = datetime(2026, 1, 31, 8, 0, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def days(number: float) -> timedelta:
    """So many times 24 hours."""
    return timedelta(days=number)


def length(text: str) -> Duration:
    """A duration as the agreements write it."""
    return Duration.parse(text)


class GregorianCalendar:
    """A calendar for tests of rules that do not depend on which calendar it is: Gregorian months, in UTC."""

    def shift(self, instant: datetime, months: int, days: int) -> datetime:
        """`instant` moved by months (day clamped to the month's length), then by days."""
        month = instant.month - 1 + months
        year, month = instant.year + month // 12, month % 12 + 1
        day = min(instant.day, monthrange(year, month)[1])
        return instant.replace(year=year, month=month, day=day) + timedelta(days=days)

    def next_midnight(self, instant: datetime) -> datetime:
        """When the UTC day of `instant` ends."""
        return instant.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)

    def working_days_after(self, instant: datetime, days: int) -> datetime:
        """The end of the last of `days` working days, Monday to Friday, after the day of `instant`."""
        end = self.next_midnight(instant)
        while days:
            days -= end.weekday() < 5
            end += timedelta(days=1)
        return end

    def year_of(self, instant: datetime) -> int:
        """The year of `instant`."""
        return instant.year

    def day_of(self, instant: datetime) -> date:
        """The UTC day of `instant`."""
        return instant.date()

    def at(self, day: date, of_day: time) -> datetime:
        """The UTC instant of a time of day."""
        return datetime.combine(day, of_day, UTC)

    def is_working_day(self, day: date, declared: Declared = NOTHING_DECLARED) -> bool:
        """Whether a day is one from Monday to Friday and not declared to be a holiday."""
        return day.weekday() < 5 and day not in declared.added

    def month_of(self, instant: datetime, before: int = 0) -> str:
        """The month of `instant`, such as 2026-11, or one so many months before it."""
        years, month = divmod(instant.month - 1 - before, 12)
        return f"{instant.year + years}-{month + 1:02d}"

    def month_span(self, month: str) -> tuple[datetime, datetime]:
        """When a month such as 2026-11 begins and ends."""
        start = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
        return start, self.shift(start, 1, 0)


def reminder(before: str, *channels: Channel) -> Reminder:
    """A reminder this long before an end, by e-mail unless said otherwise."""
    return Reminder(length(before), channels or (Channel.EMAIL,), Basis("T-REMIND"))


def plan(plan_id: str, monthly: int) -> Plan:
    """A plan with prices for a month and for a year; the month costs twice as much from 2027 on."""
    return Plan(
        id=plan_id,
        names={"en": plan_id},
        offers=(
            Offer(
                length("P1M"),
                (
                    Price(datetime(2025, 1, 1, tzinfo=UTC), monthly),
                    Price(datetime(2027, 1, 1, tzinfo=UTC), 2 * monthly),
                ),
            ),
            Offer(length("P1Y"), (Price(datetime(2025, 1, 1, tzinfo=UTC), 10 * monthly),)),
        ),
        limits={"records": 1000},
        basis=Basis("T-PLAN", "sample prices"),
    )


def extra(extra_id: str, amount: int) -> Extra:
    """Something sold once, at this price."""
    prices = (Price(datetime(2025, 1, 1, tzinfo=UTC), amount),)
    return Extra(extra_id, {"en": extra_id}, prices, Basis("T-EXTRA"))


def agreement_with_trial() -> Agreement:
    """A trial of 30 days, gone 30 days after it; what was paid or closed is kept 60 days.

    It charges no tax, so that prices stay round, but knows the rates: a test of tax replaces `exempt`.
    """
    return Agreement(
        product="trialware",
        version="1",
        effective_at=datetime(2025, 1, 1, tzinfo=UTC),
        effective_jalali="1403-10-12",
        digest="0" * 64,
        names={"en": "Trialware"},
        languages=("en", "fa"),
        calendar=GregorianCalendar(),
        sender=Address("no-reply@trialware.test", Basis("T-SENDER")),
        inbox=Address("info@trialware.test", Basis("T-INBOX")),
        document=Document("https://trialware.test/terms", Basis("T-DOCUMENT")),
        registration=Registration(
            accept=("terms", "privacy"),
            accept_basis=Basis("T-ACCEPT"),
            confirm=Channel.EMAIL,
            confirm_basis=Basis("T-CONFIRM"),
            legal_entity_basis=Basis("T-ENTITY"),
        ),
        password=PasswordRule(10, length("P180D"), Basis("T-PASSWORD")),
        trial=Trial(length("P30D"), Phase.DEACTIVATED, (reminder("P7D"), reminder("P1D")), Basis("T-TRIAL")),
        first_invoice=None,
        lease=Lease(Phase.DEACTIVATED, (reminder("P10D", Channel.SMS),), Basis("T-LEASE")),
        read_only=None,
        retention=Retention(
            after_closing=Span(length("P60D"), Basis("T-CLOSING")),
            after_trial=Span(length("P30D"), Basis("T-TRIAL-KEPT")),
            after_term=Span(length("P60D"), Basis("T-TERM-KEPT")),
        ),
        deletion_warning=DeletionWarning(
            length("P7D"), length("P2D"), (Channel.EMAIL, Channel.SMS), Basis(choice="a last warning")
        ),
        service_channels=(Channel.EMAIL, Channel.SMS),
        service_basis=Basis("T-NOTICES"),
        payments=PaymentRule(("zarinpal", "zibal"), Basis(choice="two of them")),
        plans=(plan("basic", 1_000_000), plan("plus", 3_000_000)),
        refunds=(
            RefundRule(
                RefundCase.WITHDRAWAL,
                Returned.EVERYTHING,
                None,
                Basis("T-WITHDRAWAL"),
                within_working_days=7,
                waived_by_start=True,
            ),
            RefundRule(RefundCase.VIOLATION, Returned.NOTHING, None, Basis("T-VIOLATION")),
            RefundRule(RefundCase.OTHERWISE, Returned.NOTHING, None, Basis(choice="none agreed")),
        ),
        export=ExportRule(
            frozenset({Phase.TRIAL, Phase.ACTIVE, Phase.DEACTIVATED, Phase.CLOSED}), None, Basis("T-EXPORT")
        ),
        clauses={"T-TRIAL": Duty("enforce", "the trial ends")},
        tax=TaxRule(
            exempt=True,
            rates=(
                VatRate(datetime(2025, 1, 1, tzinfo=UTC), 9),
                VatRate(datetime(2026, 1, 1, tzinfo=UTC), 10),
            ),
            basis=Basis("T-TAX"),
        ),
        # Later than any test gets that does not look for it.
        promotions=(
            Promotion(
                "sale",
                {"en": "Sale"},
                15,
                datetime(2035, 1, 1, tzinfo=UTC),
                datetime(2035, 1, 15, tzinfo=UTC),
                Basis("T-SALE"),
                ("basic",),
                (length("P1Y"),),
            ),
        ),
        extras=(extra("training", 500_000), extra("export", 200_000)),
        overuse=OveruseRule(
            length("P14D"),
            (UsageRate("records", 100, (Price(datetime(2025, 1, 1, tzinfo=UTC), 50_000),)),),
            (reminder("P7D"), reminder("P1D")),
            Basis("T-OVERUSE"),
        ),
        disputes=DisputeRule(length("P30D"), length("P7D"), Basis("T-DISPUTE")),
        official_invoices=OfficialInvoiceRule(length("P30D"), length("P7D"), Basis("T-OFFICIAL")),
        seller=Seller(
            names={"en": "Example Software"},
            national_id="99966600067",
            economic_code="99966600067",
            address={"en": "1 Example Street, Tehran"},
            postal_code="1234567890",
            phone="+982112345678",
            basis=Basis(choice="an example"),
            fiscal_id="A1B2C3",
        ),
    )


def agreement_on_credit() -> Agreement:
    """A year's lease on credit from registration, due in 30 days; a lapse is 14 days read-only, 90 kept."""
    base = agreement_with_trial()
    return replace(
        base,
        product="creditware",
        trial=None,
        first_invoice=FirstInvoice(
            length("P30D"), "basic", length("P1Y"), (reminder("P5D"),), Basis("T-INVOICE")
        ),
        lease=Lease(Phase.READ_ONLY, (reminder("P30D"), reminder("P7D")), Basis("T-LEASE")),
        read_only=Span(length("P14D"), Basis("T-READ-ONLY")),
        retention=Retention(
            after_closing=Span(length("P90D"), Basis("T-CLOSING")),
            after_term=Span(length("P90D"), Basis("T-TERM-KEPT")),
            after_withdrawal=Span(length("P7D"), Basis("T-WITHDRAWN")),
        ),
        refunds=(
            RefundRule(
                RefundCase.WITHDRAWAL,
                Returned.EVERYTHING,
                length("P30D"),
                Basis("T-WITHDRAWAL"),
                since=Since.REGISTRATION,
            ),
            RefundRule(RefundCase.RENEWAL, Returned.NOTHING, None, Basis("T-RENEWAL")),
            RefundRule(RefundCase.UPGRADE, Returned.DIFFERENCE, length("P30D"), Basis("T-UPGRADE")),
            *base.refunds[1:],
        ),
        escrow=EscrowRule(Basis("T-ESCROW")),
        partners=PartnerRule(tuple(PartnerPower), Basis("T-PARTNERS")),
        compensation=CompensationRule(length("P1M"), Basis("T-COMPENSATION")),
        export=replace(base.export, phases=frozenset({Phase.ACTIVE, Phase.READ_ONLY, Phase.CLOSED})),
    )


def agreement_account_only() -> Agreement:
    """A plain account of a shop without lease; what is closed is deleted as soon as the warning allows it."""
    return replace(
        agreement_with_trial(),
        product="accountware",
        trial=None,
        lease=None,
        retention=Retention(after_closing=Span(length("PT0S"), Basis("T-CLOSING"))),
        plans=(),
        promotions=(),
        extras=(extra("basket", 300_000),),
        overuse=None,
        order_needs=OrderNeeds(
            ("name", "surname", "mobile", "email", "address", "sheba"),
            ("company", "legal_id", "economic_code"),
            Basis("T-ORDER"),
        ),
        export=ExportRule(frozenset({Phase.ACTIVE}), None, Basis("T-EXPORT")),
    )


AGREEMENTS = {
    "trial": agreement_with_trial(),
    "credit": agreement_on_credit(),
    "account": agreement_account_only(),
}


def registered(agreement: Agreement, now: datetime = START, *, trial_used: bool = False) -> Tenant:
    """A tenant that registered at `now`."""
    return lifecycle.register(agreement, "t-1", now, plan=None, trial_used=trial_used, by="owner").after


def order(
    tenant: Tenant, number: int = 1, plan: str = "basic", period: str = "P1M", now: datetime = START
) -> Order:
    """The tenant's order with this number, whose payment is `p-<number>`."""
    return Order(
        id=f"o-{number}",
        tenant_id=tenant.id,
        product=tenant.product,
        plan=plan,
        length=length(period),
        amount=1_000_000,
        payment_id=f"p-{number}",
        created_at=now,
        expires_at=now + timedelta(hours=24),
    )


def hold(hold_id: str = "h-1", now: datetime = START) -> Hold:
    """A legal hold."""
    return Hold(hold_id, "proceedings", "court order 12/1405", "operator", now)


def restriction(
    kind: RestrictionKind = RestrictionKind.BLOCKED, now: datetime = START, until: datetime | None = None
) -> Restriction:
    """A restriction from `now` on, under a clause that names its kind."""
    return Restriction(kind, "as found", f"T-{kind.name}", now, until)


class Life:
    """One tenant's life: each step is written as the store would, and time only moves forward."""

    def __init__(self, agreement: Agreement, now: datetime = START, *, trial_used: bool = False) -> None:
        self.agreement = agreement
        self.now = now
        self.journal: list[Entry] = []
        self._numbers = count(1)
        self.write(lifecycle.register(agreement, "t-1", now, plan=None, trial_used=trial_used, by="owner"))

    def write(self, transition: Transition) -> Transition:
        """Keeps what the transition leaves, and its journal entry."""
        self.tenant, entry = record(transition)
        self.journal.append(entry)
        return transition

    def step(self) -> Transition:
        """Carries out the next deadline now, which must be due; a refused purge is put off."""
        deadline = lifecycle.next_deadline(self.tenant, self.agreement)
        assert deadline, "nothing will ever fall due"
        try:
            transition = lifecycle.carry_out(self.tenant, self.agreement, deadline, self.now, by="execution")
        except PurgeRefused as refused:
            obstacles = refused.details["obstacles"]
            assert isinstance(obstacles, list)
            transition = lifecycle.defer_purge(
                self.tenant, self.agreement, tuple(obstacles), self.now, by="execution"
            )
        return self.write(transition)

    def catch_up(self, now: datetime) -> list[Transition]:
        """Moves the clock to `now` at once and only then carries out what fell due, as after an outage."""
        self.now = now
        done = []
        while (deadline := lifecycle.next_deadline(self.tenant, self.agreement)) and deadline.at <= self.now:
            done.append(self.step())
        return done

    def run_to(self, end: datetime) -> list[Transition]:
        """Moves the clock to `end`, carrying out each deadline on its own second."""
        done = []
        while (deadline := lifecycle.next_deadline(self.tenant, self.agreement)) and deadline.at <= end:
            self.now = max(self.now, deadline.at)
            done.append(self.step())
        self.now = max(self.now, end)
        return done

    def run_out(self) -> list[Transition]:
        """Lets everything happen that happens if nobody does anything."""
        return self.run_to(datetime(2300, 1, 1, tzinfo=UTC))

    def place_order(self, plan: str = "basic", period: str = "P1M") -> Order:
        """Orders a term."""
        placed = order(self.tenant, next(self._numbers), plan, period, self.now)
        self.write(purchases.place_order(self.tenant, self.agreement, placed, self.now, by="owner"))
        return placed

    def grant(self, paid: Order) -> Transition:
        """The order's payment was captured."""
        return self.write(purchases.grant_term(self.tenant, self.agreement, paid, self.now, by="gateway"))

    def pay(self, plan: str = "basic", period: str = "P1M") -> Transition:
        """Orders a term and pays it at once."""
        return self.grant(self.place_order(plan, period))

    def close(self, closing: Closing = Closing.TERMINATION) -> Transition:
        """Closes the account."""
        return self.write(lifecycle.close(self.tenant, self.agreement, closing, self.now, by="owner"))

    def place_hold(self, hold_id: str = "h-1") -> Transition:
        """Places a legal hold."""
        placed = hold(hold_id, self.now)
        return self.write(lifecycle.place_hold(self.tenant, placed, self.now, by="operator", clause="T-HOLD"))

    def release_hold(self, hold_id: str = "h-1") -> Transition:
        """Releases a legal hold."""
        return self.write(
            lifecycle.release_hold(
                self.tenant, self.agreement, hold_id, "over", self.now, by="operator", clause="T-HOLD"
            )
        )

    def restrict(
        self, kind: RestrictionKind = RestrictionKind.BLOCKED, until: datetime | None = None
    ) -> Transition:
        """Adds a restriction."""
        added = restriction(kind, self.now, until)
        return self.write(lifecycle.restrict(self.tenant, added, self.now, by="operator"))
