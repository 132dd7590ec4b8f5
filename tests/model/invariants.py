"""The twelve invariants, each as one check of everything that is stored, whatever led to it.

They know nothing of the model. Where two invariants speak of the same thing it is checked once, so that a
fault is found by the check that is there for it: that a hold wins is the tenth's, not the first's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from mohlat.domain.access import Operation, permit
from mohlat.domain.agreement import Phase
from mohlat.domain.errors import AccessRefused, Conflict, Gone, NotFound, RefundRefused
from mohlat.domain.journal import replay
from mohlat.domain.ledger import faults
from mohlat.domain.payments import GatewayState, Payment, PaymentStatus, RefundState
from mohlat.domain.refunds import RefundStatus
from mohlat.domain.tenant import RestrictionKind, Tenant
from tests.model.stage import Stage

Check = Callable[[Stage], None]
_SHUT_OUT = (RestrictionKind.BLOCKED, RestrictionKind.SUSPENDED_FOR_DEBT)


def _living(stage: Stage) -> Iterator[Tenant]:
    for tenant_id in stage.tenant_ids:
        tenant = stage.stored(tenant_id)
        if tenant and tenant.phase is not Phase.PURGED:
            yield tenant


def _payments(stage: Stage) -> Iterator[Payment]:
    for tenant_id in stage.tenant_ids:
        yield from stage.payments_of(tenant_id)


def no_purge_while_something_stands_open(stage: Stage) -> None:
    """1. Nothing was paid ahead, nothing was open, and somebody was warned."""
    for purge in stage.seen.purges.values():
        assert purge.obstacles == (), purge


def purged_is_final(stage: Stage) -> None:
    """2. Nothing of it moves, comes back or can be bought any more; what comes later is returned."""
    assert stage.seen.after_purge == []
    for tenant_id, purge in stage.seen.purges.items():
        tenant = stage.stored(tenant_id)
        assert tenant is None or tenant.phase is Phase.PURGED
        for payment in stage.payments_of(tenant_id):
            late = payment.settled_at and payment.settled_at > purge.at
            assert not (late and payment.status is PaymentStatus.GRANTED), payment


def one_effect_per_payment(stage: Stage) -> None:
    """3. What was granted was granted once, for the order's own amount, found by the gateway's authority."""
    for placed in stage.placed:
        payment = stage.payments.get(placed.payment.id)
        granted = payment.status is PaymentStatus.GRANTED
        assert stage.seen.granted[placed.order.id] == granted, payment
        assert payment.amount == placed.order.amount
        assert payment.authority
        assert stage.payments.by_authority(payment.gateway, payment.authority).id == payment.id
        assert not granted or payment.captured >= payment.amount


def captured_money_is_granted_or_returned(stage: Stage) -> None:
    """4. Whatever the gateway took has become something, or somebody is going to ask for it."""
    for payment in _payments(stage):
        till = stage.gateway.tills[payment.authority or ""]
        taken = till.amount if till.state is GatewayState.VERIFIED else 0
        if payment.open:
            assert payment.next_check_at, payment
        elif payment.failed:
            assert not taken or payment.next_check_at, payment
            assert not payment.captured
        elif payment.status is PaymentStatus.HELD:
            assert payment.ticket_id
            assert payment.captured == taken
        else:
            assert payment.captured == taken, payment
            kept = payment.amount if payment.status is PaymentStatus.GRANTED else 0
            assert sum(payment.refunds.values()) >= taken - kept, payment


def the_journal_tells_the_state(stage: Stage) -> None:
    """5. One entry per version, and all of them together lead to what is stored."""
    for tenant in _living(stage):
        if stage.replayed.get(tenant.id) != tenant.version:
            entries = stage.tenants.journal(tenant.id, limit=10**5)
            assert len(entries) == tenant.version
            assert replay(entries) == tenant
            stage.replayed[tenant.id] = tenant.version


def notices_go_out_once_and_none_after_the_purge(stage: Stage) -> None:
    """6. One message per notice and channel; after the purge only what tells of it."""
    assert [key for key, times in stage.seen.handed_over.items() if times > 1] == []
    assert stage.seen.told_after_purge == []


def access_is_what_phase_and_restrictions_say(stage: Stage) -> None:
    """7. read_only reads and exports and writes nothing; none refuses all but what the agreement leaves."""
    for stored in _living(stage):
        agreement = stage.agreements.load(stored.product, stored.agreement_version)
        # Whoever is behind its deadlines is judged once they were carried out.
        if (due := stage.indexed_at(stored)) and due <= stage.now:
            continue
        shut = any(stored.restricted(kind, stage.now) for kind in _SHUT_OUT)
        blocked = stored.restricted(RestrictionKind.BLOCKED, stage.now)
        reads = stored.phase in (Phase.TRIAL, Phase.ACTIVE, Phase.READ_ONLY) and not shut
        expected = {
            Operation.READ: reads,
            Operation.WRITE: reads and stored.phase is not Phase.READ_ONLY,
            Operation.EXPORT: reads or (stored.phase in agreement.export.phases and not blocked),
            Operation.RENEW: agreement.lease is not None and stored.phase is not Phase.CLOSED and not blocked,
            Operation.BUY: stored.phase is not Phase.CLOSED and not blocked,
            Operation.CLOSE: stored.phase is not Phase.CLOSED,
        }
        for operation, allowed in expected.items():
            try:
                permit(stored, agreement, operation, stage.now)
                permitted = True
            except AccessRefused:
                permitted = False
            assert permitted is allowed, (stored.phase, operation)


def refunds_stay_within_what_was_captured(stage: Stage) -> None:
    """8. No more goes back than came, at the gateway and in the books, and parts add up to the rial."""
    for tenant_id in stage.tenant_ids:
        refunds = stage.books.refunds(tenant_id)
        assert faults(tenant_id, stage.books.postings(tenant_id)) == []
        for payment in stage.payments_of(tenant_id):
            mine = [each for each in refunds if each.payment_id == payment.id]
            assert sum(payment.refunds.values()) <= payment.captured, payment
            assert {each.id: each.amount for each in mine} == dict(payment.refunds)
            assert all(0 <= each.vat <= each.amount for each in mine)
            till = stage.gateway.tills[payment.authority or ""]
            back = sum(each.amount for each in till.refunds if each.state is not RefundState.FAILED)
            asked = (RefundStatus.CALLING, RefundStatus.PENDING, RefundStatus.SETTLED)
            assert back <= sum(each.amount for each in mine if each.status in asked), payment


def one_trial_for_each_person(stage: Stage) -> None:
    """9. No address and no telephone had a second trial, whatever became of the first."""
    assert [each for each, times in stage.seen.trials.items() if times > 1] == []


def a_hold_wins_and_its_release_queues_again(stage: Stage) -> None:
    """10. Nothing was purged under a hold; what no hold stops is due."""
    for purge in stage.seen.purges.values():
        assert purge.holds == (), purge
    for tenant in _living(stage):
        if tenant.phase in (Phase.DEACTIVATED, Phase.CLOSED) and not stage.seen.holds.get(tenant.id):
            assert stage.indexed_at(tenant), tenant


def a_restore_brings_nobody_back(stage: Stage) -> None:
    """11. A copy from before, with the ledger replayed, holds whom it held but for those that were purged."""
    if stage.backup and set(stage.seen.purges) != stage.restored_after:
        _, _, then = stage.backup
        assert stage.restored() == then - set(stage.seen.purges)
        stage.restored_after = set(stage.seen.purges)


def nobody_sees_anothers_data(stage: Stage) -> None:
    """12. Whatever ids it sends: another's records, payments and exports are not there."""
    living = list(_living(stage))
    for tenant in living:
        for record in stage.records.page(tenant.id, None, 100):
            assert record.data["owner"] == tenant.id
        for other in living:
            if other.id != tenant.id:
                _stays_out(stage, tenant, other)


def _stays_out(stage: Stage, tenant: Tenant, other: Tenant) -> None:
    for record in stage.records.page(other.id, None, 1):
        if record.id not in {mine.id for mine in stage.records.page(tenant.id, None, 100)}:
            _not_there(partial(stage.records_desk.get, tenant.id, record.id))
    due = stage.indexed_at(tenant)
    # Looking carries out what is due, which is for others to bring about.
    for payment in stage.payments_of(other.id)[:1] if due is None or due > stage.now else []:
        _not_there(partial(stage.refund_desk.entitlement, tenant.id, payment.id))


def _not_there(look: Callable[[], object]) -> None:
    try:
        found = look()
    except (NotFound, AccessRefused, Gone):
        return
    except (Conflict, RefundRefused) as answer:
        raise AssertionError(f"it was looked at: {answer}") from answer
    raise AssertionError(f"it was there: {found}")


INVARIANTS: Mapping[int, Check] = dict(
    enumerate(
        (
            no_purge_while_something_stands_open,
            purged_is_final,
            one_effect_per_payment,
            captured_money_is_granted_or_returned,
            the_journal_tells_the_state,
            notices_go_out_once_and_none_after_the_purge,
            access_is_what_phase_and_restrictions_say,
            refunds_stay_within_what_was_captured,
            one_trial_for_each_person,
            a_hold_wins_and_its_release_queues_again,
            a_restore_brings_nobody_back,
            nobody_sees_anothers_data,
        ),
        start=1,
    )
)
