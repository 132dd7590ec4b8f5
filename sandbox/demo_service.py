"""The demo's chapter about running a product: told, shut and opened again, agreed anew, helped, counted.

Over HTTP alone, against the stand-ins. A promise that is broken ends the demo with an error.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jdatetime

from sandbox.api import Customer, Mailbox, instant, text
from sandbox.chapter import Chapter, expect
from sandbox.chapter import soon as answered

_SECOND, _HOUR, _DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
# Tehran is three and a half hours ahead of UTC, all year round.
_TEHRAN = timedelta(hours=3, minutes=30)
# Everybody of a product is told in turn, and the machine may be busy with other things.
_PATIENCE_SECONDS = 120


def soon(question: Callable[[], Any], what: str) -> Any:
    """The first answer that says something. Raises Unexpected when none comes in time."""
    return answered(question, what, _PATIENCE_SECONDS)


class ServiceChapter(Chapter):
    """One run against a stack."""

    def run(self) -> int:
        """All acts; how many there were. Raises Unexpected."""
        self._telling_news()
        self._maintaining()
        self._agreeing_anew()
        self._helping()
        self._counting_a_month()
        return self.acts

    def _was_mailed(self, customer: Customer, words: str) -> None:
        def found() -> bool:
            mails = Mailbox(self.api).to(customer.email, customer.mobile)
            return any(words in str(mail.get("Subject", "")) for mail in mails)

        soon(found, f"a mail about {words}")

    def _telling_news(self) -> None:
        with self.act("news reach each customer once, and stand for everybody in the news and their feed"):
            reader = self.join("customer_club")
            titles = {"fa": "گزارش‌های تازه", "en": "New reports"}
            texts = {"fa": "فروش هر ماه را ببینید.", "en": "See the sales of each month."}
            posted = self.as_boss("POST", "/products/customer_club/news", {"titles": titles, "texts": texts})
            self._was_mailed(reader.customer, titles["fa"])
            public = self.api.ask("GET", "/products/customer_club/news")["news"]
            expect("it is the newest", public[0]["news_id"] == posted["news_id"])

    def _maintaining(self) -> None:
        with self.act(
            "maintenance is refused eleven hours ahead, and told to everybody thirteen hours ahead"
        ):
            customer = self.join("kalo")
            customer.ask("PUT", "/records/c1", {"data": {"name": "Reza"}})
            now = self.boss.now()
            plan = {
                "ends_at": text(now + 14 * _HOUR),
                "what": {"fa": "پایگاه دادهٔ تازه", "en": "A new database"},
            }
            early = plan | {"starts_at": text(now + 11 * _HOUR)}
            answer = self.api.call("POST", "/products/kalo/windows", early, token=self.boss.token)
            problem = answer.json()
            expect(f"refused: {problem}", answer.status_code == 422, problem["clause"] == "KALO-7")
            planned = self.as_boss(
                "POST", "/products/kalo/windows", plan | {"starts_at": text(now + 13 * _HOUR)}
            )
            path = f"/products/kalo/windows/{planned['window_id']}"

            def all_told() -> Any:
                told = self.as_boss("GET", path)["announcement"]
                return told["finished_at"] and told

            told = soon(all_told, "everybody to be told")
            expect(f"everybody, in time: {told}", told["left"] == [], told["late"] == 0)
        with self.act(
            "in its window the API answers 503 and when to come back; then everything is as it was"
        ):
            self.boss.advance_to(instant(planned["starts_at"]) + _SECOND)
            shut = customer.call("GET", "/records/c1")
            expect(f"shut: {shut.text}", shut.status_code == 503, shut.json()["clause"] == "KALO-7")
            expect("it says when", 0 < int(shut.headers["Retry-After"]) <= 3600)
            told = self.api.ask("GET", "/products/kalo/status")
            expect("anybody may know", told["state"] == "maintenance")
            soon(lambda: self.as_boss("GET", path)["status"] == "open", "the window to open")
            ended = self.as_boss("POST", f"{path}/changes", {"change": "end"})
            expect("announced in time, it is no downtime", ended["counts_as_downtime"] is False)
            soon(lambda: customer.call("GET", "/records/c1").status_code == 200, "the API to answer again")
            expect("nothing was lost", customer.ask("GET", "/records/c1")["data"] == {"name": "Reza"})

    def _agreeing_anew(self) -> None:
        with self.act(
            "new terms: from their day on nothing is written until they are accepted, all can be read"
        ):
            customer = self.join("kallu")
            customer.ask("PUT", "/records/c1", {"data": {"name": "Reza"}})
            effective = self.boss.now() + 8 * _DAY
            publication = {
                "version": f"demo-{int(effective.timestamp())}",
                "document": "privacy",
                "effective_at": text(effective),
                "summary": {"fa": "نگهداری کوتاه‌تر", "en": "Shorter retention"},
                "sha256": "0" * 64,
                "url": "https://kallu.example/privacy",
                "must_accept": "everyone",
            }
            self.as_boss("POST", "/products/kallu/terms", publication)
            self.boss.advance_to(effective + 15 * _SECOND)

            def barred() -> Any:
                answer = customer.call("PUT", "/records/c2", {"data": {}})
                return answer.status_code == 403 and answer.json()

            problem = soon(barred, "the new terms to bar the way")
            expect(f"by its clause: {problem}", problem["clause"] == "KALLU-8")
            expect("reading goes on", customer.ask("GET", "/records/c1")["data"] == {"name": "Reza"})
            accepted = {"version": publication["version"], "accept": {"privacy": True}}
            customer.ask("POST", "/acceptances", accepted)
            customer.ask("PUT", "/records/c2", {"data": {"name": "Ali"}})

    def _helping(self) -> None:
        with self.act("a critical fault: an answer within two working hours; what is missed stays on record"):
            # Friday is no working day: nine o'clock of a Saturday in Tehran.
            self._to_a_saturday()
            customer = self.join("saman360", plan="basic")
            words = {"text": "از ساعت ۸ هیچ صفحه‌ای باز نمی‌شود.", "severity": "critical"}
            opened = customer.ask("POST", "/tickets", words)
            first = instant(opened["support"]["next_due_at"]) - instant(opened["opened_at"])
            expect(f"two working hours: {opened}", first == 2 * _HOUR)
            path = f"/tickets/{opened['ticket_id']}"
            self.as_boss("POST", customer.customer.path + path + "/messages", {"text": "We are looking."})
            told = customer.ask("GET", path)["support"]
            expect("the answer counts", [each["step"] for each in told["done"]] == ["answer"])
            self.boss.advance_to(instant(told["next_due_at"]) + _SECOND)

            def missed() -> Any:
                found = customer.ask("GET", path)["support"]
                return found["missed"] and found

            late = soon(missed, "the missed deadline")
            expect(f"the recovery was missed: {late}", [e["step"] for e in late["missed"]] == ["recovery"])
            self.as_boss(
                "POST", customer.customer.path + path + "/closures", {"outcome": "a patch was installed"}
            )

    def _counting_a_month(self) -> None:
        with self.act("twenty hours lost in a month, of 98.5 % promised: counted, and added to the lease"):
            customer = self.join("saman360", plan="basic")
            customer.buy(plan="basic", period="P3M")
            begins = _month_after(self.boss.now() + _TEHRAN)
            ends = _month_after(begins)
            month = f"{jdatetime.date.fromgregorian(date=begins.date()):%Y-%m}"
            began = begins - _TEHRAN + 2 * _DAY
            self.boss.advance_to(began + 20 * _HOUR)
            fault = {
                "cause": "fault",
                "started_at": text(began),
                "ended_at": text(began + 20 * _HOUR),
                "what": {"fa": "خاموشی", "en": "Everything stood still"},
            }
            self.as_boss("POST", "/products/saman360/incidents", fault)
            until = customer.ask("GET", "")["period_ends_at"]
            self.boss.advance_to(ends - _TEHRAN + _SECOND)
            told = customer.ask("GET", f"/uptime?month={month}")
            expect(f"counted: {told}", told["lost_seconds"] == 72_000, not told["kept"])
            self.as_boss("POST", f"/products/saman360/months/{month}/closing")

            def later() -> bool:
                return instant(customer.ask("GET", "")["period_ends_at"]) == instant(until) + 20 * _HOUR

            soon(later, "the lease to become longer")

    def _to_a_saturday(self) -> None:
        local = self.boss.now() + _TEHRAN
        morning = local.replace(hour=9, minute=0, second=0) + ((5 - local.weekday()) % 7 or 7) * _DAY
        self.boss.advance_to(morning - _TEHRAN)


def _month_after(local: datetime) -> datetime:
    """The midnight at which the Jalali month after that of `local` begins, as Tehran's clocks show it."""
    day = jdatetime.date.fromgregorian(date=local.date())
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    first = jdatetime.date(year, month, 1).togregorian()
    return datetime(first.year, first.month, first.day, tzinfo=UTC)
