"""Lives at random: all that can happen to a product's customers, in any order, in model and application.

After each step both have to agree about every account, and the twelve invariants have to hold.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mohlat.application.quoting import Wanted
from mohlat.application.settle_payment import Decision
from mohlat.domain.access import access
from mohlat.domain.agreement import Binding, Consequence
from mohlat.domain.data_jobs import DataJob, JobKind
from mohlat.domain.durations import Duration
from mohlat.domain.errors import ConcurrentChange, GatewayUnavailable, MohlatError
from mohlat.domain.lifecycle import as_of, next_deadline
from mohlat.domain.overuse import Usage
from mohlat.domain.payments import GatewayState, OrderKind, RefundState
from mohlat.domain.refunds import RefundStatus
from mohlat.domain.tenant import Closing, RestrictionKind, Tenant
from mohlat.domain.uptime import Cause
from tests.application.world import IP
from tests.model.account import Account, Money, Product, Refused, Text
from tests.model.invariants import INVARIANTS
from tests.model.stage import Stage, contacts_of

SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))
OWNER, OPERATOR = "user:owner", "operator:o"
# Most of what ends an account, and with it the story, is thought better of.
SELDOM = st.sampled_from([False, False, True])
WHO = st.integers(min_value=0, max_value=2)
PEOPLE = 4
FAILED = ("cancelled", "expired", "reversed")


class Lives(RuleBasedStateMachine):
    """Up to three accounts of one product, a gateway that may be silent, a post that may stand still."""

    steps = 0

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage
        self.product = Product(stage.agreement)
        self.accounts: dict[str, Account] = {}
        self.contacts: dict[str, str] = {}
        self.tried: set[str] = set()
        self.shredded: set[str] = set()
        self.refunds: set[str] = set()
        self.closed_months: set[str] = set()
        self.numbers = count(1)

    # --- both at once --------------------------------------------------------------------------------------

    def both(self, act: Callable[[], Any], expected: Callable[[], object]) -> Any:
        """Does it in both; says what the application answered, None if it refused."""
        answer, refused, expected_refusal = None, None, False
        try:
            answer = act()
        except ConcurrentChange:
            raise
        except MohlatError as error:
            refused = error
        try:
            expected()
        except (Refused, MohlatError):
            expected_refusal = True
        assert (refused is not None) == expected_refusal, refused or "it was not refused"
        return answer

    def pick(self, who: int) -> tuple[str, Account]:
        """One of the accounts, the newest first."""
        tenant_id = list(self.accounts)[-1 - who % len(self.accounts)]
        return tenant_id, self.accounts[tenant_id]

    @property
    def now(self) -> Any:
        return self.stage.now

    @property
    def clause(self) -> str:
        return next(iter(self.stage.agreement.clauses))

    # --- registering ---------------------------------------------------------------------------------------

    @initialize(mail=st.integers(0, PEOPLE - 1))
    def begins(self, mail: int) -> None:
        self._register(mail, mail)

    @precondition(lambda self: sum(each.phase != "purged" for each in self.accounts.values()) < 3)
    @rule(mail=st.integers(0, PEOPLE - 1), mobile=st.integers(0, PEOPLE - 1))
    def somebody_registers(self, mail: int, mobile: int) -> None:
        self._register(mail, mobile)

    def _register(self, mail: int, mobile: int) -> None:
        contacts = set(contacts_of(mail, mobile).values())

        def expected() -> None:
            if contacts & set(self.contacts):
                raise Refused

        tenant = self.both(lambda: self.stage.join(mail, mobile), expected)
        if tenant is None:
            return
        account = Account.register(self.product, self.now, tried=bool(contacts & self.tried))
        self.accounts[tenant.id] = account
        self.contacts |= dict.fromkeys(contacts, tenant.id)
        if account.figures.trial:
            self.tried |= contacts

    # --- money ---------------------------------------------------------------------------------------------

    @precondition(lambda self: self.stage.agreement.plans and not self.stage.gateway.down)
    @rule(who=WHO, data=st.data(), at_once=st.booleans(), pays=st.sampled_from([True, True, False]))
    def orders_a_term(self, who: int, data: st.DataObject, at_once: bool, pays: bool) -> None:
        plan = data.draw(st.sampled_from([each.id for each in self.stage.agreement.plans]))
        lengths = [offer.length for offer in self.stage.agreement.plan(plan).offers]
        _, account = self.pick(who)
        if account.lease and data.draw(st.booleans()):
            plan = account.lease.plan
        self._order(who, "term", plan, data.draw(st.sampled_from(lengths)), at_once, pays)

    @precondition(lambda self: self.stage.agreement.plans and not self.stage.gateway.down)
    @rule(who=WHO, data=st.data(), at_once=st.booleans())
    def buys_or_renews(self, who: int, data: st.DataObject, at_once: bool) -> None:
        """What most customers do: the plan that they have, or the one that was invoiced, paid at once."""
        _, account = self.pick(who)
        plan = account.lease.plan if account.lease else self.stage.agreement.plans[0].id
        lengths = [offer.length for offer in self.stage.agreement.plan(plan).offers]
        self._order(who, "term", plan, data.draw(st.sampled_from(lengths)), at_once, True)

    @precondition(lambda self: self._leases() and not self.stage.gateway.down)
    @rule(who=WHO, data=st.data(), pays=st.sampled_from([True, True, False]))
    def orders_an_upgrade(self, who: int, data: st.DataObject, pays: bool) -> None:
        plan = data.draw(st.sampled_from([each.id for each in self.stage.agreement.plans]))
        leases = self._leases()
        self._order(who, "upgrade", plan, Duration(), False, pays, leases[who % len(leases)])

    def _leases(self) -> list[str]:
        return [
            each for each, account in self.accounts.items() if account.lease and account.phase == "active"
        ]

    @precondition(lambda self: self.stage.agreement.extras and not self.stage.gateway.down)
    @rule(who=WHO, pays=st.booleans())
    def orders_an_extra(self, who: int, pays: bool) -> None:
        self._order(who, "extra", self.stage.agreement.extras[0].id, Duration(), False, pays)

    @precondition(
        lambda self: any(each.debts for each in self.accounts.values()) and not self.stage.gateway.down
    )
    @rule(who=WHO, data=st.data(), pays=st.booleans())
    def pays_a_debt(self, who: int, data: st.DataObject, pays: bool) -> None:
        owing = [each for each in self.accounts if self.accounts[each].debts]
        debt = data.draw(st.sampled_from(sorted(self.accounts[owing[who % len(owing)]].debts)))
        self._order(who, "debt", debt, Duration(), False, pays, owing[who % len(owing)])

    def _order(
        self,
        who: int,
        kind: str,
        subject: str,
        length: Duration,
        at_once: bool,
        pays: bool,
        tenant_id: str = "",
    ) -> None:
        tenant_id = tenant_id or self.pick(who)[0]
        account, prices = self.accounts[tenant_id], []
        plan, item = (subject, "") if kind in ("term", "upgrade") else ("", subject)
        wanted = Wanted(OrderKind(kind), plan, length, item)
        placed = self.both(
            lambda: self.stage.order_this(self._named(tenant_id), wanted, start_now=at_once),
            lambda: prices.append(account.order(kind, subject, length, self.now)),
        )
        if placed is None:
            return
        assert (placed.order.amount, placed.order.net) == prices[0]
        lease = account.lease
        account.money[placed.payment.id] = Money(
            kind,
            subject,
            length,
            *prices[0],
            ordered=self.now,
            expires=placed.order.expires_at,
            plan_before=lease.plan if kind == "upgrade" and lease else "",
            term_ends=lease.ends if kind == "upgrade" and lease else None,
            start_now=at_once,
        )
        account.open.add(f"payment:{placed.payment.id}")
        self.stage.placed.append(placed)
        if pays:
            self.stage.gateway.pay(placed.payment.authority)
            self._come_back(placed, True)

    def _named(self, tenant_id: str) -> Tenant:
        """Something that has the tenant's id; the use case reads the rest itself."""
        return self.stage.stored(tenant_id) or _Gone(tenant_id)  # type: ignore[return-value]

    def _one(self, data: st.DataObject) -> Any:
        """One of the last orders."""
        return data.draw(st.sampled_from(self.stage.placed[-8:]))

    @precondition(lambda self: self.stage.placed)
    @rule(data=st.data(), wrong=st.sampled_from([0, 0, 0, 1, -1]))
    def pays_at_the_gateway(self, data: st.DataObject, wrong: int) -> None:
        authority = self._one(data).payment.authority
        till = self.stage.gateway.tills[authority]
        if till.state in (GatewayState.IN_BANK, GatewayState.FAILED):
            self.stage.gateway.pay(authority, till.amount + wrong)

    @precondition(lambda self: self.stage.placed)
    @rule(data=st.data())
    def turns_back(self, data: st.DataObject) -> None:
        till = self.stage.gateway.tills[self._one(data).payment.authority]
        if till.state is GatewayState.IN_BANK:
            till.state = GatewayState.FAILED

    @precondition(lambda self: self.stage.placed)
    @rule(data=st.data(), claims=st.booleans(), times=st.sampled_from([1, 1, 2]))
    def the_browser_comes_back(self, data: st.DataObject, claims: bool, times: int) -> None:
        placed = self._one(data)
        for _ in range(times):
            self._come_back(placed, claims)

    def _come_back(self, placed: Any, claims: bool) -> None:
        payment_id, account = placed.payment.id, self.accounts[placed.order.tenant_id]
        money = account.money[payment_id]
        said = self._gateway_says(placed)
        with suppress(GatewayUnavailable):
            self.stage.come_back(placed, claims_paid=claims)
        if money.status not in ("pending", *FAILED) or said is None:
            return
        if said:
            account.paid(payment_id, said, self.now)
        elif not claims and money.status == "pending":
            account.failed(payment_id, "cancelled", self.now)

    def _gateway_says(self, placed: Any) -> int | None:
        """What the gateway is going to say that it took, 0 for nothing; None if it stays silent."""
        gateway = self.stage.gateway
        till = gateway.tills[placed.payment.authority]
        if gateway.down:
            return None
        if till.state not in (GatewayState.PAID, GatewayState.VERIFIED):
            return 0
        return None if gateway.lose_answers and till.amount == placed.order.amount else till.amount

    @precondition(lambda self: self.stage.placed)
    @rule(data=st.data())
    def the_watch_looks(self, data: st.DataObject) -> None:
        self._look(self._one(data))

    def _look(self, placed: Any) -> None:
        payment_id, account = placed.payment.id, self.accounts[placed.order.tenant_id]
        money, looks_at = account.money[payment_id], self.stage.payments.get(payment_id).next_check_at
        said, state = self._gateway_says(placed), self.stage.gateway.tills[placed.payment.authority].state
        self.stage.watch(payment_id)
        if looks_at is None or looks_at > self.now or said is None:
            return
        if said:
            account.paid(payment_id, said, self.now)
        elif money.status == "pending" and state is GatewayState.FAILED:
            account.failed(payment_id, "cancelled", self.now)
        elif money.status == "pending" and self.now >= money.ordered + DAY:
            account.failed(payment_id, "expired", self.now)

    @precondition(lambda self: self.stage.placed)
    @rule(data=st.data())
    def gives_a_purchase_back(self, data: st.DataObject) -> None:
        placed = self._one(data)
        tenant_id, payment_id = placed.order.tenant_id, placed.payment.id
        self.both(
            lambda: self.stage.refund_desk.return_purchase(tenant_id, payment_id, OWNER),
            lambda: self.accounts[tenant_id].give_back(payment_id, self.now),
        )

    @precondition(lambda self: self.stage.placed)
    @rule(data=st.data(), amount=st.integers(1, 3_000_000))
    def an_operator_returns_a_part(self, data: st.DataObject, amount: int) -> None:
        placed = self._one(data)
        tenant_id, payment_id = placed.order.tenant_id, placed.payment.id
        self.both(
            lambda: self.stage.refund_desk.give_back(
                tenant_id, payment_id, amount, "goodwill", self.clause, OPERATOR
            ),
            lambda: self.accounts[tenant_id].favour(payment_id, amount, self.now),
        )

    @precondition(lambda self: self.stage.placed)
    @rule(data=st.data(), grant=st.booleans())
    def a_person_decides(self, data: st.DataObject, grant: bool) -> None:
        placed = self._one(data)
        decision = Decision.GRANT if grant else Decision.RETURN
        account, payment_id = self.accounts[placed.order.tenant_id], placed.payment.id
        self.both(
            lambda: self.stage.payment_desk.decide(payment_id, decision, OPERATOR),
            lambda: account.decide(payment_id, grant=grant, now=self.now),
        )

    @rule(down=st.sampled_from([False, False, True]), loses=st.booleans())
    def the_gateway_falters(self, down: bool, loses: bool) -> None:
        self.stage.gateway.down = down
        self.stage.gateway.lose_answers = int(loses)

    @rule(state=st.sampled_from([RefundState.COMPLETED, RefundState.COMPLETED, RefundState.FAILED]))
    def money_goes_back(self, state: RefundState) -> None:
        self._return_money(state)

    def _return_money(self, state: RefundState) -> None:
        for tenant_id in self.accounts:
            for refund in self.stage.books.refunds(tenant_id):
                self.stage.refund_follower.step(tenant_id, refund.id)
        for till in self.stage.gateway.tills.values():
            till.refunds = [
                type(each)(each.amount, state) if each.state is RefundState.PENDING else each
                for each in till.refunds
            ]

    @rule()
    def a_person_sends_money(self) -> None:
        for tenant_id in self.accounts:
            for refund in self.stage.books.refunds(tenant_id):
                if refund.status is RefundStatus.PAYOUT:
                    ticket = self.stage.books.ticket(tenant_id, refund.ticket_id or "")
                    self.stage.refund_follower.paid_out(ticket, "sent", OPERATOR)

    # --- owners and operators ------------------------------------------------------------------------------

    @rule(who=WHO, really=SELDOM, erase=st.booleans())
    def closes(self, who: int, really: bool, erase: bool) -> None:
        if really:
            tenant_id, account = self.pick(who)
            why = Closing.ERASURE if erase else Closing.TERMINATION
            self.both(
                lambda: self.stage.desk.close(tenant_id, why, OWNER),
                lambda: account.close(why.value, self.now),
            )

    @rule(who=WHO)
    def reopens(self, who: int) -> None:
        tenant_id, account = self.pick(who)
        self.both(lambda: self.stage.desk.reopen(tenant_id, OWNER), lambda: account.reopen(self.now))

    @rule(who=WHO, really=SELDOM)
    def withdraws(self, who: int, really: bool) -> None:
        if really:
            tenant_id, account = self.pick(who)
            self.both(
                lambda: self.stage.refund_desk.withdraw(tenant_id, OWNER, data_taken=True),
                lambda: account.withdraw(self.now),
            )

    @rule(who=WHO)
    def writes_a_record(self, who: int) -> None:
        tenant_id, account = self.pick(who)
        record = (tenant_id, f"r-{tenant_id}", {"owner": tenant_id}, OWNER)
        self.both(lambda: self.stage.records_desk.put(*record), lambda: account.write(self.now))

    @rule(who=WHO)
    def wants_its_data(self, who: int) -> None:
        tenant_id, account = self.pick(who)
        job = self.both(
            lambda: self.stage.export_desk.begin(tenant_id, OWNER), lambda: account.export(self.now)
        )
        if job:
            account.open.add(job.matter)

    @rule()
    def exports_are_written(self) -> None:
        for tenant_id, account in self.accounts.items():
            for job in self._exports(tenant_id):
                self.stage.work(job)
                account.open.discard(job.matter)

    def _exports(self, tenant_id: str) -> list[DataJob]:
        mine = self.stage.jobs.of(tenant_id, JobKind.EXPORT) if self.stage.stored(tenant_id) else []
        return [job for job in mine if job.matter in self.accounts[tenant_id].open]

    @rule(who=WHO, days=st.sampled_from([None, 3, 40]), really=SELDOM)
    def is_blocked(self, who: int, days: int | None, really: bool) -> None:
        if not really:
            return
        tenant_id, account = self.pick(who)
        until = self.now + timedelta(days=days) if days else None
        kind = RestrictionKind.BLOCKED
        self.both(
            lambda: self.stage.desk.restrict(tenant_id, kind, "abuse", self.clause, until, OPERATOR),
            lambda: account.restrict("blocked", until, self.now),
        )

    @rule(who=WHO, kind=st.sampled_from([RestrictionKind.BLOCKED, RestrictionKind.SUSPENDED_FOR_DEBT]))
    def is_let_in_again(self, who: int, kind: RestrictionKind) -> None:
        tenant_id, account = self.pick(who)
        self.both(
            lambda: self.stage.desk.lift(tenant_id, kind, "mended", OPERATOR),
            lambda: account.lift(kind.value, self.now),
        )

    @precondition(lambda self: self.stage.agreement.violations)
    @rule(who=WHO, data=st.data(), really=SELDOM)
    def breaks_a_rule(self, who: int, data: st.DataObject, really: bool) -> None:
        if not really:
            return
        tenant_id, account = self.pick(who)
        found = data.draw(st.sampled_from(self.stage.agreement.violations))
        ends_it = found.consequence is Consequence.END
        self.both(
            lambda: self.stage.desk.find_violation(tenant_id, found.id, "seen", OPERATOR),
            lambda: account.find(ends_it, self.now),
        )

    @rule(who=WHO, really=SELDOM)
    def is_held(self, who: int, really: bool) -> None:
        if not really:
            return
        tenant_id, account = self.pick(who)
        name = f"hold-{next(self.numbers)}"
        tenant = self.both(
            lambda: self.stage.desk.place_hold(tenant_id, name, "court", self.clause, by=OPERATOR),
            lambda: account.hold(name, self.now),
        )
        if tenant:
            self.stage.seen.holds.setdefault(tenant_id, set()).add(name)

    @precondition(lambda self: any(self.stage.seen.holds.values()))
    @rule(data=st.data())
    def is_released(self, data: st.DataObject) -> None:
        standing = sorted(
            (tenant_id, name) for tenant_id, names in self.stage.seen.holds.items() for name in names
        )
        tenant_id, name = data.draw(st.sampled_from(standing))
        known = {hold.reason: hold.id for hold in self.stage.tenants.get(tenant_id).holds}
        # From here on it may go.
        self.stage.seen.holds[tenant_id].discard(name)
        self.both(
            lambda: self.stage.desk.release_hold(tenant_id, known[name], "over", self.clause, OPERATOR),
            lambda: self.accounts[tenant_id].release(name, self.now),
        )

    @precondition(lambda self: self.stage.agreement.overuse)
    @rule(who=WHO, used=st.sampled_from([1, 6, 40, 500]), billed=st.booleans())
    def is_metered(self, who: int, used: int, billed: bool) -> None:
        tenant_id, account = self.pick(who)
        usage = Usage(f"u-{next(self.numbers)}", "users", used, billed)
        invoices: list[bool] = []
        report = self.both(
            lambda: self.stage.usage_desk.report(tenant_id, usage, OPERATOR),
            lambda: invoices.append(account.meter("new", used, self.now, billed=billed)),
        )
        if report:
            assert bool(report.debt_id) is invoices[0]
            if invoices[0]:
                account.debts[report.debt_id] = account.debts.pop("new")

    # --- the product ---------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.product.texts) < 5)
    @rule(days=st.integers(0, 20), rules=st.integers(0, 2), everyone=st.booleans())
    def terms_change(self, days: int, rules: int, everyone: bool) -> None:
        changes = self.product.base.changes
        effective = self.now + timedelta(days=days)
        if changes.notice:
            effective = changes.notice.after(effective, self.product.base.calendar)
        if self.product.texts:
            effective = max(effective, self.product.texts[-1].effective + SECOND)
        if changes.binding is not Binding.USE:
            everyone = changes.binding is Binding.ACCEPT
        agreement, number = [self.product.base, *self.stage.versions][rules], len(self.product.texts) + 1
        self.stage.publish(number, effective, agreement, everyone=everyone)
        self.product.texts.append(Text(number, f"text-{number}", effective, agreement, everyone))

    @precondition(lambda self: self.product.in_force(self.now))
    @rule(who=WHO)
    def accepts_the_terms(self, who: int) -> None:
        tenant_id, account = self.pick(who)
        documents = frozenset(self.stage.agreement.registration.accept)
        version = self.product.in_force(self.now).version
        self.both(
            lambda: self.stage.terms_desk.accept(tenant_id, version, documents, "owner", IP),
            lambda: account.accept(self.now),
        )

    @precondition(lambda self: self.product.texts and self.product.base.changes.refusal)
    @rule(who=WHO, data=st.data())
    def declines_the_terms(self, who: int, data: st.DataObject) -> None:
        tenant_id, account = self.pick(who)
        text = data.draw(st.sampled_from(self.product.texts))
        self.both(
            lambda: self.stage.terms_desk.decline(tenant_id, text.version, OWNER),
            lambda: account.decline(text, self.now),
        )

    @rule()
    def everybody_is_told(self) -> None:
        for each in self.stage.service.rounds(self.stage.product):
            self.stage.go_round(each.id)

    @precondition(lambda self: self.stage.agreement.uptime)
    @rule(hours=st.integers(1, 60), ago=st.integers(0, 300), ours=st.sampled_from([True, True, False]))
    def the_product_was_down(self, hours: int, ago: int, ours: bool) -> None:
        self._down(self.now - ago * HOUR, hours, ours)

    def _down(self, end: datetime, hours: int, ours: bool) -> None:
        cause = Cause.FAULT if ours else Cause.DATA_CENTRE
        what = dict.fromkeys(self.stage.agreement.languages, "slow")
        self.stage.uptime_desk.note(self.stage.product, cause, end - hours * HOUR, end, (), what, OPERATOR)
        if ours:
            self.product.outages.append((end - hours * HOUR, end))
        # Months that were closed before anybody knew are counted again.
        self.stage.clock.time += 5 * SECOND
        self.everybody_is_told()
        calendar = self.stage.agreement.calendar
        for month in dict.fromkeys(calendar.month_of(at) for at in (end - hours * HOUR, end - SECOND)):
            if month in self.closed_months:
                self._add_time(month)

    def _add_time(self, month: str) -> None:
        for account in self.accounts.values():
            account.month_lost(month, self.now)

    @precondition(lambda self: self.stage.agreement.uptime)
    @rule(before=st.sampled_from([0, 40]), afterwards=st.sampled_from([0, 30]))
    def a_month_is_closed(self, before: int, afterwards: int) -> None:
        """The last month, with so many hours lost that were known by then, or became known later."""
        calendar = self.stage.agreement.calendar
        month = calendar.month_of(self.now, before=1)
        middle = calendar.month_span(month)[0] + 14 * DAY
        if before:
            self._down(middle, before, True)
        self._close_month(month)
        if afterwards:
            self._down(middle + 4 * DAY, afterwards, True)

    def _close_month(self, month: str) -> None:
        known = {each.id for each in self.stage.service.rounds(self.stage.product)}
        closed = self.stage.uptime_desk.close_month(self.stage.product, month, OPERATOR)
        self.stage.clock.time += 5 * SECOND
        self.stage.go_round(closed.id)
        if closed.id not in known:
            self.closed_months.add(month)
            self._add_time(month)

    # --- time, and what it wakes ---------------------------------------------------------------------------

    @rule(pause=st.sampled_from([SECOND, HOUR, DAY, 4 * DAY, 12 * DAY, 45 * DAY]))
    def time_passes(self, pause: timedelta) -> None:
        self.stage.clock.time += pause

    @rule(who=WHO, beside=st.sampled_from([-SECOND, timedelta(), timedelta(), SECOND, 2 * DAY]))
    def a_date_comes(self, who: int, beside: timedelta) -> None:
        self.the_next_date_comes(who, beside)

    def the_next_date_comes(self, who: int, beside: timedelta) -> None:
        step = self.pick(who)[1].next()
        if step:
            self.stage.clock.time = max(self.now, step[0] + beside)

    @rule(who=WHO, dates=st.integers(1, 4))
    def life_goes_on(self, who: int, dates: int) -> None:
        """So many of an account's next dates come, and everything works."""
        for _ in range(dates):
            self.the_next_date_comes(who, timedelta())
            self._sweep()
            for tenant_id, account in self.accounts.items():
                self.stage.follow(tenant_id)
                account.send("queued", "new")
            self._post()
            self.model_and_application_agree()

    @rule(who=WHO, twice=st.booleans())
    def the_stream_brings_what_is_new(self, who: int, twice: bool) -> None:
        tenant_id, account = self.pick(who)
        self.stage.follow(tenant_id, twice=twice)
        account.send("queued", "new")
        self._post()

    @rule(who=WHO)
    def the_stream_loses_what_is_new(self, who: int) -> None:
        tenant_id, account = self.pick(who)
        self.stage.follow(tenant_id, lost=True)
        account.send("lost", "new")

    def _post(self) -> None:
        self.stage.post()
        for account in self.accounts.values():
            account.post(self.now, works=self.stage.post_works)

    @rule(works=st.sampled_from([True, True, False]))
    def the_post_falters(self, works: bool) -> None:
        self.stage.post_works = works

    @precondition(lambda self: self.stage.sleeping)
    @rule(data=st.data(), twice=st.booleans())
    def an_execution_wakes(self, data: st.DataObject, twice: bool) -> None:
        self._wake(data.draw(st.sampled_from(sorted(self.stage.sleeping))), twice=twice)

    def _wake(self, name: str, *, twice: bool = False) -> None:
        tenant_id = self.stage.sleeping[name][0].tenant_id
        before = self.stage.stored(tenant_id)
        self.stage.wake(name, twice=twice)
        after = self.stage.stored(tenant_id)
        # It rests if another one looks after the tenant; what it does is what is due, all of it.
        if before and after and before.version != after.version:
            self.accounts[tenant_id].catch_up(self.now)

    @precondition(lambda self: self.stage.sleeping)
    @rule(data=st.data())
    def an_execution_is_lost(self, data: st.DataObject) -> None:
        del self.stage.sleeping[data.draw(st.sampled_from(sorted(self.stage.sleeping)))]

    @rule()
    def the_sweep_comes_by(self) -> None:
        """Once it has been, and whatever it started has woken, nobody is behind."""
        self._sweep()

    def _sweep(self) -> None:
        # The names of what it starts hold the minute.
        self.stage.clock.time += MINUTE
        self.stage.swept()
        for account in self.accounts.values():
            account.send("queued", "new", "lost")
        for name in sorted(self.stage.sleeping):
            if name in self.stage.sleeping and self.stage.sleeping[name][0].wake_at <= self.now:
                self._wake(name)
        for account in self.accounts.values():
            account.catch_up(self.now)
        self._post()

    @precondition(lambda self: set(self.stage.seen.purges) - self.shredded)
    @rule()
    def a_purge_is_carried_out(self) -> None:
        for tenant_id in sorted(set(self.stage.seen.purges) - self.shredded):
            self.stage.shred(tenant_id)
            self.shredded.add(tenant_id)
            self.contacts = {each: owner for each, owner in self.contacts.items() if owner != tenant_id}

    @rule(really=SELDOM)
    def the_tables_are_backed_up(self, really: bool) -> None:
        if really:
            self.stage.back_up()

    # --- what must hold ------------------------------------------------------------------------------------

    @invariant()
    def model_and_application_agree(self) -> None:
        type(self).steps += 1
        for tenant_id, account in self.accounts.items():
            self._follow_refunds(tenant_id, account)
            self.compare(tenant_id, account)

    @invariant()
    def the_invariants_hold(self) -> None:
        for check in INVARIANTS.values():
            check(self.stage)

    def teardown(self) -> None:
        """Once everything works again nobody is behind, and what the gateway took is decided."""
        gateway = self.stage.gateway
        gateway.down, gateway.lose_answers, self.stage.post_works = False, 0, True
        for placed in self.stage.placed:
            looks_at = self.stage.payments.get(placed.payment.id).next_check_at
            self.stage.clock.time = max(self.now, looks_at or self.now)
            self._look(placed)
            money = self.accounts[placed.order.tenant_id].money[placed.payment.id]
            taken = gateway.tills[placed.payment.authority or ""].state is GatewayState.VERIFIED
            assert not taken or money.status not in ("pending", *FAILED)
        if self.accounts:
            self._sweep()
            self.model_and_application_agree()
            self.the_invariants_hold()

    def _follow_refunds(self, tenant_id: str, account: Account) -> None:
        """Money on its way back stands open until somebody has it."""
        for refund in self.stage.books.refunds(tenant_id):
            if refund.id not in self.refunds and account.phase != "purged":
                account.open.add(f"refund:{refund.id}")
            self.refunds.add(refund.id)
            if refund.done:
                account.open.discard(f"refund:{refund.id}")

    def compare(self, tenant_id: str, account: Account) -> None:
        """Everything that can be said of an account, in both."""
        for payment in self.stage.payments_of(tenant_id):
            money = account.money[payment.id]
            ours = (payment.status.value, payment.amount, payment.captured, sum(payment.refunds.values()))
            assert ours == (money.status, money.amount, money.captured, money.returned)
        tenant = self.stage.stored(tenant_id)
        if tenant is None or account.phase == "purged":
            assert tenant is None or tenant.phase.value == "purged"
            assert account.phase == "purged"
            assert tenant_id in self.stage.seen.purges
            return
        agreement = self.stage.agreements.load(tenant.product, tenant.agreement_version)
        due = next_deadline(tenant, agreement)
        assert facts_of(tenant) == expected_of(account)
        assert (due and (due.at, due.kind.value)) == account.due()
        assert self.stage.indexed_at(tenant) == (due and due.at)
        seen = as_of(self.stage.terms_gate.as_barred(tenant), agreement, self.now)
        expected = account.seen(self.now)
        assert seen.phase.value == expected.phase
        assert access(seen, self.now).value == expected.access(self.now)


class _Gone:
    """What was a tenant: only its id is left."""

    def __init__(self, tenant_id: str) -> None:
        self.id = tenant_id


def facts_of(tenant: Tenant) -> dict[str, object]:
    """What is stored of a tenant, in plain words."""
    term, invoice = tenant.term, tenant.invoice
    return {
        "phase": tenant.phase.value,
        "era": tenant.generation,
        "figures": tenant.agreement_version,
        "ends": tenant.period_ends_at,
        "lease": term and (term.plan, term.ends_at, [(each.payment_id, each.value) for each in term.parts]),
        "invoice": invoice and (invoice.plan, invoice.length, invoice.amount, invoice.amount - invoice.vat),
        "ended": tenant.ended_at,
        "closed": tenant.closed_at and (tenant.closed_at, tenant.closing and tenant.closing.value),
        "limits": {each.kind.value: each.until for each in tenant.restrictions},
        "holds": sorted(each.reason for each in tenant.holds),
        "open": sorted(tenant.open_matters),
        "debts": {each.id: (each.amount, each.due_at) for each in tenant.debts},
        "declined": tenant.terms_declined,
    }


def expected_of(account: Account) -> dict[str, object]:
    """The same, of the model's account."""
    lease = account.lease
    return {
        "phase": account.phase,
        "era": account.era,
        "figures": account.figures.version,
        "ends": account.ends,
        "lease": lease and (lease.plan, lease.ends, [(each.payment, each.value) for each in lease.parts]),
        "invoice": account.invoice,
        "ended": account.ended,
        "closed": account.closed and (account.closed, account.why_closed),
        "limits": account.limits,
        "holds": sorted(account.holds),
        "open": sorted(account.open),
        "debts": {name: (each.amount, each.due) for name, each in account.debts.items()},
        "declined": account.declined,
    }
