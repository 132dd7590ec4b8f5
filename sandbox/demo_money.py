"""The demo's chapter about money: everything that a customer of saman360 can pay, get back and contest.

Over HTTP alone, against the stand-ins. Each promise is looked at on both sides; one that is broken ends the
demo with an error. The ledger is asked after each act and has to balance.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sandbox.api import Operator, instant
from sandbox.chapter import Buyer, Chapter, expect, soon

PRODUCT = "saman360"
# Tehran is three and a half hours ahead of UTC, all year round.
_TEHRAN = timedelta(hours=3, minutes=30)
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)


@dataclass
class MoneyChapter(Chapter):
    """One run against a stack; `partner` is a business partner of the vendor's."""

    partner: Operator = field(kw_only=True)

    def run(self) -> int:
        """All acts, in the order of time. How many there were."""
        first, late, early = self.join(PRODUCT), self.join(PRODUCT), self.join(PRODUCT)
        self._buying(first)
        self._escrow(first)
        self._overuse(first)
        self._withdrawing(early, late)
        self._contesting(first)
        return self.acts

    # --- the acts ---------------------------------------------------------------------------------------

    def _buying(self, buyer: Buyer) -> None:
        with self.act("pays the first invoice, renews, and upgrades twice by the day"):
            first = buyer.buy(plan="basic", period="P3M")
            buyer.buy(plan="basic", period="P3M")
            self.boss.advance_to(self.boss.now() + 10 * _DAY + _MINUTE)
            up = buyer.buy(kind="upgrade", plan="business")
            self.boss.advance_to(self.boss.now() + 5 * _DAY)
            top = buyer.buy(kind="upgrade", plan="enterprise")
            status = buyer.customer.get()
            expect("the plan is the dearest", status["term"]["plan"] == "enterprise")
            held = buyer.ledger()
            orders = buyer.ask("GET", "/orders")["orders"]
            paid = sum(order["amount_rials"] for order in orders)
            expect("what was paid was granted", held["captured"] == held["granted"] + held["tax"] == paid)
        with self.act("a renewal is final; the last upgrade goes back, and only the last"):
            body = {"payment_id": first["payment"]["payment_id"]}
            renewal = buyer.ask("GET", "/orders")["orders"][-2]["payment"]["payment_id"]
            refusal = buyer.refused("POST", "/refunds", {"payment_id": renewal}, "refund-refused")
            expect("by its clause", refusal["clause"] == "SAMAN-5.6")
            refusal = buyer.refused("POST", "/refunds", body, "refund-refused")
            expect("by its clause", refusal["clause"] == "SAMAN-5.5")
            buyer.refused("POST", "/refunds", {"payment_id": up["payment"]["payment_id"]}, "conflict")
            refund = buyer.ask("POST", "/refunds", {"payment_id": top["payment"]["payment_id"]})
            expect("the difference", refund["amount_rials"] == top["amount_rials"])
            expect("the plan is what it was", buyer.customer.get()["term"]["plan"] == "business")
            self.settle_refunds(buyer)
            expect("the ledger says so", buyer.ledger()["refunded"] == top["amount_rials"])
        with self.act("each payment has its invoice, the returned one a credit note; as page, file and JSON"):
            invoices = soon(lambda: found if len(found := buyer.invoices()) == 5 else None, "five documents")
            # Each year begins with 1 again.
            expect("no number twice", len({invoice["number"] for invoice in invoices}) == 5)
            expect("one of them a credit note", [each["kind"] for each in invoices].count("credit_note") == 1)
            one = f"{buyer.customer.path}/invoices/{invoices[0]['invoice_id']}"
            for path, accept, begins in (
                (one, "text/html", b"<!doctype html>"),
                (f"{one}/pdf", "application/pdf", b"%PDF-"),
                (f"{one}?form=taxpayer", "application/json", b"{"),
            ):
                headers = {"Accept": accept, "Authorization": f"Bearer {buyer.customer.token}"}
                answer = self.api.http.get(f"/v1{path}", headers=headers)
                expect(f"{path}: {answer.status_code} {answer.text[:200]}", answer.content.startswith(begins))

    def _escrow(self, buyer: Buyer) -> None:
        agreed = {
            "partner": self.partner.username,
            "title": "Setting up the site",
            "amount_rials": 30_000_000,
        }
        path = f"{buyer.customer.path}/escrows"
        with self.act("agreed work is deposited, released on the customer's word, and owed to the partner"):
            work = self.as_boss("POST", path, agreed)
            buyer.buy(kind="escrow", escrow_id=work["escrow_id"])
            expect("it lies in escrow", buyer.ledger()["escrowed"] == 30_000_000)
            buyer.ask("POST", f"/escrows/{work['escrow_id']}/releases")
            held = buyer.ledger()
            expect("it is the partner's", held["escrowed"] == 0, held["payable"] == 30_000_000)
            mine = self.api.ask("GET", "/partner/escrows", token=self.partner.token)["escrows"]
            expect("the partner sees it", work["escrow_id"] in [each["escrow_id"] for each in mine])
            tickets = self.as_boss("GET", f"/tickets?product={PRODUCT}")["tickets"]
            payout = next(each for each in tickets if each["subject"] == work["escrow_id"])
            closing = f"{buyer.customer.path}/tickets/{payout['ticket_id']}/closures"
            self.as_boss("POST", closing, {"outcome": "paid by bank transfer"})
            expect("it is paid out", buyer.ledger()["paid_out"] == 30_000_000)
        with self.act("other work is handed back on request, without questions; then the reason is told"):
            work = self.as_boss("POST", path, agreed)
            buyer.buy(kind="escrow", escrow_id=work["escrow_id"])
            before = buyer.ledger()["refunded"]
            buyer.ask("POST", f"/escrows/{work['escrow_id']}/returns")
            self.settle_refunds(buyer)
            expect("the deposit went back", buyer.ledger()["refunded"] == before + 30_000_000)
            buyer.ask("POST", f"/escrows/{work['escrow_id']}/reasons", {"reason": "it took too long"})

    def _overuse(self, buyer: Buyer) -> None:
        with self.act(
            "use above the limits is invoiced; unpaid after two weeks it suspends, paid it lifts at once"
        ):
            usage = {"usage_id": "meter-1", "metric": "records", "used": 250_000, "billed": True}
            self.as_boss("POST", f"{buyer.customer.path}/usage", usage)
            self.as_boss("POST", f"{buyer.customer.path}/usage", usage)
            (debt,) = buyer.ask("GET", "/debts")["debts"]
            due_at = instant(debt["due_at"])
            self.to(due_at - timedelta(seconds=2))
            expect("not yet", buyer.customer.get()["access"] == "full")
            self.to(due_at + timedelta(seconds=1))
            soon(lambda: buyer.customer.get()["access"] == "none", "the suspension")
            expect("it is owed", buyer.ledger()["owed"] == debt["amount_rials"])
            buyer.buy(kind="debt", debt_id=debt["debt_id"])
            expect("lifted at once", buyer.customer.get()["access"] == "full", buyer.ledger()["owed"] == 0)

    def _withdrawing(self, early: Buyer, late: Buyer) -> None:
        for buyer in (early, late):
            buyer.buy(plan="basic", period="P3M")
        registered = instant(early.customer.get()["registered_at"]) + _TEHRAN
        midnight = registered.replace(hour=0, minute=0, second=0) + 31 * _DAY - _TEHRAN
        body = {"data_taken": True, "confirm": early.customer.tenant_id}
        with self.act("withdraws on day 30 at 23:59 in Tehran: everything goes back, then all is deleted"):
            self.to(midnight - _MINUTE)
            done = early.ask("POST", "/withdrawals", body)
            expect("everything", sum(each["amount_rials"] for each in done["refunds"]) == self._paid(early))
            expect("closed", done["phase"] == "closed", done["access"] == "none")
        with self.act("one minute later the right has ended"):
            self.to(midnight + timedelta(seconds=1))
            body = {"data_taken": True, "confirm": late.customer.tenant_id}
            refusal = late.refused("POST", "/withdrawals", body, "refund-refused")
            expect("by its clause", refusal["clause"] == "SAMAN-5.5")
            expect("and since when", instant(refusal["details"]["ended_at"]) == midnight)
        with self.act("the money is back, and a week later nothing is left of the account"):
            self.settle_refunds(early)
            held = early.ledger()
            expect("nothing is kept", held["captured"] == held["refunded"], held["granted"] == 0)
            self.boss.advance_to(self.boss.now() + 8 * _DAY)
            gone = f"/purges/{early.customer.tenant_id}"

            def finished() -> Any:
                answer = self.api.call("GET", gone, token=self.boss.token)
                return answer.status_code == 200 and answer.json()["finished"]

            soon(finished, "the deletion")

    def _contesting(self, buyer: Buyer) -> None:
        with self.act("an invoice is contested and answered; one older than thirty days cannot be any more"):
            oldest, *_, newest = sorted(buyer.invoices(), key=lambda each: each["dated_at"])
            words = {"text": "The quantity is wrong."}
            buyer.ask("POST", f"/invoices/{newest['invoice_id']}/disputes", words)
            refusal = buyer.refused("POST", f"/invoices/{oldest['invoice_id']}/disputes", words, "too-late")
            expect("since when", "ended_at" in refusal["details"])
            open_ones = buyer.ask("GET", "/tickets")["tickets"]
            contested = next(each["ticket_id"] for each in open_ones if each["kind"] == "invoice_dispute")
            closing = f"{buyer.customer.path}/tickets/{contested}/closures"
            self.as_boss("POST", closing, {"outcome": "Counted again: it is right."})
            answered = buyer.ask("GET", f"/tickets/{contested}")
            expect("its answer", answered["outcome"] == "Counted again: it is right.")

    def _paid(self, buyer: Buyer) -> int:
        return (
            sum(
                int(order["amount_rials"])
                for order in buyer.ask("GET", "/orders")["orders"]
                if order["payment"]["status"] == "granted"
            )
            or buyer.ledger()["captured"]
        )
