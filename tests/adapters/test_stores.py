"""The contract of the stores: one set of tests for the fakes and for DynamoDB. Money: `test_money_stores`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from mohlat.application import ports
from mohlat.application.ports import DueKind, HandedOver
from mohlat.domain import lifecycle, purchases
from mohlat.domain.agreement import Channel, Phase
from mohlat.domain.errors import (
    ConcurrentChange,
    Conflict,
    Gone,
    NotFound,
    PurgeRefused,
    TooManyAttempts,
)
from mohlat.domain.journal import replay
from mohlat.domain.lifecycle import next_deadline
from mohlat.domain.notices import Dispatch, NoticeKind, NoticeStatus
from mohlat.domain.payments import Opening, Payment, PaymentStatus, rechecked, settled, with_opening
from mohlat.domain.people import (
    Acceptance,
    Code,
    CodePurpose,
    Contact,
    Identity,
    LegalEntity,
    Role,
    TrialMark,
    User,
)
from mohlat.domain.purge import PurgeEntry, Store
from mohlat.domain.tenant import Closing, RestrictionKind, Tenant
from tests.adapters.conftest import AGREEMENT, Stores
from tests.builders import SECOND, START, hold, order, restriction
from tests.fakes import FakeTenants


def reserved(
    tenant: Tenant, key: str = "deletion_warning@x#g1", channel: Channel = Channel.EMAIL
) -> Dispatch:
    return Dispatch(tenant.id, key, channel, NoticeKind.DELETION_WARNING, "T-1", NoticeStatus.SENDING, START)


def payment_of(tenant: Tenant, number: int = 1) -> Payment:
    return Payment(
        id=f"p-{number}",
        tenant_id=tenant.id,
        product=tenant.product,
        order_id=f"o-{number}",
        gateway="zarinpal",
        amount=1_000_000,
        status=PaymentStatus.REQUESTED,
        created_at=START,
        next_check_at=START + timedelta(minutes=2),
    )


def ordered(stores: Stores, tenant: Tenant, number: int = 1) -> tuple[Tenant, Payment]:
    placed, payment = order(tenant, number), payment_of(tenant, number)
    transition = purchases.place_order(tenant, AGREEMENT, placed, START, by="owner")
    return stores.write(transition, placed, payment), payment


def lapsed(stores: Stores) -> tuple[Tenant, datetime]:
    """A tenant whose next deadline is its purge, and when that is."""
    tenant = stores.register()
    while (due := next_deadline(tenant, AGREEMENT)) and due.kind is not lifecycle.DeadlineKind.PURGE:
        tenant = stores.write(lifecycle.carry_out(tenant, AGREEMENT, due, due.at, by="x"))
    assert due
    return tenant, due.at


def purged(stores: Stores) -> Tenant:
    tenant, at = lapsed(stores)
    due = next_deadline(tenant, AGREEMENT)
    assert due
    transition = lifecycle.carry_out(tenant, AGREEMENT, due, at, by="x")
    return stores.write(transition, ledger_entry(tenant, at))


def closed(stores: Stores, tenant_id: str) -> Tenant:
    tenant = stores.register(tenant_id)
    return stores.write(lifecycle.close(tenant, AGREEMENT, Closing.TERMINATION, START, by="x"))


def commit_purge(stores: Stores, tenant: Tenant, at: datetime) -> None:
    transition = lifecycle.move(tenant, lifecycle.Event.PURGED, at, "x", "closed", "T", phase=Phase.PURGED)
    stores.write(transition, ledger_entry(tenant, at))


def ledger_entry(tenant: Tenant, at: datetime) -> PurgeEntry:
    return PurgeEntry(
        tenant_id=tenant.id,
        product=tenant.product,
        clause="T-TRIAL-KEPT",
        why="nothing was paid",
        committed_at=at,
        journal_head="",
        journal_length=tenant.version + 1,
        events=("1 registered",),
        next_due_at=at + timedelta(minutes=10),
    )


class TestTenants:
    def test_what_was_committed_is_read_back(self, stores: Stores) -> None:
        tenant = stores.register()
        assert stores.tenants.get("t-1") == tenant
        assert tenant.version == 1
        assert tenant.journal_head == stores.tenants.entry("t-1", 1).hash

    def test_an_unknown_tenant_is_not_found(self, stores: Stores) -> None:
        with pytest.raises(NotFound):
            stores.tenants.get("t-9")

    def test_every_field_survives_storing(self, stores: Stores) -> None:
        tenant = stores.register()
        tenant, _ = ordered(stores, tenant)
        granted = purchases.grant_term(tenant, AGREEMENT, order(tenant), START + SECOND, by="gateway")
        tenant = stores.write(granted)
        now = START + 2 * SECOND
        tenant = stores.write(lifecycle.restrict(tenant, restriction(now=now), now, by="operator"))
        tenant = stores.write(
            lifecycle.place_hold(tenant, hold(now=now), now, by="operator", clause="T-HOLD")
        )
        tenant = stores.write(lifecycle.close(tenant, AGREEMENT, Closing.ERASURE, now, by="owner"))
        assert stores.tenants.get("t-1") == tenant

    def test_replaying_the_stored_journal_gives_the_stored_tenant(self, stores: Stores) -> None:
        tenant, _ = lapsed(stores)
        entries = stores.tenants.journal("t-1")
        assert [entry.seq for entry in entries] == list(range(1, tenant.version + 1))
        assert replay(entries) == tenant == stores.tenants.get("t-1")

    def test_that_a_field_became_empty_is_read_back(self, stores: Stores) -> None:
        step = lifecycle.restrict(stores.register(), restriction(), START, by="operator")
        declined = stores.write(replace(step, after=replace(step.after, terms_declined="text-2")))
        step = lifecycle.lift(declined, RestrictionKind.BLOCKED, "over", START, by="operator")
        stores.write(replace(step, after=replace(step.after, terms_declined="")))
        entries = stores.tenants.journal("t-1")
        assert entries[-1].changes["terms_declined"] is None
        assert replay(entries) == stores.tenants.get("t-1")

    def test_a_transition_from_an_outdated_state_is_refused_and_leaves_nothing(self, stores: Stores) -> None:
        first = stores.register()
        second = stores.write(lifecycle.accept_terms(first, AGREEMENT, START, by="owner"))
        with pytest.raises(ConcurrentChange):
            stores.write(
                purchases.place_order(first, AGREEMENT, order(first), START, by="owner"), order(first)
            )
        assert stores.tenants.get("t-1") == second
        assert stores.payments.orders("t-1") == []

    def test_one_id_is_registered_once(self, stores: Stores) -> None:
        stores.register()
        transition = lifecycle.register(AGREEMENT, "t-1", START, plan=None, trial_used=False, by="owner")
        with pytest.raises(ConcurrentChange):
            stores.write(transition)

    def test_the_journal_is_read_in_pages(self, stores: Stores) -> None:
        tenant = stores.register()
        for _ in range(11):
            tenant = stores.write(lifecycle.accept_terms(tenant, AGREEMENT, START, by="owner"))
        assert [entry.seq for entry in stores.tenants.journal("t-1", after=9, limit=2)] == [10, 11]
        assert stores.tenants.journal("t-1", after=12) == []
        with pytest.raises(NotFound):
            stores.tenants.entry("t-1", 13)

    def test_journals_do_not_mix(self, stores: Stores) -> None:
        stores.register("t-1")
        stores.register("t-10")
        assert [entry.tenant_id for entry in stores.tenants.journal("t-1")] == ["t-1"]

    def test_a_contact_that_has_an_account_cannot_get_a_second_one(self, stores: Stores) -> None:
        stores.register("t-1")
        transition = lifecycle.register(AGREEMENT, "t-2", START, plan=None, trial_used=False, by="owner")
        with pytest.raises(Conflict):
            stores.write(
                transition,
                Identity("trialware", "mail-t-1", "t-2", "u-2"),
                User("t-2", "u-2", Role.OWNER, START),
            )
        with pytest.raises(NotFound):
            stores.tenants.get("t-2")

    def test_a_trial_is_marked_once(self, stores: Stores) -> None:
        mark = TrialMark("trialware", "f-1", START)
        stores.register("t-1", mark)
        with pytest.raises(ConcurrentChange):
            stores.register("t-2", mark)
        assert stores.people.trial_used("trialware", ["f-0", "f-1"])
        assert not stores.people.trial_used("trialware", ["f-0"])
        assert not stores.people.trial_used("creditware", ["f-1"])


class TestPurgeCommit:
    def test_a_purge_demands_the_proof_that_its_warning_was_handed_over(self, stores: Stores) -> None:
        tenant, at = lapsed(stores)
        due = next_deadline(tenant, AGREEMENT)
        assert due
        transition = lifecycle.carry_out(tenant, AGREEMENT, due, at, by="x")
        proof = HandedOver("t-1", "deletion_warning@x#g1", Channel.EMAIL)
        for status in (None, NoticeStatus.SENDING, NoticeStatus.REJECTED):
            if status:
                stores.dispatches.reserve(reserved(tenant))
                stores.dispatches.finish(replace(reserved(tenant), status=status))
            with pytest.raises(PurgeRefused) as refusal:
                stores.write(transition, ledger_entry(tenant, at), proof)
            assert refusal.value.details["obstacles"] == ["warning_not_handed_over"]
            with pytest.raises(NotFound):
                stores.ledger.get("t-1")
        stores.dispatches.finish(replace(reserved(tenant), status=NoticeStatus.SENT))
        assert stores.write(transition, ledger_entry(tenant, at), proof).phase is Phase.PURGED

    def test_a_hold_placed_meanwhile_wins(self, stores: Stores) -> None:
        tenant, at = lapsed(stores)
        due = next_deadline(tenant, AGREEMENT)
        assert due
        transition = lifecycle.carry_out(tenant, AGREEMENT, due, at, by="x")
        stores.write(lifecycle.place_hold(tenant, hold(), at, by="operator", clause="T-HOLD"))
        with pytest.raises(ConcurrentChange):
            stores.write(transition, ledger_entry(tenant, at))
        assert stores.tenants.get("t-1").phase is Phase.DEACTIVATED
        with pytest.raises(NotFound):
            stores.ledger.get("t-1")

    def test_no_more_than_the_cap_are_committed_in_an_hour(self, stores: Stores) -> None:
        if isinstance(stores.tenants, FakeTenants):
            stores.tenants.table.purge_cap = 2
        at = START.replace(minute=59, second=59)
        first, second, third = (closed(stores, f"t-{number}") for number in (1, 2, 3))
        for tenant in (first, second):
            commit_purge(stores, tenant, at)
        with pytest.raises(PurgeRefused) as refused:
            commit_purge(stores, third, at)
        assert refused.value.details["obstacles"] == ["purge_cap"]
        with pytest.raises(NotFound):
            stores.ledger.get("t-3")
        assert stores.tenants.get("t-3") == third
        assert stores.ledger.committed_on("2026-01-31") == ["t-1", "t-2"]
        # A second later it is another hour.
        commit_purge(stores, third, at + SECOND)
        assert stores.ledger.committed_on("2026-01-31") == ["t-1", "t-2", "t-3"]

    def test_the_ledger_knows_the_journals_head(self, stores: Stores) -> None:
        tenant = purged(stores)
        entry = stores.ledger.get("t-1")
        assert entry.journal_head == tenant.journal_head
        assert entry.journal_length == tenant.version

    def test_a_purged_tenant_is_due_no_more_but_its_purge_is(self, stores: Stores) -> None:
        tenant = purged(stores)
        for seq in range(1, tenant.version + 1):
            stores.tenants.mark_followed("t-1", seq)
        [item] = stores.due.overdue(START + timedelta(days=3650))
        assert (item.kind, item.id) == (DueKind.PURGE, "t-1")
        known = stores.ledger.get("t-1")
        stores.ledger.save(
            replace(known, finished_at=START, next_due_at=None, left={"key": 0}, version=known.version + 1)
        )
        assert stores.due.earliest() is None
        assert stores.ledger.get("t-1").left == {"key": 0}

    def test_a_purged_tenant_has_no_deadline_whatever_it_is_given(self, stores: Stores) -> None:
        tenant, at = lapsed(stores)
        due = next_deadline(tenant, AGREEMENT)
        assert due
        stores.tenants.commit(lifecycle.carry_out(tenant, AGREEMENT, due, at, by="x"), at)
        kinds = {item.kind for item in stores.due.overdue(at + timedelta(days=1))}
        assert kinds == {DueKind.ENTRY}

    def test_two_executions_of_one_purge_do_not_overwrite_each_others_counts(self, stores: Stores) -> None:
        purged(stores)
        known = stores.ledger.get("t-1")
        stores.ledger.save(replace(known, deleted={"records": 40}, version=known.version + 1))
        with pytest.raises(ConcurrentChange):
            stores.ledger.save(replace(known, deleted={"records": 7}, version=known.version + 1))
        assert stores.ledger.get("t-1").deleted == {"records": 40}

    def test_only_a_known_purge_can_make_progress(self, stores: Stores) -> None:
        tenant = stores.register()
        with pytest.raises(NotFound):
            stores.ledger.save(ledger_entry(tenant, START))


class TestDueIndex:
    def test_it_lists_everything_that_is_due_oldest_first(self, stores: Stores) -> None:
        names = {"t-a": 2, "t-b": 3, "t-c": 1}
        tenants = [stores.register(name, now=START + timedelta(hours=n)) for name, n in names.items()]
        for tenant in tenants:
            stores.tenants.mark_followed(tenant.id, 1)
        first_reminder = START + timedelta(days=23)
        found = stores.due.overdue(first_reminder + timedelta(hours=2))
        assert [(item.kind, item.id, item.at) for item in found] == [
            (DueKind.TENANT, "t-c", first_reminder + timedelta(hours=1)),
            (DueKind.TENANT, "t-a", first_reminder + timedelta(hours=2)),
        ]
        assert [item.id for item in stores.due.overdue(START + timedelta(days=99), limit=1)] == ["t-c"]
        earliest = stores.due.earliest()
        assert earliest
        assert earliest.id == "t-c"

    def test_an_entry_that_owes_something_stands_in_it_until_it_was_followed(self, stores: Stores) -> None:
        stores.register()
        [item] = stores.due.overdue(START)
        assert (item.kind, item.id, item.seq, item.at) == (DueKind.ENTRY, "t-1", 1, START)
        assert stores.due.overdue(START - SECOND) == []
        for _ in range(2):
            stores.tenants.mark_followed("t-1", 1)
        stores.tenants.mark_followed("t-1", 99)
        assert stores.due.overdue(START) == []
        assert stores.tenants.entry("t-1", 1).notices

    def test_an_entry_that_owes_nothing_never_stands_in_it(self, stores: Stores) -> None:
        tenant = stores.register()
        stores.tenants.mark_followed("t-1", 1)
        stores.write(lifecycle.accept_terms(tenant, AGREEMENT, START, by="owner"))
        assert stores.due.overdue(START) == []

    def test_a_payment_stands_in_it_until_it_is_decided(self, stores: Stores) -> None:
        tenant = stores.register()
        stores.tenants.mark_followed("t-1", 1)
        _, payment = ordered(stores, tenant)
        [item] = stores.due.overdue(START + timedelta(minutes=2))
        assert (item.kind, item.id) == (DueKind.PAYMENT, "p-1")
        stores.payments.save(settled(payment, PaymentStatus.CANCELLED, START))
        assert stores.due.overdue(START + timedelta(minutes=2)) == []

    def test_an_empty_index_has_nothing_first(self, stores: Stores) -> None:
        assert stores.due.earliest() is None


class TestPayments:
    def test_a_payment_is_found_by_its_authority_once_it_has_one(self, stores: Stores) -> None:
        tenant = stores.register()
        _, payment = ordered(stores, tenant)
        assert stores.payments.get("p-1") == payment
        pending = with_opening(payment, Opening("A1"))
        stores.payments.save(pending)
        assert stores.payments.by_authority("zarinpal", "A1") == pending
        for gateway, authority in (("zibal", "A1"), ("zarinpal", "A2")):
            with pytest.raises(NotFound):
                stores.payments.by_authority(gateway, authority)

    def test_looking_again_keeps_the_authority(self, stores: Stores) -> None:
        _, payment = ordered(stores, stores.register())
        looked_early = rechecked(payment, START)
        stores.payments.save(looked_early)
        pending = with_opening(looked_early, Opening("A1"))
        stores.payments.save(pending)
        again = rechecked(pending, START)
        stores.payments.save(again)
        assert stores.payments.by_authority("zarinpal", "A1") == again

    def test_of_two_who_decide_one_wins(self, stores: Stores) -> None:
        _, payment = ordered(stores, stores.register())
        pending = with_opening(payment, Opening("A1"))
        stores.payments.save(pending)
        stores.payments.save(settled(pending, PaymentStatus.CANCELLED, START))
        for late in (settled(pending, PaymentStatus.EXPIRED, START), rechecked(pending, START), pending):
            with pytest.raises(ConcurrentChange):
                stores.payments.save(late)
        assert stores.payments.get("p-1").status is PaymentStatus.CANCELLED

    def test_an_authority_belongs_to_one_payment(self, stores: Stores) -> None:
        tenant, first = ordered(stores, stores.register())
        _, second = ordered(stores, tenant, 2)
        stores.payments.save(with_opening(first, Opening("A1")))
        with pytest.raises(ConcurrentChange):
            stores.payments.save(with_opening(second, Opening("A1")))
        assert stores.payments.get("p-2") == second

    def test_a_grant_and_its_payment_move_together_or_not_at_all(self, stores: Stores) -> None:
        tenant, payment = ordered(stores, stores.register())
        granted = settled(payment, PaymentStatus.GRANTED, START)
        transition = purchases.grant_term(tenant, AGREEMENT, order(tenant), START, by="gateway")
        stores.payments.save(rechecked(payment, START))
        with pytest.raises(ConcurrentChange):
            stores.write(transition, granted)
        assert stores.tenants.get("t-1") == tenant
        fresh = settled(stores.payments.get("p-1"), PaymentStatus.GRANTED, START)
        stores.write(transition, fresh)
        assert stores.payments.get("p-1") == fresh
        with pytest.raises(ConcurrentChange):
            stores.write(transition, fresh)

    def test_orders_are_listed_newest_first_and_to_their_tenant_only(self, stores: Stores) -> None:
        tenant = stores.register()
        for number in (1, 2):
            placed = order(tenant, number, now=START + number * SECOND)
            transition = purchases.place_order(tenant, AGREEMENT, placed, START, by="owner")
            tenant = stores.write(transition, placed)
        assert [placed.id for placed in stores.payments.orders("t-1")] == ["o-2", "o-1"]
        assert stores.payments.order("t-1", "o-1") == order(tenant, 1, now=START + SECOND)
        assert stores.payments.orders("t-2") == []
        with pytest.raises(NotFound):
            stores.payments.order("t-2", "o-1")

    def test_an_unknown_payment_is_not_found(self, stores: Stores) -> None:
        with pytest.raises(NotFound):
            stores.payments.get("p-9")


class TestPeople:
    def test_a_contact_is_read_back_with_its_legal_entity(self, stores: Stores) -> None:
        contact = Contact(
            "t-2", "سارا", "s@example.test", "+989121111111", "fa", LegalEntity("شرکت", "10101010101")
        )
        transition = lifecycle.register(AGREEMENT, "t-2", START, plan=None, trial_used=False, by="owner")
        stores.write(transition, contact)
        assert stores.people.contact("t-2") == contact
        with pytest.raises(NotFound):
            stores.people.contact("t-1")

    def test_an_identity_leads_to_the_account(self, stores: Stores) -> None:
        stores.register()
        assert stores.people.identity("trialware", "mail-t-1") == Identity(
            "trialware", "mail-t-1", "t-1", "u-t-1"
        )
        assert stores.people.identity("trialware", "mail-t-2") is None
        assert stores.people.identity("creditware", "mail-t-1") is None

    def test_a_users_row_changes_without_losing_its_identities(self, stores: Stores) -> None:
        stores.register()
        user = stores.people.user("t-1", "u-t-1")
        changed = replace(user, confirmed_at=START, password_changed_at=START + SECOND)
        stores.people.save_user(changed)
        assert stores.people.users("t-1") == [changed]
        stores.people.save_user(user)
        assert stores.people.user("t-1", "u-t-1") == user
        assert stores.eraser.count("t-1", Store.USERS) == 3

    def test_a_later_identity_is_erased_with_its_user(self, stores: Stores) -> None:
        tenant = stores.register()
        later = Identity("trialware", "new-mail", "t-1", "u-t-1")
        stores.write(lifecycle.accept_terms(tenant, AGREEMENT, START, by="owner"), later)
        while stores.eraser.erase("t-1", Store.USERS):
            pass
        assert stores.people.identity("trialware", "new-mail") is None

    def test_one_tenant_does_not_see_another_ones_user(self, stores: Stores) -> None:
        stores.register("t-1")
        stores.register("t-2")
        with pytest.raises(NotFound):
            stores.people.user("t-2", "u-t-1")
        with pytest.raises(NotFound):
            stores.people.save_user(User("t-2", "u-t-1", Role.OPERATOR, START))

    def test_accepting_twice_within_a_second_is_one_piece_of_evidence(self, stores: Stores) -> None:
        tenant = stores.register()
        used = Acceptance("t-1", "2", ("terms",), "e" * 64, START + SECOND, "", "u-t-1", "used")
        agreed = replace(used, source_ip="192.0.2.9", how="agreed")
        for evidence in (used, agreed):
            accepted = lifecycle.accept_terms(tenant, AGREEMENT, START + SECOND, by="owner")
            tenant = stores.write(accepted, evidence)
        assert stores.people.acceptances("t-1")[1:] == [agreed]

    def test_acceptances_are_evidence_in_order(self, stores: Stores) -> None:
        tenant = stores.register()
        later = Acceptance("t-1", "2", ("terms", "privacy"), "e" * 64, START + SECOND, "192.0.2.9", "u-t-1")
        stores.write(lifecycle.accept_terms(tenant, AGREEMENT, START, by="owner"), later)
        first, second = stores.people.acceptances("t-1")
        assert (first.version, first.source_ip) == ("1", "192.0.2.1")
        assert second == later
        assert stores.people.acceptances("t-2") == []


class TestCodes:
    code = Code("t-1", "u-1", CodePurpose.CONFIRM, "salt$hash", START, 2)

    def test_a_newer_code_takes_an_older_ones_place(self, stores: Stores) -> None:
        newer = replace(self.code, salted_hash="salt$other")
        stores.people.put_code(self.code)
        stores.people.put_code(newer)
        assert stores.people.code("t-1", "u-1", CodePurpose.CONFIRM) == newer
        assert stores.people.code("t-1", "u-1", CodePurpose.RECOVER) is None
        assert stores.people.code("t-2", "u-1", CodePurpose.CONFIRM) is None
        for late in (stores.people.spend_attempt, stores.people.drop_code):
            with pytest.raises(ConcurrentChange):
                late(self.code)

    def test_tries_run_out(self, stores: Stores) -> None:
        stores.people.put_code(self.code)
        for _ in range(2):
            stores.people.spend_attempt(self.code)
        with pytest.raises(TooManyAttempts):
            stores.people.spend_attempt(self.code)
        assert stores.people.code("t-1", "u-1", CodePurpose.CONFIRM) == replace(self.code, attempts_left=0)

    def test_a_code_is_used_once(self, stores: Stores) -> None:
        stores.people.put_code(self.code)
        stores.people.drop_code(self.code)
        assert stores.people.code("t-1", "u-1", CodePurpose.CONFIRM) is None
        for late in (stores.people.spend_attempt, stores.people.drop_code):
            with pytest.raises(ConcurrentChange):
                late(self.code)


class TestDispatches:
    def test_a_notice_is_claimed_once_per_channel(self, stores: Stores) -> None:
        tenant = stores.register()
        mail, sms = reserved(tenant), reserved(tenant, channel=Channel.SMS)
        assert stores.dispatches.reserve(mail) is None
        assert stores.dispatches.reserve(replace(mail, at=START + SECOND)) == mail
        assert stores.dispatches.reserve(sms) is None
        assert stores.dispatches.of("t-1") == [mail, sms]
        assert stores.dispatches.of("t-2") == []

    def test_what_became_of_it_is_kept(self, stores: Stores) -> None:
        mail = reserved(stores.register())
        stores.dispatches.reserve(mail)
        sent = replace(mail, status=NoticeStatus.SENT, provider="ses", message_id="m-1", at=START + SECOND)
        stores.dispatches.finish(sent)
        assert stores.dispatches.reserve(mail) == sent

    def test_one_that_waits_is_claimed_anew(self, stores: Stores) -> None:
        mail = reserved(stores.register())
        stores.dispatches.reserve(mail)
        stores.dispatches.finish(replace(mail, status=NoticeStatus.WAITING, note="messaging-unavailable"))
        assert stores.dispatches.reserve(mail) is None
        assert stores.dispatches.of("t-1") == [mail]

    def test_a_late_outcome_revives_nothing(self, stores: Stores) -> None:
        mail = reserved(stores.register())
        stores.dispatches.finish(replace(mail, status=NoticeStatus.SENT))
        assert stores.dispatches.of("t-1") == []

    def test_the_oldest_comes_first(self, stores: Stores) -> None:
        tenant = stores.register()
        newer, older = reserved(tenant, "a"), replace(reserved(tenant, "b"), at=START - SECOND)
        for dispatch in (newer, older):
            stores.dispatches.reserve(dispatch)
        assert stores.dispatches.of("t-1") == [older, newer]


class TestRecords:
    def test_a_record_counts_its_writes(self, stores: Stores) -> None:
        stores.register()
        first = stores.records.put("t-1", "r-1", {"name": "الف", "n": 1}, START)
        second = stores.records.put("t-1", "r-1", {"name": "ب"}, START + SECOND)
        assert (first.version, second.version) == (1, 2)
        assert stores.records.get("t-1", "r-1") == second

    @pytest.mark.clause("KALO-6")
    def test_another_tenants_record_does_not_exist(self, stores: Stores) -> None:
        stores.register("t-1")
        stores.register("t-2")
        stores.records.put("t-1", "r-1", {"name": "x"}, START)
        with pytest.raises(NotFound):
            stores.records.get("t-2", "r-1")
        with pytest.raises(NotFound):
            stores.records.delete("t-2", "r-1", 1, START)
        assert stores.records.page("t-2", None, 10) == []
        assert stores.records.get("t-1", "r-1").data == {"name": "x"}

    def test_pages_follow_one_another_in_order_of_id(self, stores: Stores) -> None:
        stores.register()
        for number in (3, 1, 5, 2, 4):
            stores.records.put("t-1", f"r-{number}", {"n": number}, START)
        page = stores.records.page("t-1", None, 2)
        assert [record.id for record in page] == ["r-1", "r-2"]
        assert [record.id for record in stores.records.page("t-1", "r-2", 2)] == ["r-3", "r-4"]
        assert [record.id for record in stores.records.page("t-1", "r-25", 9)] == ["r-3", "r-4", "r-5"]
        assert stores.records.page("t-1", "r-5", 2) == []

    def test_a_deleted_record_is_gone(self, stores: Stores) -> None:
        stores.register()
        stores.records.put("t-1", "r-1", {}, START)
        stores.records.delete("t-1", "r-1", 1, START)
        with pytest.raises(NotFound):
            stores.records.get("t-1", "r-1")
        with pytest.raises(NotFound):
            stores.records.delete("t-1", "r-1", 1, START)

    def test_a_record_stays_if_its_tenant_has_moved_since_it_was_looked_at(self, stores: Stores) -> None:
        tenant = stores.register()
        stores.records.put("t-1", "r-1", {}, START)
        stores.write(lifecycle.place_hold(tenant, hold(), START, by="operator", clause="T"))
        with pytest.raises(ConcurrentChange):
            stores.records.delete("t-1", "r-1", tenant.version, START)
        assert stores.records.get("t-1", "r-1").version == 1

    def test_a_copy_is_no_record_but_goes_with_them(self, stores: Stores) -> None:
        stores.register()
        stores.records.keep_copy("t-1", "r-1")
        for number in range(3):
            stores.records.put("t-1", "r-1", {"n": number}, START)
            stores.records.keep_copy("t-1", "r-1")
        assert [record.data for record in stores.records.page("t-1", None, 9)] == [{"n": 2}]
        assert stores.eraser.count("t-1", Store.RECORDS) == 4
        stores.empty("t-1", Store.RECORDS)
        assert stores.eraser.count("t-1", Store.RECORDS) == 0

    def test_nothing_is_stored_for_a_tenant_without_a_key(self, stores: Stores) -> None:
        with pytest.raises(Gone):
            stores.records.put("t-9", "r-1", {}, START)


class TestErasing:
    def test_a_purge_empties_every_store_and_touches_nobody_else(self, stores: Stores) -> None:
        tenant = purged(stores)
        other = stores.register("t-2", TrialMark("trialware", "f-2", START))
        for tenant_id in ("t-1", "t-2"):
            for number in range(60):
                stores.records.put(tenant_id, f"r-{number:03d}", {"n": number}, START)
        stores.people.put_code(Code("t-1", "u-t-1", CodePurpose.CONFIRM, "s$h", START, 5))
        stores.dispatches.reserve(reserved(tenant))
        before = {store: stores.eraser.count("t-2", store) for store in Store}
        assert stores.eraser.count("t-1", Store.RECORDS) == 60
        assert stores.eraser.count("t-1", Store.USERS) == 4
        # Contact, acceptance, notice, journal, and the tenant itself.
        assert stores.eraser.count("t-1", Store.TENANT) == 4 + tenant.version
        assert stores.eraser.count("t-1", Store.KEY) == 1
        for store in Store:
            expected = stores.eraser.count("t-1", store)
            deleted = 0
            while erased := stores.eraser.erase("t-1", store, limit=7):
                assert erased <= 7
                deleted += erased
            assert deleted == expected
            assert stores.eraser.count("t-1", store) == 0
        assert {store: stores.eraser.count("t-2", store) for store in Store} == before
        assert stores.tenants.get("t-2") == other
        assert stores.people.identity("trialware", "mail-t-1") is None
        assert stores.people.identity("trialware", "mail-t-2")
        assert stores.people.trial_used("trialware", ["f-2"])

    def test_an_emptied_tenant_is_gone_for_good(self, stores: Stores) -> None:
        purged(stores)
        assert stores.tenants.get("t-1").phase is Phase.PURGED
        while stores.eraser.erase("t-1", Store.TENANT):
            pass
        with pytest.raises(Gone):
            stores.tenants.get("t-1")
        assert stores.people.identity("trialware", "mail-t-1")

    def test_the_tenant_itself_is_erased_last(self, stores: Stores) -> None:
        purged(stores)
        while stores.eraser.count("t-1", Store.TENANT) > 1:
            stores.eraser.erase("t-1", Store.TENANT, limit=1)
        assert stores.tenants.get("t-1").phase is Phase.PURGED

    def test_the_mark_of_an_erased_entry_does_not_come_back(self, stores: Stores) -> None:
        purged(stores)
        while stores.eraser.erase("t-1", Store.TENANT):
            pass
        stores.tenants.mark_followed("t-1", 1)
        assert stores.tenants.journal("t-1") == []
        assert stores.eraser.count("t-1", Store.TENANT) == 0


class TestSecurityLog:
    @pytest.mark.clause("KALO-6")
    def test_the_newest_lines_come_first_and_go_with_the_tenant(self, stores: Stores) -> None:
        purged(stores)
        for number in range(3):
            stores.security_log.note("t-1", "signed_in", START + number * SECOND, "192.0.2.1", n=number)
        stores.security_log.note("t-10", "signed_in", START, "192.0.2.2")
        lines = stores.security_log.lines("t-1", limit=2)
        assert [line.details for line in lines] == [{"n": 2}, {"n": 1}]
        assert (lines[0].subject, lines[0].kind, lines[0].at) == ("t-1", "signed_in", START + 2 * SECOND)
        stores.empty("t-1", Store.SECURITY_LOG)
        assert stores.security_log.lines("t-1") == []
        assert len(stores.security_log.lines("t-10")) == 1

    def test_two_lines_of_one_second_are_both_kept(self, stores: Stores) -> None:
        for _ in range(2):
            stores.security_log.note("kalo", "sign_in_unknown_contact", START, "192.0.2.1")
        assert [line.details for line in stores.security_log.lines("kalo")] == [{}, {}]


class TestRequestCounts:
    def test_each_tenant_kind_and_window_has_its_own_count_which_all_workers_share(
        self, stores: Stores
    ) -> None:
        minute = timedelta(minutes=1)
        told = [stores.counts.add("t-1", START, number) for number in (1, 5)]
        told += [stores.counts.add("t-2", START, 1), stores.counts.add("t-1", START + minute, 2)]
        told += [stores.counts.add("t-1", START, 3, "exports"), stores.counts.add("t-1", START, 1)]
        assert told == [1, 6, 1, 2, 3, 7]

    def test_counts_are_no_lines_of_the_log_and_go_with_it(self, stores: Stores) -> None:
        purged(stores)
        stores.counts.add("t-1", START, 1)
        stores.security_log.note("t-1", "signed_in", START, "192.0.2.1")
        assert [line.kind for line in stores.security_log.lines("t-1", limit=1)] == ["signed_in"]
        assert stores.eraser.count("t-1", Store.SECURITY_LOG) == 2
        stores.empty("t-1", Store.SECURITY_LOG)
        assert stores.counts.add("t-1", START, 1) == 1


class TestClockOffsets:
    def test_an_offset_never_shrinks(self, stores: Stores) -> None:
        assert stores.offsets.read() == ports.TestClock()
        ahead = ports.TestClock(86_400, START)
        stores.offsets.write(ahead)
        assert stores.offsets.read() == ahead
        stores.offsets.write(ports.TestClock(86_400, None))
        with pytest.raises(Conflict):
            stores.offsets.write(ports.TestClock(86_399, None))
        assert stores.offsets.read() == ports.TestClock(86_400, None)
