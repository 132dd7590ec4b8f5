"""Whole lives under the shipped agreements: what happens, when, by which clause, and what is sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mohlat.agreements import loader
from mohlat.domain.access import Access, Operation, access, permit
from mohlat.domain.agreement import Phase
from mohlat.domain.errors import AccessRefused, Gone, MessagingUnavailable
from mohlat.domain.lifecycle import as_of
from mohlat.domain.tenant import Closing, RestrictionKind, Tenant
from tests.application.life import Life
from tests.application.world import months

SECOND = timedelta(seconds=1)


def utc(month: int, day: int, year: int = 2026) -> datetime:
    """Eight o'clock UTC, the hour at which all of these begin."""
    return datetime(year, month, day, 8, tzinfo=UTC)


def both(kind: str) -> str:
    """A message that goes out by mail and SMS."""
    return f"{kind}:email {kind}:sms"


def lived(product: str) -> tuple[Life, Tenant]:
    """Somebody who has just registered."""
    life = Life(loader.load(product))
    return life, life.register()


def bought_a_year(product: str, plan: str) -> tuple[Life, Tenant]:
    """Somebody who paid for a year five days after registering."""
    life, tenant = lived(product)
    life.run_to(utc(2, 5))
    life.buy(tenant, months(12), plan)
    life.run_to(utc(2, 5))
    life.told()
    return life, tenant


def access_at(life: Life, tenant: Tenant, now: datetime) -> Access:
    """What the tenant may do then, if only time passes."""
    return access(as_of(life.tenant(tenant), life.agreement, now), now)


@pytest.mark.clause("KALO-10")
def test_an_unpaid_trial_of_kalo_is_reminded_ended_and_erased_thirty_days_later() -> None:
    life, tenant = lived("kalo")
    life.run_out()
    assert life.told() == [
        ("2026-01-31T08:00:00Z", "tenant_registered", "KALO-10", "confirm_code:email"),
        ("2026-02-23T08:00:00Z", "reminder_due", "KALO-13", both("trial_ending")),
        ("2026-03-01T08:00:00Z", "reminder_due", "KALO-13", both("trial_ending")),
        ("2026-03-02T08:00:00Z", "trial_ended", "KALO-10", both("trial_ended")),
        ("2026-03-25T08:00:00Z", "deletion_warned", "KALO-13", both("deletion_warning")),
        ("2026-04-01T08:00:00Z", "purged", "KALO-10", ""),
        ("2026-04-01T08:00:00Z", "certified", "KALO-10", both("data_deleted")),
    ]
    with pytest.raises(Gone):
        life.tenant(tenant)
    assert life.waiting == {}
    assert life.due.earliest() is None


@pytest.mark.clause("KALO-10")
@pytest.mark.parametrize(
    ("end", "before", "after"),
    [
        (utc(3, 2), Phase.TRIAL, Phase.DEACTIVATED),
        (utc(4, 1), Phase.DEACTIVATED, None),
    ],
)
def test_nothing_of_an_unpaid_trial_happens_a_second_too_early(
    end: datetime, before: Phase, after: Phase | None
) -> None:
    life, tenant = lived("kalo")
    life.run_to(end - SECOND)
    assert life.tenant(tenant).phase is before
    life.run_to(end)
    if after is None:
        with pytest.raises(Gone):
            life.tenant(tenant)
    else:
        assert life.tenant(tenant).phase is after


@pytest.mark.clause("KALO-15")
def test_a_paid_year_of_kalo_begins_after_the_trial_and_is_kept_sixty_days_when_it_lapses() -> None:
    life, _ = bought_a_year("kalo", "starter")
    life.run_out()
    assert life.told() == [
        ("2027-02-23T08:00:00Z", "reminder_due", "KALO-13", both("term_ending")),
        ("2027-03-01T08:00:00Z", "reminder_due", "KALO-13", both("term_ending")),
        ("2027-03-02T08:00:00Z", "term_ended", "KALO-15", both("term_ended")),
        ("2027-04-24T08:00:00Z", "deletion_warned", "KALO-13", both("deletion_warning")),
        ("2027-05-01T08:00:00Z", "purged", "KALO-15", ""),
        ("2027-05-01T08:00:00Z", "certified", "KALO-15", both("data_deleted")),
    ]


@pytest.mark.clause("KALO-15")
def test_access_ends_with_the_very_second_of_the_term_and_the_data_can_still_be_taken() -> None:
    life, tenant = bought_a_year("kalo", "starter")
    end = utc(3, 2, 2027)
    life.run_to(end - SECOND)
    assert access_at(life, tenant, end - SECOND) is Access.FULL
    life.run_to(end)
    assert access_at(life, tenant, end) is Access.NONE
    permit(life.tenant(tenant), life.agreement, Operation.EXPORT, end)


@pytest.mark.clause("KALO-27")
def test_a_closed_account_of_kalo_is_gone_for_good_sixty_days_later() -> None:
    life, tenant = lived("kalo")
    life.run_to(utc(2, 5))
    life.told()
    life.desk.close(tenant.id, Closing.TERMINATION, by="user:owner")
    life.run_to(utc(4, 6) - SECOND)
    assert life.tenant(tenant).phase is Phase.CLOSED
    life.run_out()
    assert life.told() == [
        ("2026-02-05T08:00:00Z", "closed", "KALO-27", both("account_closed")),
        ("2026-03-30T08:00:00Z", "deletion_warned", "KALO-13", both("deletion_warning")),
        ("2026-04-06T08:00:00Z", "purged", "KALO-27", ""),
        ("2026-04-06T08:00:00Z", "certified", "KALO-27", both("data_deleted")),
    ]
    with pytest.raises(Gone):
        life.desk.close(tenant.id, Closing.ERASURE, by="user:owner")


@pytest.mark.clause("CLUB-14")
@pytest.mark.clause("CLUB-15")
@pytest.mark.clause("CLUB-16")
def test_a_package_of_the_customer_club_is_announced_shut_and_gone_a_month_later() -> None:
    life, _ = bought_a_year("customer_club", "silver")
    life.run_out()
    assert life.told() == [
        ("2027-02-04T08:00:00Z", "reminder_due", "CLUB-14", "term_ending:sms"),
        ("2027-02-14T08:00:00Z", "term_ended", "CLUB-15", both("term_ended")),
        ("2027-03-10T08:00:00Z", "deletion_warned", "vendor's choice", both("deletion_warning")),
        ("2027-03-17T08:00:00Z", "purged", "CLUB-16", ""),
        ("2027-03-17T08:00:00Z", "certified", "CLUB-16", both("data_deleted")),
    ]


@pytest.mark.clause("CLUB-14")
def test_the_sms_goes_out_ten_days_before_the_end_not_a_second_earlier() -> None:
    life, _ = bought_a_year("customer_club", "silver")
    life.run_to(utc(2, 4, 2027) - SECOND)
    assert life.told() == []
    life.run_to(utc(2, 4, 2027))
    assert [line[3] for line in life.told()] == ["term_ending:sms"]


@pytest.mark.clause("CLUB-14")
def test_an_sms_that_gets_lost_changes_nothing_about_the_expiry() -> None:
    life, tenant = bought_a_year("customer_club", "silver")
    life.sms.failure = MessagingUnavailable()
    life.run_to(utc(2, 14, 2027))
    assert [line[:2] for line in life.told()] == [
        ("2027-02-04T08:00:00Z", "reminder_due"),
        ("2027-02-14T08:00:00Z", "term_ended"),
    ]
    assert life.tenant(tenant).phase is Phase.DEACTIVATED


@pytest.mark.clause("CLUB-15")
@pytest.mark.parametrize("operation", [Operation.READ, Operation.WRITE, Operation.EXPORT])
def test_an_expired_package_opens_nothing_until_it_is_renewed(operation: Operation) -> None:
    life, tenant = bought_a_year("customer_club", "silver")
    end = utc(2, 14, 2027)
    life.run_to(end - SECOND)
    permit(life.tenant(tenant), life.agreement, operation, end - SECOND)
    life.run_to(end)
    with pytest.raises(AccessRefused):
        permit(life.tenant(tenant), life.agreement, operation, end)
    life.buy(tenant, months(1), "silver")
    permit(life.tenant(tenant), life.agreement, operation, end)


@pytest.mark.clause("CLUB-16")
def test_an_unrenewed_package_keeps_its_data_to_the_last_second_of_the_month() -> None:
    life, tenant = bought_a_year("customer_club", "silver")
    life.run_to(utc(3, 17, 2027) - SECOND)
    assert life.tenant(tenant).phase is Phase.DEACTIVATED
    life.run_to(utc(3, 17, 2027))
    with pytest.raises(Gone):
        life.tenant(tenant)


@pytest.mark.clause("SAMAN-2.6")
@pytest.mark.clause("SAMAN-5.3")
@pytest.mark.clause("SAMAN-3.14")
def test_an_unpaid_lease_of_saman360_is_suspended_after_thirty_days_and_gone_ninety_days_later() -> None:
    life, _ = lived("saman360")
    life.run_out()
    assert life.told() == [
        ("2026-01-31T08:00:00Z", "tenant_registered", "SAMAN-2.6", "confirm_code:email"),
        ("2026-02-23T08:00:00Z", "reminder_due", "SAMAN-3.2", "invoice_due:email"),
        ("2026-03-01T08:00:00Z", "reminder_due", "SAMAN-3.2", "invoice_due:email"),
        ("2026-03-02T08:00:00Z", "lease_suspended", "SAMAN-2.6", "lease_suspended:email"),
        ("2026-03-16T08:00:00Z", "deactivated", "SAMAN-5.3", "deactivated:email"),
        ("2026-05-24T08:00:00Z", "deletion_warned", "SAMAN-3.2", "deletion_warning:email"),
        ("2026-05-31T08:00:00Z", "purged", "SAMAN-3.14", ""),
        ("2026-05-31T08:00:00Z", "certified", "SAMAN-3.14", "data_deleted:email"),
    ]


@pytest.mark.clause("SAMAN-2.6")
def test_the_first_invoice_may_wait_thirty_days_to_the_second() -> None:
    life, tenant = lived("saman360")
    due = utc(3, 2)
    life.run_to(due - SECOND)
    assert access_at(life, tenant, due - SECOND) is Access.FULL
    life.run_to(due)
    assert access_at(life, tenant, due) is Access.NONE
    assert life.tenant(tenant).restricted(RestrictionKind.SUSPENDED_FOR_DEBT, due)
    life.buy(tenant, months(3))
    assert access_at(life, tenant, due) is Access.FULL


@pytest.mark.clause("SAMAN-5.3")
@pytest.mark.clause("SAMAN-5.4")
@pytest.mark.clause("SAMAN-3.14")
def test_a_lapsed_year_of_saman360_is_read_two_weeks_sleeps_and_is_gone_on_day_ninety() -> None:
    life, _ = bought_a_year("saman360", "basic")
    life.run_out()
    assert life.told() == [
        ("2027-01-01T08:00:00Z", "reminder_due", "SAMAN-5.4", "term_ending:email"),
        ("2027-01-17T08:00:00Z", "reminder_due", "SAMAN-5.4", "term_ending:email"),
        ("2027-01-28T08:00:00Z", "reminder_due", "SAMAN-5.4", "term_ending:email"),
        ("2027-01-31T08:00:00Z", "term_ended", "SAMAN-5.3", "term_ended:email"),
        ("2027-02-14T08:00:00Z", "deactivated", "SAMAN-5.3", "deactivated:email"),
        ("2027-04-24T08:00:00Z", "deletion_warned", "SAMAN-3.2", "deletion_warning:email"),
        ("2027-05-01T08:00:00Z", "purged", "SAMAN-3.14", ""),
        ("2027-05-01T08:00:00Z", "certified", "SAMAN-3.14", "data_deleted:email"),
    ]


@pytest.mark.clause("SAMAN-5.3")
@pytest.mark.parametrize(
    ("end", "before", "after"),
    [
        (utc(1, 31, 2027), Access.FULL, Access.READ_ONLY),
        (utc(2, 14, 2027), Access.READ_ONLY, Access.NONE),
    ],
)
def test_the_access_of_a_lapsed_lease_narrows_at_the_second(
    end: datetime, before: Access, after: Access
) -> None:
    life, tenant = bought_a_year("saman360", "basic")
    life.run_to(end - SECOND)
    assert access_at(life, tenant, end - SECOND) is before
    life.run_to(end)
    assert access_at(life, tenant, end) is after


@pytest.mark.clause("SAMAN-3.14")
def test_the_data_of_a_lapsed_lease_waits_ninety_days_to_the_second() -> None:
    life, tenant = bought_a_year("saman360", "basic")
    life.run_to(utc(5, 1, 2027) - SECOND)
    assert life.tenant(tenant).phase is Phase.DEACTIVATED
    life.run_to(utc(5, 1, 2027))
    with pytest.raises(Gone):
        life.tenant(tenant)


@pytest.mark.clause("KALAK-copy")
def test_an_account_of_kalak_lives_until_its_owner_asks_for_deletion() -> None:
    life, tenant = lived("kalak")
    life.run_to(utc(2, 5, 2036))
    life.told()
    life.desk.close(tenant.id, Closing.ERASURE, by="user:owner")
    life.run_out()
    assert life.told() == [
        ("2036-02-05T08:00:00Z", "closed", "KALAK-copy", both("account_closed")),
        ("2036-02-09T08:00:00Z", "deletion_warned", "vendor's choice", both("deletion_warning")),
        ("2036-02-12T08:00:00Z", "purged", "KALAK-copy", ""),
        ("2036-02-12T08:00:00Z", "certified", "KALAK-copy", both("data_deleted")),
    ]


@pytest.mark.clause("KALLU-erase")
def test_who_leaves_kallu_and_asks_for_it_is_erased() -> None:
    life, tenant = lived("kallu")
    life.run_to(utc(2, 5))
    life.told()
    life.desk.close(tenant.id, Closing.ERASURE, by="user:owner")
    life.run_to(utc(2, 12) - SECOND)
    assert life.tenant(tenant).phase is Phase.CLOSED
    life.run_out()
    assert life.told() == [
        ("2026-02-05T08:00:00Z", "closed", "KALLU-erase", "account_closed:email"),
        ("2026-02-09T08:00:00Z", "deletion_warned", "vendor's choice", "deletion_warning:email"),
        ("2026-02-12T08:00:00Z", "purged", "KALLU-erase", ""),
        ("2026-02-12T08:00:00Z", "certified", "KALLU-erase", "data_deleted:email"),
    ]


def test_a_month_bought_during_retention_ends_after_its_month_and_not_at_the_old_purge_date() -> None:
    life, tenant = lived("kalo")
    life.run_to(utc(3, 30))
    life.buy(tenant, months(1), "starter")
    life.run_to(utc(4, 2))
    # The old execution woke at the old purge's instant and found another generation.
    assert life.tenant(tenant).phase is Phase.ACTIVE
    assert [name for name in life.waiting if "-g1-" in name] == []
    life.told()
    life.run_out()
    assert [line[:3] for line in life.told() if line[1] != "reminder_due"] == [
        # Farvardin has 31 days.
        ("2026-04-30T08:00:00Z", "term_ended", "KALO-15"),
        ("2026-06-22T08:00:00Z", "deletion_warned", "KALO-13"),
        ("2026-06-29T08:00:00Z", "purged", "KALO-15"),
        ("2026-06-29T08:00:00Z", "certified", "KALO-15"),
    ]
