"""The demo's chapter about data: kept, brought together, handed out, asked about, gone, and provably so.

Over HTTP alone, against the stand-ins. A promise that is broken ends the demo with an error.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import timedelta
from typing import Any

from sandbox.api import Customer, Mailbox, instant, text
from sandbox.chapter import Buyer, Chapter, expect, soon

_SECOND, _DAY = timedelta(seconds=1), timedelta(days=1)


class DataChapter(Chapter):
    """One run against a stack."""

    def run(self) -> int:
        """All acts; how many there were. Raises Unexpected."""
        club = self.join("customer_club")
        self._synchronizing(club)
        self._restoring(club)
        self._declining()
        self._asking()
        self._leaving()
        return self.acts

    def _mails(self, customer: Customer) -> list[str]:
        found = Mailbox(self.api).to(customer.email, customer.mobile)
        return [str(message.get("BodyText", "")) for message in found]

    def _synchronizing(self, club: Buyer) -> None:
        with self.act(
            "two tills bring what they gathered offline, twice and shuffled: nothing lost or double"
        ):
            at = text(self.boss.now() - timedelta(hours=1))
            changes = [
                {"id": f"c-{n}", "record_id": f"r-{n:03d}", "edited_at": at, "data": {"n": n}}
                for n in range(400)
            ]
            for batch, fate in ((changes, "applied"), (changes[::-1], "repeated")):
                told = club.ask("POST", "/sync", {"device": "till-1", "changes": batch})["outcomes"]
                expect(f"every change is {fate}", {each["fate"] for each in told} == {fate})
            other = {"id": "d-1", "record_id": "r-000", "edited_at": at, "data": {"mobile": "۰۹۱۲۱۱۱۲۲۳۳"}}
            club.ask("POST", "/sync", {"device": "till-2", "changes": [other]})
            aside = club.ask("GET", "/records/r-000/copies")["copies"]
            expect(
                "what the second till had not seen is put aside",
                [each["data"] for each in aside] == [{"n": 0}],
            )
            wanted = {"field": "mobile", "value": "0912 111 2233"}
            found = club.ask("POST", "/record-searches", wanted)["records"]
            expect("found by its number, sealed as it is", [each["record_id"] for each in found] == ["r-000"])

    def _restoring(self, club: Buyer) -> None:
        with self.act("damaged entries come back from the nearest backup; nothing newer is undone unasked"):
            club.ask("POST", "/backups")

            def done() -> Any:
                backup = club.ask("GET", "/backups")["backups"][0]
                return backup["status"] == "done" and backup

            backup = soon(done, "the backup")
            club.ask("PUT", "/records/r-001", {"data": {"n": "damaged"}})
            self.boss.advance_to(self.boss.now() + 2 * _SECOND)
            before = text(self.boss.now())
            for overwrite, status in ((False, "refused"), (True, "done")):
                begun = club.ask("POST", "/restorations", {"before": before, "overwrite": overwrite})
                expect("it says which backup", begun["backup_id"] == backup["backup_id"])
                self.boss.advance_to(self.boss.now() + 31 * _SECOND)
                path = f"/restorations/{begun['restoration_id']}"

                def ended_as(path: str = path) -> Any:
                    found = club.ask("GET", path)
                    return found["status"] != "running" and found

                ended = soon(ended_as, "the restoration")
                expect(f"it is {status}: {ended}", ended["status"] == status, ended["losses"]["changed"] == 1)
            expect("as it was", club.ask("GET", "/records/r-001")["data"] == {"n": 1})

    def _declining(self) -> None:
        with self.act("an advertisement carries its way out: one click, and no more of them come"):
            shop = self.join("kalak")
            offer = {"kind": "promotion", "subject": "A third off until Nowruz", "text": "Order now."}
            path = f"{shop.customer.path}/promotions"
            self.api.ask("POST", path, offer, token=self.boss.token)

            def links() -> list[str]:
                return [
                    found
                    for mail in self._mails(shop.customer)
                    for found in re.findall(r"/u/\w+/e/\w+", mail)
                ]

            (link,) = soon(links, "the advertisement")[:1]
            expect("opening it changes nothing", self.api.call("GET", link).status_code == 200)
            expect("still wanted", shop.ask("GET", "/consents")["standing"]["marketing_email"])
            expect("pressing its button does", self.api.call("POST", link).status_code == 200)
            expect("not any more", not shop.ask("GET", "/consents")["standing"]["marketing_email"])

    def _asking(self) -> None:
        with self.act("a request about one's data by mail: from the registered address only, due in 30 days"):
            asker = self.join("kallu", name="Nima Rad")
            words = f"Port my data.\nName: {asker.customer.name}\nRoom ID: {asker.customer.tenant_id}"
            mail = {"to": "privacy@kallu.cc", "subject": "My Personal Data", "text": words}
            for sender, verdicts in (("stranger@example.org", {}), (asker.customer.email, {"dkim": "FAIL"})):
                self.api.http.post("/sandbox/mail", json={**mail, "from": sender, "verdicts": verdicts})
            expect(
                "strangers and forgers get nothing", asker.ask("GET", "/data-requests")["data_requests"] == []
            )
            self.api.http.post("/sandbox/mail", json={**mail, "from": asker.customer.email})
            (asked,) = soon(lambda: asker.ask("GET", "/data-requests")["data_requests"], "the request")
            wait = instant(asked["due_at"]) - instant(asked["received_at"])
            expect("in thirty days", wait == 30 * _DAY, asked["right"] == "port")

    def _leaving(self) -> None:
        with self.act(
            "a closed account hands everything out with checksums; then it is deleted and certified"
        ):
            leaver = self.join("kalo")
            for number in range(3):
                leaver.ask("PUT", f"/records/c{number}", {"data": {"n": number}})
            closing = {"closing": "termination", "confirm": leaver.customer.name}
            closed_at = instant(leaver.ask("POST", "/closures", closing)["closed_at"])
            leaver.refused("GET", "/records", None, "access-refused")
            path = f"/exports/{leaver.ask('POST', '/exports')['export_id']}"
            soon(lambda: leaver.ask("GET", path)["status"] == "done", "the export")
            for file in leaver.ask("GET", f"{path}/files/manifest.json")["files"]:
                content = leaver.call("GET", f"{path}/files/{file['name']}").content
                expect(file["name"], hashlib.sha256(content).hexdigest() == file["sha256"])
            self.boss.advance_to(max(closed_at + 60 * _DAY + _SECOND, self.boss.now()))

            def certificate() -> Any:
                mails = self._mails(leaver.customer)
                links = [found for mail in mails for found in re.findall(r"/certificates/\S+", mail)]
                answer = self.api.call("GET", links[0]) if links else None
                return answer is not None and answer.status_code == 200 and answer.json()

            told = soon(certificate, "the certificate")
            expect(f"nothing is left: {json.dumps(told['left'])}", set(told["left"].values()) == {0})
            expect("by which clause", told["clause"] == "KALO-27", bool(told["signature"]))
