"""The support role: who is let in, until when, for what, and what is written down of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from mohlat.agreements import loader
from mohlat.application.lend_support import Visitor
from mohlat.domain.errors import AccessRefused, Conflict, InvalidInput, NotAllowed, NotFound
from mohlat.domain.people import User
from mohlat.domain.roles import SupportGrant
from mohlat.domain.support import MOST_HELPERS, SupportPower
from mohlat.domain.tenant import Closing, Tenant, iso
from mohlat.domain.tickets import Ticket, TicketKind, close_ticket
from tests.application.world import EMAIL, World

HELPER_MAIL = "helper@customer.test"
BY = "user:u_1"
A_WEEK = timedelta(days=7)


class Scene:
    """A customer with a record and a ticket, and another account of the same product that can help."""

    def __init__(self, product: str = "saman360") -> None:
        self.world = World(loader.load(product))
        self.customer = self.world.register()
        self.helper = self.account(HELPER_MAIL, "+989121234568")
        self.world.records_desk.put(self.customer.id, "r-1", {"name": "x"})
        now = self.world.clock.now()
        self.ticket = Ticket(
            "k_1", self.customer.id, self.customer.product, TicketKind.MAIL, "m", now, now, "X"
        )
        self.world.books.write((self.ticket,))

    def account(self, email: str, mobile: str, *, confirmed: bool = True) -> User:
        """Another account's owner."""
        tenant = self.world.register(email=email, mobile=mobile)
        [user] = self.world.people.users(tenant.id)
        user = replace(user, confirmed_at=self.world.clock.now() if confirmed else None)
        self.world.people.save_user(user)
        return user

    def grant(self, **changes: object) -> SupportGrant:
        """Lets the helper in for a week, unless told otherwise."""
        wanted = {"email": HELPER_MAIL, "operator": None, "until": self.world.clock.now() + A_WEEK}
        return self.world.support_desk.grant(self.customer.id, **wanted | changes, by=BY)  # type: ignore[arg-type]

    def visitor(self, user: User | None = None) -> Visitor:
        """The helper at the door."""
        user = user or self.helper
        return Visitor(user.username, user.tenant_id, "192.0.2.9", "GET /support")

    def stored(self) -> Tenant:
        """The customer as it is now."""
        return self.world.tenant(self.customer)

    def shut_out(self, visitor: Visitor) -> None:
        """Every use of the role is refused, and leaves nothing but a line in the security log."""
        desk, customer = self.world.support_desk, self.customer.id
        before, log = self.stored(), self.activity()
        for use in (
            lambda: desk.settings(customer, visitor),
            lambda: desk.records(customer, visitor, None, None),
            lambda: desk.record(customer, visitor, "r-1"),
            lambda: desk.answer(customer, visitor, self.ticket.id, "x"),
        ):
            with pytest.raises(NotFound if visitor.tenant_id else NotAllowed):
                use()
            line = self.world.security_log.lines(visitor.tenant_id or visitor.username)[0]
            assert (line.kind, line.at) == ("foreign_tenant_refused", self.world.clock.now())
        assert (self.stored(), self.activity()) == (before, log)

    def let_in(self, visitor: Visitor) -> None:
        """Every use of the role is allowed."""
        desk, customer = self.world.support_desk, self.customer.id
        desk.settings(customer, visitor)
        assert [each.id for each in desk.records(customer, visitor, None, None).records] == ["r-1"]
        assert desk.record(customer, visitor, "r-1").data == {"name": "x"}
        desk.answer(customer, visitor, self.ticket.id, "set up")

    def activity(self) -> list[tuple[str, str, str]]:
        """What the log that its owner reads says, the newest first."""
        lines = self.world.records_desk.activity(self.customer.id, None, None)
        return [(line.by, line.what, line.record_id) for line in lines]


@pytest.mark.clause("SAMAN-3.7")
def test_a_helper_is_let_in_to_the_last_second_and_not_one_more() -> None:
    scene = Scene()
    scene.shut_out(scene.visitor())
    grant = scene.grant()
    scene.let_in(scene.visitor())
    scene.world.clock.time = grant.until - timedelta(seconds=1)
    scene.let_in(scene.visitor())
    scene.world.clock.time = grant.until
    scene.shut_out(scene.visitor())
    assert scene.world.support_desk.helpers(scene.customer.id) == []


@pytest.mark.clause("SAMAN-3.7")
def test_a_helper_who_is_sent_away_is_out_in_the_same_second() -> None:
    scene = Scene()
    grant = scene.grant()
    scene.let_in(scene.visitor())
    scene.world.support_desk.withdraw(scene.customer.id, grant.id, BY)
    scene.shut_out(scene.visitor())
    with pytest.raises(NotFound):
        scene.world.support_desk.withdraw(scene.customer.id, grant.id, BY)
    assert scene.stored().helpers == ()
    scene.grant()
    scene.let_in(scene.visitor())


@pytest.mark.clause("SAMAN-3.7")
def test_an_operator_who_was_picked_is_let_in_and_no_other() -> None:
    scene = Scene()
    nima = Visitor("nima", "", "192.0.2.9", "GET /support")
    scene.shut_out(nima)
    scene.grant(email=None, operator="nima")
    scene.let_in(nima)
    scene.shut_out(replace(nima, username="sima"))
    # Nor a user of some account who happens to be called so.
    scene.shut_out(replace(nima, tenant_id=scene.helper.tenant_id))
    scene.shut_out(scene.visitor())


@pytest.mark.clause("SAMAN-3.7")
def test_each_grant_use_and_withdrawal_says_who_and_what() -> None:
    scene = Scene()
    grant = scene.grant()
    scene.let_in(scene.visitor())
    scene.world.support_desk.withdraw(scene.customer.id, grant.id, BY)
    granted, answered, withdrawn = scene.world.tenants.journal(scene.customer.id)[-3:]
    name = f"support:{scene.helper.username}"
    assert (granted.event.value, granted.by, granted.clause) == ("support_granted", BY, "SAMAN-3.7")
    assert granted.facts == {
        "grant_id": grant.id,
        "helper": scene.helper.username,
        "until": iso(grant.until),
    }
    assert (answered.event.value, answered.by, answered.clause) == ("support_answered", name, "SAMAN-3.7")
    assert (answered.facts["ticket_id"], answered.facts["power"]) == ("k_1", "answer")
    assert (withdrawn.event.value, withdrawn.by) == ("support_withdrawn", BY)
    assert withdrawn.facts == {"grant_id": grant.id, "helper": scene.helper.username}
    assert scene.activity()[:3] == [
        (name, "read_records", "r-1"),
        (name, "read_records", ""),
        (name, "read_settings", ""),
    ]
    [note] = scene.world.service_desk.notes(scene.customer.id)
    assert (note.id, note.by, note.summary, note.channel.value) == (
        answered.facts["note_id"],
        name,
        "set up",
        "support_role",
    )


@pytest.mark.parametrize("product", loader.products())
def test_what_helpers_read_is_logged_in_every_product_and_the_longest_time_is_the_agreements(
    product: str,
) -> None:
    scene = Scene(product)
    rule = scene.world.agreement.support_role
    assert rule
    latest = rule.at_most.after(scene.world.clock.now(), scene.world.agreement.calendar)
    with pytest.raises(InvalidInput) as refused:
        scene.grant(until=latest + timedelta(seconds=1))
    assert (refused.value.field, refused.value.details["clause"]) == ("until", rule.basis.cite())
    assert scene.grant(until=latest).until == latest
    scene.world.support_desk.settings(scene.customer.id, scene.visitor())
    assert scene.activity()[0] == (f"support:{scene.helper.username}", "read_settings", "")


@pytest.mark.clause("SAMAN-3.7")
def test_a_helper_reads_no_more_than_the_customer_itself_may() -> None:
    scene = Scene()
    scene.grant()
    scene.world.desk.close(scene.customer.id, Closing.TERMINATION, BY)
    scene.world.support_desk.settings(scene.customer.id, scene.visitor())
    with pytest.raises(AccessRefused):
        scene.world.support_desk.records(scene.customer.id, scene.visitor(), None, None)
    with pytest.raises(AccessRefused):
        scene.world.support_desk.record(scene.customer.id, scene.visitor(), "r-1")


def test_the_role_may_do_three_things() -> None:
    assert [power.value for power in SupportPower] == ["read_settings", "read_records", "answer"]


def test_a_helper_is_a_confirmed_account_of_the_product_and_not_ones_own() -> None:
    scene = Scene()
    scene.account("unconfirmed@customer.test", "+989121234569", confirmed=False)
    [owner] = scene.world.people.users(scene.customer.id)
    scene.world.people.save_user(replace(owner, confirmed_at=scene.world.clock.now()))
    for email in ("nobody@customer.test", "unconfirmed@customer.test", EMAIL):
        with pytest.raises(InvalidInput) as refused:
            scene.grant(email=email)
        assert refused.value.field == "email"
    assert refused.value.reason == "is of this account already"
    with pytest.raises(InvalidInput) as refused:
        scene.grant(email=None, operator=scene.helper.username)
    assert refused.value.field == "operator"
    for neither_or_both in (None, "nima"):
        with pytest.raises(InvalidInput) as refused:
            scene.grant(email=HELPER_MAIL if neither_or_both else None, operator=neither_or_both)
        assert refused.value.reason == "must name exactly one of them"
    assert scene.stored().helpers == ()


def test_a_new_grant_of_the_same_helper_takes_the_place_of_the_old_one() -> None:
    scene = Scene()
    first = scene.grant()
    shorter = scene.grant(until=scene.world.clock.now() + timedelta(hours=1))
    assert first.id != shorter.id
    [helper] = scene.world.support_desk.helpers(scene.customer.id)
    assert (helper.grant, helper.email) == (shorter, HELPER_MAIL)
    scene.world.clock.advance(hours=1)
    scene.shut_out(scene.visitor())


def test_an_operator_has_no_address_and_neither_has_a_helper_whose_account_went() -> None:
    scene = Scene()
    scene.grant(email=None, operator="nima")
    scene.grant()
    del scene.world.table.contacts[scene.helper.tenant_id]
    assert [each.email for each in scene.world.support_desk.helpers(scene.customer.id)] == [None, None]


def test_only_open_matters_are_answered_and_only_those_of_the_customer() -> None:
    scene = Scene()
    scene.grant()
    desk, customer = scene.world.support_desk, scene.customer.id
    with pytest.raises(NotFound):
        desk.answer(customer, scene.visitor(), "k_9", "x")
    scene.world.books.write((close_ticket(scene.ticket, "done", scene.world.clock.now(), by=BY),))
    with pytest.raises(Conflict):
        desk.answer(customer, scene.visitor(), scene.ticket.id, "x")
    assert scene.world.service_desk.notes(customer) == []


def test_a_grant_that_ends_while_the_answer_is_written_refuses_it() -> None:
    """Somebody else is faster: what is decided anew finds the door shut."""
    scene = Scene()
    grant = scene.grant()
    scene.world.tenants.before_commit = [
        lambda: scene.world.support_desk.withdraw(scene.customer.id, grant.id, BY)
    ]
    with pytest.raises(NotFound):
        scene.world.support_desk.answer(scene.customer.id, scene.visitor(), scene.ticket.id, "x")
    assert scene.world.service_desk.notes(scene.customer.id) == []
    assert scene.world.events(scene.customer)[-1] == "support_withdrawn"


def test_ten_helpers_at_a_time() -> None:
    scene = Scene()
    for number in range(MOST_HELPERS):
        scene.grant(email=None, operator=f"operator-{number}")
    with pytest.raises(Conflict):
        scene.grant()
    scene.world.clock.advance(days=8)
    scene.grant()
    assert len(scene.stored().helpers) == 1


def test_who_was_let_in_finds_nothing_once_the_customer_is_purged() -> None:
    scene = Scene()
    scene.grant()
    del scene.world.table.tenants[scene.customer.id]
    with pytest.raises(NotFound):
        scene.world.support_desk.settings(scene.customer.id, scene.visitor())
    assert scene.world.security_log.lines(scene.helper.tenant_id)[0].kind == "foreign_tenant_refused"
