"""Whom an announcement concerns, and how each is reached."""

from __future__ import annotations

import pytest

from mohlat.domain.agreement import Channel
from mohlat.domain.billing import BillingProfile
from mohlat.domain.people import Contact
from mohlat.domain.recipients import Concern, recipients

BOTH = (Channel.EMAIL, Channel.SMS)
OWNER = Contact("t-1", "Sara", "sara@customer.test", "+989121234567", "fa")
HELPER = Contact("t-2", "Reza", "reza@helper.test", "+989121234568", "en")
PAYER = BillingProfile("t-1", mobile="+989121234569", email="books@customer.test")


def reached(*args: object, **kwargs: object) -> list[tuple[str, str, str, str]]:
    """Channel, address, language and what each is to the account."""
    return [
        (each.channel.value, each.address, each.language, each.concern.value)
        for each in recipients(*args, **kwargs)  # type: ignore[arg-type]
    ]


@pytest.mark.clause("KALO-13")
def test_an_announcement_reaches_mail_and_mobile_of_the_account_its_agents_and_helpers() -> None:
    assert reached(OWNER, BOTH, profile=PAYER, helpers=[HELPER]) == [
        ("email", "sara@customer.test", "fa", "account"),
        ("sms", "+989121234567", "fa", "account"),
        ("email", "books@customer.test", "fa", "billing"),
        ("sms", "+989121234569", "fa", "billing"),
        ("email", "reza@helper.test", "en", "helper"),
        ("sms", "+989121234568", "en", "helper"),
    ]


def test_only_the_channels_that_are_asked_for() -> None:
    assert reached(OWNER, [Channel.EMAIL], profile=PAYER) == [
        ("email", "sara@customer.test", "fa", "account"),
        ("email", "books@customer.test", "fa", "billing"),
    ]
    assert reached(OWNER, []) == []


def test_one_address_is_told_once_as_what_it_is_first() -> None:
    same = BillingProfile("t-1", mobile=HELPER.mobile, email=OWNER.email)
    found = recipients(OWNER, BOTH, profile=same, helpers=[HELPER, HELPER])
    assert [(each.address, each.concern) for each in found] == [
        (OWNER.email, Concern.ACCOUNT),
        (OWNER.mobile, Concern.ACCOUNT),
        (HELPER.mobile, Concern.BILLING),
        (HELPER.email, Concern.HELPER),
    ]


def test_who_gave_no_address_is_not_listed() -> None:
    assert len(reached(OWNER, BOTH, profile=BillingProfile("t-1"))) == 2
