"""Which passwords are refused, and that none is repeated."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mohlat.domain.errors import InvalidInput
from mohlat.domain.passwords import check_password
from tests.builders import agreement_with_trial

RULE = agreement_with_trial().password
PERSONAL = ("Sara Ahmadi", "sara_ahmadi@kherad.example.com", "+989121234567", "acme-forge")

pytestmark = [pytest.mark.clause("KALO-4"), pytest.mark.clause("SAMAN-3.5")]


def reason(password: str, personal: tuple[str, ...] = PERSONAL) -> str | None:
    try:
        check_password(password, RULE, personal)
    except InvalidInput as refused:
        return refused.reason
    return None


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "vT9#qLm2xZ",
        "رمز عبور خیلی بلند",
        "گل‌های باغچه ۱۴۰۳",
        "ziba-tar-az-mah-8",
        "x" * 3 + "yZw" + "0" * 3 + "q",
    ],
)
def test_a_password_nobody_guesses_is_accepted_in_any_script(password: str) -> None:
    assert reason(password) is None


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", "too short"),
        ("vT9#qLm2x", "too short"),
        ("vT9#" * 32, None),
        ("vT9#" * 32 + "x", "too long"),
        ("vT9#qLm2xZ\n", "holds control characters"),
        ("vT9#q\x00Lm2xZ", "holds control characters"),
        ("1234567890", "too common"),
        ("۱۲۳۴۵۶۷۸۹۰", "too common"),
        ("0987654321", "too common"),
        ("12345678901234567890", "too common"),
        ("qwertyuiop", "too common"),
        ("QWERTYuiop", "too common"),
        ("password123", "too common"),
        ("P@ssw0rd2024!", "too common"),
        ("!!!welcome!!!", "too common"),
        ("mohammadreza", "too common"),
        ("tehran1357", "too common"),
        ("persiansalam", None),
        ("salamsalamsalam", "too common"),
        ("aaaaaaaaaaaa", "too common"),
        ("abababababab", "too common"),
        ("abcabcabcabc", "too common"),
        ("abcdefghijkl", "too common"),
        ("zyxwvutsrqpo", "too common"),
        ("ｐａｓｓｗｏｒｄ１２３", "too common"),
    ],
)
def test_a_guessable_password_is_refused_with_its_reason(password: str, why: str | None) -> None:
    assert reason(password) == why


@pytest.mark.parametrize(
    "password",
    [
        "xx-SARA-1990-q",
        "myahmadi#77xx",
        "kherad!2026!zq",
        "09121234567abc",
        "00989121234567",
        "z9121234567q#",
        "ز۰۹۱۲۱۲۳۴۵۶۷ک",
        "x+989121234567",
        "acme!forge!zz9",
    ],
)
def test_the_own_name_and_contact_are_refused_however_they_are_written(password: str) -> None:
    assert reason(password) == "holds your own name or contact"


def test_the_own_name_in_persian_is_refused_too() -> None:
    assert reason("باغ احمدی ۷۷ گل", ("سارا احمدی",)) == "holds your own name or contact"


def test_short_parts_of_a_name_forbid_nothing() -> None:
    assert reason("alignment-7-up", ("Ali Ho", "ali@x.ir")) is None


def test_digits_within_a_name_are_no_mobile_number() -> None:
    assert reason("kl0123456789kl", ("room0123456789x",)) is None


@given(st.text(min_size=1, max_size=200))
def test_the_error_never_repeats_the_password(password: str) -> None:
    secret = f"Zq7{password}Zq7"
    with pytest.raises(InvalidInput) as refused:
        check_password(secret, RULE, (secret,))
    assert refused.value.field == "password"
    assert secret not in str(refused.value)
    assert secret not in str(refused.value.details)


def test_one_character_that_stands_for_many_is_still_one() -> None:
    with pytest.raises(InvalidInput, match="too short"):
        check_password("\ufdfa7", agreement_with_trial().password, ())
