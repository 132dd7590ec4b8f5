"""Cookies by consent and by name; processors where data is protected as promised; regions likewise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mohlat.agreements import loader
from mohlat.domain.agreement import Channel, PaymentRule
from mohlat.domain.cookies import ANSWER, FORGOTTEN, allowed, answer_of, crumb
from mohlat.domain.errors import AgreementInvalid
from mohlat.domain.processors import forbidden, used_by
from tests.template import cloudformation as cf
from tests.unit.agreement_files import broken

KALLU, KALAK = loader.load("kallu"), loader.load("kalak")


@pytest.mark.clause("KALLU-1.2", "KALLU-11")
def test_what_is_not_essential_waits_for_consent_which_holds_for_later_visits() -> None:
    rule = KALLU.cookies
    assert rule
    assert allowed(rule, None) == allowed(rule, accepted=False) == (ANSWER,)
    assert allowed(rule, accepted=True) == (ANSWER, "_ga", "_gcl_au")
    header = crumb("kallu", True, 3600)
    assert answer_of("kallu", header.partition(";")[0]) is True
    assert "Max-Age=3600" in header
    assert answer_of("kallu", f"a=b; {ANSWER}=kallu.declined; c=d") is False
    for nothing in (
        "",
        "a=b",
        f"{ANSWER}=kalak.accepted",
        f"{ANSWER}=kallu.perhaps",
        f"x{ANSWER}=kallu.accepted",
    ):
        assert answer_of("kallu", nothing) is None
    assert answer_of("kallu", FORGOTTEN.partition(";")[0]) is None


@pytest.mark.clause("KALAK-cookies")
def test_cookies_say_nothing_about_a_person_and_pages_do_without() -> None:
    assert KALAK.cookies
    assert all(cookie.essential for cookie in KALAK.cookies.cookies)
    # Ours holds one word, whoever answers.
    assert {crumb("kalak", answer, 1).split(";")[0] for answer in (True, False)} == {
        f"{ANSWER}=kalak.accepted",
        f"{ANSWER}=kalak.declined",
    }
    assert "Secure" in crumb("kalak", True, 1)


@pytest.mark.clause("KALLU-11")
def test_every_cookie_is_published_by_name_and_purpose_our_own_among_them() -> None:
    for product in loader.products():
        agreement = loader.load(product)
        for cookie in agreement.cookies.cookies if agreement.cookies else ():
            assert set(cookie.purpose) >= set(agreement.languages)
    unpublished = broken("kallu", "name: mohlat_cookies", "name: another")
    (problem,) = loader.problems(unpublished, "kallu.yaml")
    assert problem.details["path"] == "cookies.cookies"


@pytest.mark.clause("KALLU-5")
def test_a_provider_off_the_list_is_refused_with_the_file_that_brings_it() -> None:
    assert set(used_by(KALLU)) == {"aws", "ses"}
    sms = broken("kallu", "service_notices: {channels: [email]", "service_notices: {channels: [email, sms]")
    (problem,) = loader.problems(sms, "kallu.yaml")
    assert problem.details["path"] == "transfers"
    assert "kavenegar" in str(problem.details["reason"])
    with pytest.raises(AgreementInvalid):
        loader.parse(sms, "kallu.yaml")
    paying = replace(KALLU, payments=PaymentRule(("zarinpal", "nobody"), KALLU.sender.basis))
    assert forbidden(paying, loader.processors()) == ("zarinpal", "nobody")


@pytest.mark.clause("KALAK-thirdparty")
def test_nobody_but_the_listed_processors_gets_data_and_each_is_named_with_what_it_does() -> None:
    known = {processor.id: processor for processor in loader.processors()}
    for product in loader.products():
        agreement = loader.load(product)
        assert not forbidden(agreement, loader.processors())
        for used in used_by(agreement):
            assert set(known[used].what) >= {"fa", "en"}
            assert known[used].where
    assert Channel.SMS in KALAK.service_channels
    assert "kavenegar" in used_by(KALAK)
    unlisted = [processor for processor in loader.processors() if processor.id != "kavenegar"]
    assert forbidden(KALAK, unlisted) == ("kavenegar",)


@pytest.mark.clause("KALLU-5")
def test_a_region_without_equal_protection_is_refused_at_deployment() -> None:
    rule = cf.template()["Rules"]["RegionOfEqualProtection"]
    (assertion,) = rule["Assertions"]
    regions, region = assertion["Assert"]["Fn::Contains"]
    assert region == {"Ref": "AWS::Region"}
    assert rule["RuleCondition"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "Stage"}, "local"]}]}
    # Countries of the European Economic Area, and those whose law the Commission found adequate.
    assert set(regions) == {
        "eu-central-1",
        "eu-west-1",
        "eu-west-3",
        "eu-north-1",
        "eu-south-1",
        "eu-south-2",
        "eu-central-2",
        "eu-west-2",
    }
