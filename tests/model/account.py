"""What an account should be: a small model of a tenant's life, to judge the application by.

It reads an agreement's figures and its calendar, and shares nothing else with the code that it judges: what
falls due, what an event makes of an account, what money buys and what goes back are said here once more, from
the agreements' own words. Everything is one mutable object per account, and one for what a product's accounts
have in common.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from mohlat.domain.agreement import Agreement, Binding, RefundCase, Returned, Since
from mohlat.domain.durations import Duration

DAY = timedelta(days=1)
NEVER = datetime.min.replace(tzinfo=UTC)
Due = tuple[datetime, str]
Step = tuple[datetime, str, str]


class Refused(Exception):
    """The agreement does not allow it, or it makes no sense: nothing happens."""


def demand(condition: object) -> None:
    """Raises Refused unless it holds."""
    if not condition:
        raise Refused


@dataclass(frozen=True)
class Text:
    """A published version of a product's terms. `bars`: nothing is used until it was accepted."""

    number: int
    version: str
    effective: datetime
    rules: Agreement
    bars: bool


@dataclass
class Product:
    """What all accounts of a product share: the agreement's file, texts, and times of no use."""

    base: Agreement
    texts: list[Text] = field(default_factory=list)
    outages: list[tuple[datetime, datetime]] = field(default_factory=list)

    def in_force(self, now: datetime) -> Text | None:
        return max((text for text in self.texts if text.effective <= now), key=_number, default=None)

    def lost(self, since: datetime, until: datetime) -> timedelta:
        """How long it could not be used between two instants."""
        reached, total = since, timedelta()
        for start, end in sorted(self.outages):
            total += max(min(end, until) - max(start, reached), timedelta())
            reached = max(reached, min(end, until))
        return total


def _number(text: Text) -> int:
    return text.number


@dataclass(frozen=True)
class Bought:
    """One purchase within a lease; `value` is what was paid, without tax, for the days from `starts` on."""

    payment: str
    length: Duration
    days: int
    starts: datetime
    ends: datetime
    value: int

    def left(self, now: datetime) -> Bought | None:
        """What is left of it from the next day of its own on; None if nothing is."""
        days = round((self.ends - self.starts) / DAY)
        used = min(max(-((self.starts - now) // DAY), 0), days)
        if used == days:
            return None
        value = self.value - self.value * used // days
        return replace(self, starts=self.starts + used * DAY, value=value)


@dataclass
class Lease:
    plan: str
    anchor: datetime
    length: Duration
    ends: datetime
    parts: list[Bought]
    added: timedelta = timedelta()
    # The payment of each upgrade, with the plan and the parts before it.
    upgrades: list[tuple[str, str, list[Bought]]] = field(default_factory=list)


@dataclass
class Money:
    """One payment: `amount` as ordered, `captured` as taken; `returned` goes back or went back."""

    kind: str
    subject: str
    length: Duration
    amount: int
    net: int
    ordered: datetime
    expires: datetime
    plan_before: str = ""
    term_ends: datetime | None = None
    start_now: bool = False
    status: str = "pending"
    captured: int = 0
    returned: int = 0
    settled: datetime | None = None


@dataclass
class Debt:
    issued: datetime
    due: datetime
    amount: int
    net: int
    reminded: set[str] = field(default_factory=set)
    suspends: bool = False


@dataclass
class Account:
    """One account. `era` rises with whatever makes what was announced before void."""

    product: Product
    figures: Agreement
    registered: datetime
    phase: str = "active"
    era: int = 1
    began: datetime = NEVER
    ends: datetime | None = None
    lease: Lease | None = None
    # The first lease on credit: plan, length, amount, net, and when it is to be paid.
    invoice: tuple[str, Duration, int, int] | None = None
    ended: datetime | None = None
    closed: datetime | None = None
    why_closed: str = ""
    before: tuple[str, datetime | None] | None = None
    floor: datetime | None = None
    reminded: set[str] = field(default_factory=set)
    warned: bool = False
    # Warnings that are owed: era, the date that each one names, and where its message is (new, lost or
    # queued); and the eras in which one was handed over.
    owed: list[tuple[int, datetime, str]] = field(default_factory=list)
    handed_over: set[int] = field(default_factory=set)
    limits: dict[str, datetime | None] = field(default_factory=dict)
    holds: set[str] = field(default_factory=set)
    open: set[str] = field(default_factory=set)
    debts: dict[str, Debt] = field(default_factory=dict)
    money: dict[str, Money] = field(default_factory=dict)
    accepted: datetime = NEVER
    accepted_version: str = ""
    invoiced: datetime | None = None
    exported: datetime | None = None
    # Per month, the lost time that was added.
    added: dict[str, timedelta] = field(default_factory=dict)
    declined: str = ""

    @classmethod
    def register(cls, product: Product, now: datetime, *, tried: bool) -> Account:
        text = product.in_force(now)
        a = text.rules if text else product.base
        self = cls(product, a, now, began=now, accepted=now)
        if a.trial:
            self.phase, self.ends = "trial", now if tried else self.after(a.trial.length, now)
        elif a.first_invoice:
            first = a.first_invoice
            self.ends = self.after(first.due, now)
            net = a.list_price(first.plan, first.length, now)
            self.invoice = (first.plan, first.length, self.taxed(net, now), net)
        return self

    def after(self, length: Duration, start: datetime) -> datetime:
        return length.after(start, self.figures.calendar)

    def ahead(self, length: Duration, end: datetime) -> datetime:
        return length.before(end, self.figures.calendar)

    def taxed(self, net: int, now: datetime) -> int:
        return net + net * self.product.base.tax.percent_at(now) // 100

    # --- what falls due ------------------------------------------------------------------------------------

    def removal(self) -> datetime | None:
        """When its data goes; None while nothing has ended."""
        kept, start = self.figures.retention, self.closed or self.ended
        if start is None or self.phase == "purged":
            return None
        if self.closed:
            special = {"withdrawal": kept.after_withdrawal, "finding": kept.after_finding}
            span = special.get(self.why_closed) or kept.after_closing
        else:
            nothing_bought = self.lease is None and self.invoice is None
            span = (kept.after_trial if nothing_bought else None) or kept.after_term
        promised = self.after(span.length, start)
        return max(promised, self.floor or promised)

    def pending(self) -> Iterator[Step]:
        """Everything that may be next: when, what, and of which reminder or debt."""
        a, reminders = self.figures, ()
        end, what = self.ends, ""
        if self.phase == "trial":
            reminders, what = a.trial.reminders, "end_trial"
        elif self.phase == "active" and self.invoice:
            reminders, what = a.first_invoice.reminders, "suspend_unpaid_lease"
        elif self.phase == "active" and self.ends:
            reminders, what = a.lease.reminders, "end_term"
        elif self.phase == "read_only":
            end, what = self.after(a.read_only.length, self.ended), "deactivate"
        for reminder in reminders:
            at = self.ahead(reminder.before, end)
            if str(reminder.before) not in self.reminded and at > self.began:
                yield at, "remind", str(reminder.before)
        if what:
            yield end, what, ""
        for name, debt in self.debts.items() if self.phase in ("trial", "active", "read_only") else ():
            for reminder in a.overuse.reminders:
                at = self.ahead(reminder.before, debt.due)
                if str(reminder.before) not in debt.reminded and at > debt.issued:
                    yield at, "remind_of_debt", f"{name}:{reminder.before}"
            if not debt.suspends:
                yield debt.due, "suspend_for_debt", name
        gone = self.removal()
        if gone and not self.holds and self.phase != "read_only":
            if self.warned:
                yield gone, "purge", ""
            else:
                early = self.ahead(a.deletion_warning.before, gone)
                yield max(early, self.closed or self.ended), "warn_of_deletion", ""

    def next(self) -> Step | None:
        return min(self.pending(), key=lambda step: step[0], default=None)

    def due(self) -> Due | None:
        """When what falls due next."""
        step = self.next()
        return step and step[:2]

    def catch_up(self, now: datetime, *, purge: bool = True) -> None:
        """Everything that is due at `now`, each counted from its own instant; late, never left out."""
        while (step := self.next()) and step[0] <= now:
            at, what, of = step
            match what:
                case "remind":
                    self.reminded.add(of)
                case "remind_of_debt":
                    name, _, before = of.partition(":")
                    self.debts[name].reminded.add(before)
                case "suspend_for_debt":
                    self.debts[of].suspends = True
                    self.limits["suspended_for_debt"] = None
                case "end_trial" | "end_term" | "suspend_unpaid_lease":
                    rule = self.figures.trial if what == "end_trial" else self.figures.lease
                    self.phase, self.ended, self.ends = rule.then.value, at, at
                    if what == "suspend_unpaid_lease":
                        self.limits["suspended_for_debt"] = None
                case "deactivate":
                    self.phase = "deactivated"
                case "warn_of_deletion":
                    promised = self.removal()
                    named = max(promised, self.after(self.figures.deletion_warning.wait, now))
                    self.floor = named if named > promised else self.floor
                    self.warned = True
                    self.owed.append((self.era, named, "new"))
                case "purge":
                    if not purge:
                        return
                    self._remove(now)

    def _remove(self, now: datetime) -> None:
        paid = self.phase != "closed" and self.ends and self.ends > now
        if self.open or paid or self.era not in self.handed_over:
            self.floor = self.after(self.figures.deletion_warning.wait, now)
            if not self.open and not paid:
                self.warned = False
        else:
            self.phase = "purged"

    def send(self, to: str, *came_from: str) -> None:
        """What is owed gets into the queue, or lost."""
        self.owed = [(era, named, to if at in came_from else at) for era, named, at in self.owed]

    def post(self, now: datetime, *, works: bool) -> None:
        """The queue is emptied: a warning counts if it is not overtaken nor too late, and was handed over."""
        for owed in [each for each in self.owed if each[2] == "queued"]:
            era, named, _ = owed
            void = era != self.era or now >= named or self.holds or self.phase == "purged"
            if works or void:
                self.owed.remove(owed)
            if works and not void:
                self.handed_over.add(era)

    def _new_period(self, now: datetime, ends: datetime | None) -> None:
        self.era += 1
        self.began, self.ends = now, ends
        self.reminded, self.warned, self.floor = set(), False, None

    # --- what it may do ------------------------------------------------------------------------------------

    def seen(self, now: datetime) -> Account:
        """As its deadlines up to `now` leave it, whether or not anybody has carried them out."""
        step = self.next()
        if step is None or step[0] > now:
            return self
        debts = {name: replace(each, reminded=set(each.reminded)) for name, each in self.debts.items()}
        copied = {"reminded": set(self.reminded), "limits": dict(self.limits), "owed": list(self.owed)}
        twin = replace(self, debts=debts, **copied)
        twin.catch_up(now, purge=False)
        return twin

    def limited(self, kind: str, now: datetime) -> bool:
        return kind in self.limits and (self.limits[kind] is None or now < self.limits[kind])

    def waiting(self, now: datetime) -> list[Text]:
        """The texts in force that it has not accepted, oldest first."""
        return [text for text in self.product.texts if self.accepted < text.effective <= now]

    def barred(self, now: datetime) -> bool:
        return any(text.bars for text in self.waiting(now))

    def access(self, now: datetime) -> str:
        if self.phase not in ("trial", "active", "read_only"):
            return "none"
        if self.limited("blocked", now) or self.limited("suspended_for_debt", now):
            return "none"
        return "read_only" if self.phase == "read_only" or self.barred(now) else "full"

    # --- what its owner does -------------------------------------------------------------------------------

    def use(self, now: datetime) -> None:
        """Writing, or ordering: accepts the texts in force where use accepts. Refused while one bars it."""
        waiting = self.waiting(now)
        demand(not self.barred(now))
        if waiting and self.product.base.changes.binding is Binding.USE:
            self._bind(waiting[-1])

    def _bind(self, text: Text) -> None:
        nothing_runs = self.phase == "active" and self.ends is None and not self.debts
        if nothing_runs and text.rules.version != self.figures.version:
            self.era += 1
            self.figures, self.warned = text.rules, False
        self.accepted = max(text.effective, self.registered)
        self.accepted_version, self.invoiced, self.declined = text.version, None, ""

    def write(self, now: datetime) -> None:
        """A record is written."""
        demand(self.seen(now).access(now) == "full")
        self.use(now)

    def export(self, now: datetime) -> None:
        """All data is asked for; free as often as agreed."""
        self.catch_up(now, purge=False)
        rule, none = self.figures.export, self.access(now) == "none"
        kept = self.phase in rule.phases and not self.limited("blocked", now)
        demand(self.phase != "purged" and (kept or not none))
        demand(not any(matter.startswith("export:") for matter in self.open))
        if rule.free_every and self.exported:
            demand(self.after(rule.free_every, self.exported) <= now)
        self.exported = now

    def accept(self, now: datetime) -> None:
        self.catch_up(now)
        demand(self.phase != "purged")
        waiting = self.waiting(now)
        self._bind(waiting[-1] if waiting else self.product.in_force(now))

    def decline(self, text: Text, now: datetime) -> None:
        self.catch_up(now)
        current = self.product.in_force(now)
        demand(self.figures.changes.refusal and (current is None or text.number >= current.number))
        demand(text.effective > self.registered)
        demand(text.effective > self.accepted or self.invoiced is None)
        demand(self.phase == "active" and self.ends and self.declined != text.version)
        self.declined = text.version

    def close(self, why: str, now: datetime) -> None:
        self.catch_up(now)
        demand(self.phase not in ("closed", "purged"))
        self._end(why, now)

    def _end(self, why: str, now: datetime) -> None:
        self.before = (self.phase, self.ends) if why in ("termination", "erasure") else None
        self._new_period(now, now if self.ends else None)
        self.phase, self.closed, self.why_closed = "closed", now, why

    def reopen(self, now: datetime) -> None:
        self.catch_up(now, purge=False)
        rule = self.figures.retention.reopening
        demand(self.phase == "closed" and self.before and rule)
        demand(rule.within is None or now < self.after(rule.within, self.closed))
        phase, ends = self.before
        if phase == "active" and not self.invoice and ends:
            # What was given back while it was closed is not there any more.
            gone = self.lease is None
            phase, ends = ("deactivated", now) if gone else (phase, self.lease.ends)
            self.ended = now if gone else self.ended
        self._new_period(now, ends)
        self.phase, self.closed, self.before, self.why_closed = phase, None, None, ""
        self.floor = self.after(self.figures.deletion_warning.before, now)
        self.catch_up(now, purge=False)

    def withdraw(self, now: datetime) -> None:
        """Everything back, and the account gone: within its days from registering on."""
        self.catch_up(now, purge=False)
        rule = self.figures.refund_rule(RefundCase.WITHDRAWAL)
        demand(rule and rule.since is Since.REGISTRATION and not self._violator(now))
        demand(now < rule.within.whole_days_after(self.registered, self.figures.calendar))
        demand(self.phase not in ("closed", "purged"))
        for money in self.money.values():
            if money.status == "granted":
                money.returned = money.captured
        self.invoice, self.debts = None, {}
        self._end("withdrawal", now)

    def _violator(self, now: datetime) -> bool:
        rule = self.figures.refund_rule(RefundCase.VIOLATION)
        found = self.limited("blocked", now) or self.why_closed == "finding"
        return bool(rule and rule.returned is Returned.NOTHING and found)

    def give_back(self, payment: str, now: datetime) -> None:
        """One purchase back for all its money, as far as the agreement goes."""
        self.catch_up(now, purge=False)
        money, a = self.money[payment], self.figures
        demand(self.phase != "purged" and money.status == "granted" and not self._violator(now))
        withdrawal, renewal = a.refund_rule(RefundCase.WITHDRAWAL), a.refund_rule(RefundCase.RENEWAL)
        leases = {name: each for name, each in self.money.items() if each.kind == "term" and each.settled}
        leases = {name: each for name, each in leases.items() if each.status == "granted"}
        first = min(leases, key=lambda name: (leases[name].settled, name), default=payment)
        rule = withdrawal if withdrawal and withdrawal.since is Since.PURCHASE else None
        rule = None if money.kind == "debt" else rule
        if money.kind == "upgrade":
            rule = a.refund_rule(RefundCase.UPGRADE) or rule
        if money.kind == "term" and payment != first and renewal:
            rule = renewal
        demand(rule and rule.returned is not Returned.NOTHING)
        demand(not (rule.waived_by_start and money.start_now))
        if rule.within_working_days is not None:
            end = a.calendar.working_days_after(money.settled, rule.within_working_days)
        else:
            end = rule.within.whole_days_after(money.settled, a.calendar)
        demand(now < end and money.returned < money.captured)
        if money.kind == "term":
            self._take_back_term(payment, money, now)
        elif money.kind == "upgrade":
            self._take_back_upgrade(payment)
        money.returned = money.captured

    def _take_back_term(self, payment: str, money: Money, now: datetime) -> None:
        lease = self.lease
        demand(self.phase == "active" and lease and lease.parts and lease.parts[-1].payment == payment)
        known = {part.payment for _, _, parts in lease.upgrades for part in parts}
        demand(payment not in known)
        *earlier, last = lease.parts
        self.ends = max(last.starts, now)
        if earlier:
            lease.parts, lease.length = earlier, lease.length - money.length
            lease.ends = max(last.starts, self.after(lease.length, lease.anchor) + lease.added)
            self.ends = lease.ends
        else:
            self.lease = None
        self.era += 1
        self.reminded, self.warned = set(), False

    def _take_back_upgrade(self, payment: str) -> None:
        demand(self.lease and self.lease.upgrades)
        last, plan, parts = self.lease.upgrades[-1]
        demand(last == payment)
        demand({part.payment for part in self.lease.parts} <= {part.payment for part in parts})
        self.lease.plan, self.lease.parts = plan, parts
        self.lease.upgrades.pop()

    # --- what it buys --------------------------------------------------------------------------------------

    def order(self, kind: str, subject: str, length: Duration, now: datetime) -> tuple[int, int]:
        """What an order costs, with and without tax. `subject` is a plan, an extra or a debt."""
        self.catch_up(now)
        renews, base = kind in ("term", "upgrade"), self.product.base
        demand(self.phase not in ("closed", "purged") and not self.limited("blocked", now))
        demand(self.figures.lease or not renews)
        current = self.product.in_force(now)
        demand(not renews or not current or not self.declined or self.declined not in self._effective(now))
        self.use(now)
        if kind == "debt":
            demand(subject in self.debts)
            debt = self.debts[subject]
            demand(len(self.open) < 20)
            return debt.amount, debt.net
        if kind == "extra":
            net = self._extra_price(subject, now)
        elif kind == "upgrade":
            demand(self.phase == "active" and self.lease and self.lease.plan != subject)
            net = self._difference(subject, now)
            demand(net > 0)
        elif self.invoice and self.invoice[:2] == (subject, length):
            demand(len(self.open) < 20)
            return self.invoice[2], self.invoice[3]
        else:
            price = base.list_price(subject, length, now)
            cheaper = [each.percent for each in base.promotions if each.applies(subject, length, now)]
            net = price - price * max(cheaper, default=0) // 100
        if kind == "term":
            demand(self.phase != "active" or self.lease is None or self.lease.plan == subject)
        demand(len(self.open) < 20)
        return self.taxed(net, now), net

    def _effective(self, now: datetime) -> set[str]:
        return {text.version for text in self.product.texts if text.effective <= now}

    def _extra_price(self, subject: str, now: datetime) -> int:
        prices = [each for each in self.product.base.extra_item(subject).prices if each.since <= now]
        return prices[-1].amount

    def _dearer(self, plan: str, now: datetime) -> list[tuple[Bought, Bought]]:
        """What is left of each purchase of the lease, and the same on another plan at today's price."""
        both = []
        for part in self.lease.parts:
            if left := part.left(now):
                price = self.product.base.list_price(plan, part.length, now)
                days = round((left.ends - left.starts) / DAY)
                new = price - price * (part.days - days) // part.days
                both.append((left, replace(left, value=new)))
        return both

    def _difference(self, plan: str, now: datetime) -> int:
        return sum(dear.value - left.value for left, dear in self._dearer(plan, now))

    def fits(self, money: Money, now: datetime) -> bool:
        """Whether captured money can still buy what was ordered."""
        if self.phase == "purged":
            return False
        if money.kind == "debt":
            return money.subject in self.debts
        if self.phase == "closed" or self.limited("blocked", now):
            return False
        running = self.lease if self.phase == "active" else None
        if money.kind == "upgrade":
            fits = running and (running.plan, running.ends) == (money.plan_before, money.term_ends)
            return bool(fits)
        return money.kind == "extra" or running is None or running.plan == money.subject

    def paid(self, payment: str, captured: int, now: datetime) -> None:
        """The gateway says what it took for an order that is not decided."""
        money = self.money[payment]
        money.captured, failed = captured, money.status in ("cancelled", "expired")
        money.settled = now
        if captured != money.amount:
            # A person decides, and nothing of the account goes before that.
            money.status = "held"
            if self.phase != "purged":
                self.open.add(f"payment:{payment}")
            return
        self.catch_up(now)
        self.open.discard(f"payment:{payment}")
        if (failed and now >= money.expires) or not self.fits(money, now):
            money.status, money.returned = "owed_back", captured
            return
        money.status = "granted"
        self._buy(payment, money, now)

    def decide(self, payment: str, *, grant: bool, now: datetime) -> None:
        """A person decides what is held."""
        money = self.money[payment]
        demand(money.status == "held")
        if grant:
            demand(money.captured >= money.amount)
            self.catch_up(now)
            demand(self.fits(money, now))
            money.status, money.returned = "granted", money.captured - money.amount
            self._buy(payment, money, now)
        else:
            money.status, money.returned = "returned", money.captured
        money.settled = now
        self.open.discard(f"payment:{payment}")

    def failed(self, payment: str, status: str, now: datetime) -> None:
        """Nobody paid, as far as anybody knows."""
        self.money[payment].status, self.money[payment].settled = status, now
        self.open.discard(f"payment:{payment}")

    def _buy(self, payment: str, money: Money, now: datetime) -> None:
        match money.kind:
            case "term":
                self._lengthen(payment, money, now)
            case "upgrade":
                before = (payment, self.lease.plan, self.lease.parts)
                self.lease.parts = [dear for _, dear in self._dearer(money.subject, money.ordered)]
                self.lease.plan = money.subject
                self.lease.upgrades = [*self.lease.upgrades, before]
            case "debt":
                self.settle_debt(money.subject)

    def _lengthen(self, payment: str, money: Money, now: datetime) -> None:
        lease = self.lease if self.phase == "active" else None
        length, added, starts = money.length, timedelta(), None
        if self.phase == "trial":
            anchor = self.ends
        elif lease:
            anchor, length, added, starts = lease.anchor, lease.length + length, lease.added, lease.ends
        elif self.phase == "active" and self.invoice:
            anchor = self.registered
        else:
            anchor = self.ends if self.phase == "active" and self.ends and self.ends > now else now
        ends = self.after(length, anchor) + added
        if ends <= now:
            anchor, length, ends = now, money.length, self.after(money.length, now)
        starts = starts or anchor
        days = round((ends - starts) / DAY)
        part = Bought(payment, money.length, days, starts, ends, money.net)
        kept = [each for each in lease.parts if each.ends > now] if lease else []
        upgrades = lease.upgrades if lease else []
        text = self.product.in_force(self.registered if self.invoice else money.ordered)
        if not any(debt.suspends for debt in self.debts.values()):
            self.limits.pop("suspended_for_debt", None)
        self.lease = Lease(money.subject, anchor, length, ends, [*kept, part], added, upgrades)
        self.phase, self.invoice, self.ended = "active", None, None
        self._new_period(now, ends)
        if text:
            self._buy_under(text, money.ordered, now)

    def _buy_under(self, text: Text, ordered: datetime, now: datetime) -> None:
        """A lease is under the text of the day it was ordered."""
        self.figures = text.rules
        if self.declined in self._effective(ordered):
            self.declined = ""
        if self.waiting(ordered):
            self.accepted, self.accepted_version, self.invoiced = text.effective, text.version, now
        elif text.version == self.accepted_version and self.invoiced is None:
            self.invoiced = now

    def favour(self, payment: str, amount: int, now: datetime) -> None:
        """An operator gives a part of a payment back."""
        self.catch_up(now, purge=False)
        money = self.money[payment]
        demand(self.phase != "purged" and money.status == "granted" and money.kind != "debt")
        demand(amount <= money.captured - money.returned)
        money.returned += amount

    # --- what others do ------------------------------------------------------------------------------------

    def restrict(self, kind: str, until: datetime | None, now: datetime) -> None:
        self.catch_up(now)
        demand(self.phase != "purged" and not self.limited(kind, now))
        self.limits[kind] = until

    def lift(self, kind: str, now: datetime) -> None:
        self.catch_up(now)
        demand(self.phase != "purged" and kind in self.limits)
        del self.limits[kind]

    def find(self, ends_it: bool, now: datetime) -> None:
        """An operator finds a breach: blocked at once, and closed where the agreement says so."""
        self.catch_up(now)
        demand(self.phase != "purged" and not (ends_it and self.phase == "closed"))
        self.limits["blocked"] = None
        if ends_it:
            self._end("finding", now)

    def hold(self, name: str, now: datetime) -> None:
        self.catch_up(now, purge=False)
        demand(self.phase != "purged")
        self.holds.add(name)

    def release(self, name: str, now: datetime) -> None:
        self.catch_up(now)
        demand(self.phase != "purged" and name in self.holds)
        promised = self.removal()
        self.holds.discard(name)
        if not self.holds and promised:
            fresh = self.after(self.figures.deletion_warning.before, now)
            self.era += 1
            self.warned = False
            self.floor = fresh if promised < fresh else self.floor

    def meter(self, name: str, used: int, now: datetime, *, billed: bool) -> bool:
        """So many users are reported: above the plan's limit it is slowed down, and billed use is invoiced.

        Says whether there is an invoice.
        """
        self.catch_up(now, purge=False)
        demand(self.phase not in ("closed", "purged"))
        plan = self.lease.plan if self.lease else self.invoice[0] if self.invoice else ""
        rate = next(each for each in self.figures.overuse.rates if each.metric == "users")
        above = used - self.figures.plan(plan).limits["users"]
        if above <= 0:
            self.limits.pop("throttled", None)
            return False
        if not billed:
            self.limits["throttled"] = None
            return False
        demand(len(self.debts) < 20)
        net = -(-above // rate.block) * [each for each in rate.prices if each.since <= now][-1].amount
        before = self.next()
        self.debts[name] = Debt(now, self.after(self.figures.overuse.due, now), self.taxed(net, now), net)
        self.era += self.next() != before
        self.limits["throttled"] = None
        return True

    def settle_debt(self, name: str) -> None:
        debt = self.debts.pop(name)
        upheld = any(other.suspends for other in self.debts.values())
        if debt.suspends and not upheld and not (self.invoice and self.ended):
            self.limits.pop("suspended_for_debt", None)

    def month_lost(self, name: str, now: datetime) -> None:
        """A month in which the product was down for longer than promised: its lost time is added, once."""
        start, until = self.figures.calendar.month_span(name)
        since = max(start, self.registered)
        lost, promised = self.product.lost(since, until), self.figures.uptime.per_mille
        total = max(until - since, timedelta())
        owed = lost - self.added.get(name, timedelta())
        if lost * 1000 <= total * (1000 - promised) or owed <= timedelta() or self.ends is None:
            return
        if self.phase == "active" and self.invoice:
            self.ends += owed
        elif self.lease and self.phase == "active":
            self.ends += owed
            self.lease.ends, self.lease.added = self.lease.ends + owed, self.lease.added + owed
        elif self.lease and self.phase in ("read_only", "deactivated") and self.ended:
            self.lease.ends, self.lease.added = self.lease.ends + owed, self.lease.added + owed
            ends, lives = self.ended + owed, self.ended + owed > now
            if lives:
                began = self.began
                self._new_period(began, ends)
                self.phase = "active"
            self.ends, self.ended = ends, None if lives else ends
        else:
            return
        self.added[name] = lost
