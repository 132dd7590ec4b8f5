"""Another address or number for an account: asked for with the password, proved by a code that was sent
there, and from then on the only one that leads to it.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from mohlat.application.change_contact import Way
from mohlat.application.codes import issue_code
from mohlat.domain.errors import (
    AccessRefused,
    Conflict,
    Gone,
    Held,
    InvalidInput,
    NotSignedIn,
    TooManyAttempts,
)
from mohlat.domain.people import CodePurpose, Contact, owner_of
from mohlat.domain.tenant import Closing, Tenant
from tests.application.desks import Office
from tests.application.world import EMAIL, IP, MOBILE, PASSWORD
from tests.builders import SECOND

NEW, NEW_MOBILE = "sara.new@customer.test", "+989350000009"


class Moving(Office):
    """A customer of kalo, confirmed, all messages sent."""

    def __init__(self, product: str = "kalo") -> None:
        super().__init__(product)
        self.mine: Tenant = self.register()
        self.send_all()
        owner = owner_of(self.people.users(self.mine.id))
        assert owner
        self.owner = owner.username
        self.clock.advance(minutes=5)
        code = self.code(CodePurpose.CONFIRM)
        self.front_desk.confirm(self.mine.id, code, IP)

    def code(self, purpose: CodePurpose) -> str:
        """A code as the registered contact would receive it."""
        now = self.clock.now()
        return issue_code(self.people, self.ids, self.mine.id, self.owner, purpose, now)

    def ask(self, way: Way = Way.EMAIL, contact: str = NEW, password: str = PASSWORD) -> None:
        self.contact_desk.ask(self.mine.id, self.owner, way, contact, password, IP)

    def letter(self) -> str:
        """The queue's newest request for a code is carried out; the code, wherever it went."""
        asked = self.queue.messages[-1]
        self.send_code(asked)
        sent = self.mailer.sent if asked["channel"] == "email" else list(self.sms.sent.values())
        return str(sent[-1]["text"])[-6:]

    def confirm(self, code: str, way: Way = Way.EMAIL, contact: str = NEW) -> Contact:
        return self.contact_desk.confirm(self.mine.id, self.owner, way, contact, code, IP)

    def enter(self, contact: str) -> str:
        return self.front_desk.open_session(self.mine.product, contact, PASSWORD, IP).tenant_id


@pytest.mark.clause("KALO-3", "KALAK-copy")
@pytest.mark.parametrize(
    ("way", "before", "new"), [(Way.EMAIL, EMAIL, NEW), (Way.MOBILE, MOBILE, NEW_MOBILE)]
)
def test_the_new_contact_leads_in_once_its_code_came_back_and_the_one_before_no_more(
    way: Way, before: str, new: str
) -> None:
    office = Moving()
    office.ask(way, new)
    code = office.letter()
    sent = office.mailer.sent[-1] if way is Way.EMAIL else list(office.sms.sent.values())[-1]
    assert sent["to"] == new
    assert office.enter(before) == office.mine.id
    with pytest.raises(NotSignedIn):
        office.enter(new)
    changed = office.confirm(code, way, new)
    assert getattr(changed, way) == new
    assert office.people.contact(office.mine.id) == changed
    assert office.enter(new) == office.mine.id
    with pytest.raises(NotSignedIn):
        office.enter(before)
    entries = office.tenants.journal(office.mine.id)[-2:]
    assert [entry.event.value for entry in entries] == ["contact_change_asked", "contact_changed"]
    assert [entry.facts for entry in entries] == [{"field": way.value}] * 2
    # Repeated by somebody who did not see the answer.
    assert office.confirm("000000", way, new) == changed
    # The contact before is nobody's: it may have an account of its own.
    other = {"email": before, "mobile": "+989360000001"} if way is Way.EMAIL else {"mobile": before}
    assert office.register(**{"email": "other@customer.test", **other}).id != office.mine.id


@pytest.mark.clause("KALO-13")
def test_the_contact_before_is_told_of_it_while_it_still_is_the_one() -> None:
    office = Moving()
    office.ask()
    office.send_all()
    told = [str(mail["to"]) for mail in office.mailer.sent if mail["subject"] == "contact_change"]
    assert told == [EMAIL]
    assert [each["to"] for each in office.sms.sent.values()][-1] == MOBILE
    office.confirm(office.letter())
    office.clock.advance(minutes=1)
    office.desk.close(office.mine.id, Closing.TERMINATION, "user:owner")
    office.send_all()
    closing = [str(mail["to"]) for mail in office.mailer.sent if mail["subject"] == "account_closed"]
    assert closing == [NEW]


@pytest.mark.clause("CLUB-12")
def test_an_account_of_the_club_stays_with_its_number_and_may_have_another_mailbox() -> None:
    office = Moving("customer_club")
    with pytest.raises(AccessRefused) as refused:
        office.ask(Way.MOBILE, NEW_MOBILE)
    assert refused.value.details["clause"] == "CLUB-12"
    assert office.queue.messages == []
    office.ask()
    assert office.confirm(office.letter()).email == NEW
    assert office.people.contact(office.mine.id).mobile == MOBILE


def test_a_token_alone_takes_no_account_over() -> None:
    office = Moving()
    before = len(office.queue.messages)
    with pytest.raises(InvalidInput) as refused:
        office.ask(password="not-the-password-7")
    assert refused.value.field == "password"
    assert len(office.queue.messages) == before
    assert office.table.audit[-1].kind == "sign_in_failed"
    assert office.tenants.journal(office.mine.id)[-1].event.value != "contact_change_asked"


def test_a_code_proves_the_contact_that_it_was_sent_to_and_no_other() -> None:
    office = Moving()
    office.ask()
    first = office.letter()
    with pytest.raises(InvalidInput) as refused:
        office.confirm(first, contact="reza@customer.test")
    assert refused.value.field == "code"
    with pytest.raises(InvalidInput):
        office.confirm(office.code(CodePurpose.RECOVER))
    office.clock.advance(minutes=2)
    office.ask(contact="reza@customer.test")
    office.letter()
    with pytest.raises(InvalidInput):
        office.confirm(first)
    assert office.people.contact(office.mine.id).email == EMAIL


def test_a_code_ends_after_fifteen_minutes_and_five_tries() -> None:
    office = Moving()
    office.ask()
    code = office.letter()
    office.clock.advance(minutes=15)
    with pytest.raises(InvalidInput):
        office.confirm(code)
    office.ask()
    code = office.letter()
    for _ in range(5):
        with pytest.raises(InvalidInput):
            office.confirm("999999")
    with pytest.raises(TooManyAttempts):
        office.confirm(code)


def test_one_code_a_minute() -> None:
    office = Moving()
    office.ask()
    office.letter()
    office.clock.advance(seconds=59)
    with pytest.raises(TooManyAttempts):
        office.ask()
    office.clock.time += SECOND
    office.ask()


def test_what_is_registered_or_has_an_account_is_refused_by_name() -> None:
    office = Moving()
    with pytest.raises(InvalidInput) as refused:
        office.ask(Way.MOBILE, MOBILE)
    assert refused.value.field == "mobile"
    office.register(email=NEW, mobile="+989360000001")
    with pytest.raises(Conflict) as known:
        office.ask()
    assert known.value.details["field"] == "email"


def test_who_was_quicker_with_an_account_keeps_the_contact() -> None:
    office = Moving()
    office.ask()
    code = office.letter()
    office.tenants.before_commit = [lambda: office.register(email=NEW, mobile="+989360000001")]
    with pytest.raises(Conflict):
        office.confirm(code)
    assert office.people.contact(office.mine.id).email == EMAIL
    assert office.enter(EMAIL) == office.mine.id


def test_a_contact_that_moves_in_has_its_trial_here() -> None:
    office = Moving()
    office.ask()
    office.confirm(office.letter())
    assert office.people.trial_used("kalo", [office.fingerprints.of("kalo", NEW)])
    # Once it is nobody's any more it still had it.
    office.clock.advance(minutes=2)
    office.ask(contact="third@customer.test")
    office.confirm(office.letter(), contact="third@customer.test")
    again = office.register(email=NEW, mobile="+989360000001")
    assert again.period_ends_at == again.registered_at


def test_a_recovery_that_was_begun_at_the_contact_before_does_not_end_here() -> None:
    office = Moving()
    recovery = office.code(CodePurpose.RECOVER)
    office.ask()
    office.confirm(office.letter())
    with pytest.raises(InvalidInput):
        office.front_desk.finish_recovery("kalo", MOBILE, recovery, "otter-9-lantern-quay", IP)
    assert office.enter(NEW) == office.mine.id


def test_a_hold_on_all_there_is_keeps_the_contact_as_it_is_one_on_some_records_does_not() -> None:
    office = Moving()
    office.ask()
    code = office.letter()
    clause = next(iter(office.agreement.clauses))
    held = office.desk.place_hold(office.mine.id, "an order", "court", clause, by="operator:o")
    for act in (office.ask, lambda: office.confirm(code)):
        with pytest.raises(Held):
            act()
    office.desk.release_hold(office.mine.id, held.holds[0].id, "lifted", clause, "operator:o")
    office.desk.place_hold(office.mine.id, "an order", "court", clause, ("r1",), by="operator:o")
    assert office.confirm(code).email == NEW


def test_of_a_purged_account_nothing_can_be_changed() -> None:
    office = Moving()
    office.ask()
    code = office.letter()
    office.live_until_purge(office.mine)
    for act in (office.ask, lambda: office.confirm(code)):
        with pytest.raises(Gone):
            act()


@pytest.mark.parametrize("days", [45, 60])
def test_it_can_be_told_as_long_as_there_is_an_account(days: int) -> None:
    office = Moving()
    office.clock.time += timedelta(days=days)
    office.ask()
    assert office.confirm(office.letter()).email == NEW
