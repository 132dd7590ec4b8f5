"""Iranian numbers, against samples that were published as valid or invalid elsewhere."""

from __future__ import annotations

import pytest

from mohlat.domain import iranian
from mohlat.domain.errors import InvalidInput

NATIONAL_IDS = [
    "0013542419",
    "0499370899",
    "0790419904",
    "0084575948",
    "0963695398",
    "0684159414",
    "0067749828",
    "0650451252",
]
LEGAL_IDS = [
    "14007650912",
    "10101704295",
    "14003778990",
    "10840096498",
    "10380284790",
]
SHEBAS = [
    "IR820540102680020817909002",
    "IR062960000000100324200001",
    "IR580540105180021273113007",
]


@pytest.mark.parametrize("written", ["۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩", "0123456789"])
def test_persian_and_arabic_digits_fold_to_latin_ones(written: str) -> None:
    assert iranian.fold_digits(f"کد {written}") == "کد 0123456789"


def test_latin_digits_are_shown_as_persian_ones() -> None:
    assert iranian.persian_digits("1405/09/11 A") == "۱۴۰۵/۰۹/۱۱ A"


@pytest.mark.parametrize(
    "written",
    [
        "09123456789",
        "9123456789",
        "+989123456789",
        "00989123456789",
        "989123456789",
        "۰۹۱۲۳۴۵۶۷۸۹",
        "٠٩١٢٣٤٥٦٧٨٩",
        "+98 (912) 345-6789",
        "\u202a+98 912\u00a0345\u200c67\u201189\u202c",
    ],
)
def test_a_mobile_number_has_one_form_however_it_is_written(written: str) -> None:
    assert iranian.normalize_mobile(written) == "+989123456789"


@pytest.mark.parametrize(
    "written",
    ["", "02188776655", "0912345678", "091234567890", "+19123456789", "0912345678x", "+9809123456789"],
)
def test_what_is_not_an_iranian_mobile_number_is_refused_by_field(written: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        iranian.normalize_mobile(written, field="agent_mobile")
    assert refusal.value.field == "agent_mobile"


def test_providers_in_iran_get_the_local_form() -> None:
    assert iranian.local_mobile("+989123456789") == "09123456789"
    with pytest.raises(InvalidInput):
        iranian.local_mobile("+4915112345678")


@pytest.mark.parametrize("number", NATIONAL_IDS)
def test_a_true_national_id_is_accepted(number: str) -> None:
    assert iranian.normalize_national_id(number) == number
    assert iranian.normalize_national_id(iranian.persian_digits(number)) == number


def test_a_national_id_without_its_leading_zeros_gets_them_back() -> None:
    assert iranian.normalize_national_id("13542419") == "0013542419"
    assert iranian.normalize_national_id("۰۰۱-۳۵۴۲۴۱-۹") == "0013542419"


@pytest.mark.parametrize(
    "number", ["0013542418", "1111111111", "1230000001", "1234567", "12345678901", "001354241x"]
)
def test_a_false_national_id_is_refused(number: str) -> None:
    with pytest.raises(InvalidInput, match="national_id"):
        iranian.normalize_national_id(number)


@pytest.mark.parametrize("number", LEGAL_IDS)
def test_a_true_legal_id_is_accepted(number: str) -> None:
    assert iranian.normalize_legal_id(iranian.persian_digits(number)) == number


@pytest.mark.parametrize(
    "number", ["14007650913", "1400765091", "140000000000", "14000000002", "1400765091a"]
)
def test_a_false_legal_id_is_refused(number: str) -> None:
    with pytest.raises(InvalidInput, match="legal_id"):
        iranian.normalize_legal_id(number)


@pytest.mark.parametrize("number", SHEBAS)
def test_a_true_sheba_is_accepted_grouped_or_not(number: str) -> None:
    assert iranian.normalize_sheba(number) == number
    grouped = " ".join(number[start : start + 4] for start in range(0, 26, 4)).lower()
    assert iranian.normalize_sheba(grouped) == number


@pytest.mark.parametrize(
    "number",
    ["IR820540102680020817909003", "IR82054010268002081790900", "DE820540102680020817909002", "820540"],
)
def test_a_false_sheba_is_refused(number: str) -> None:
    with pytest.raises(InvalidInput, match="sheba"):
        iranian.normalize_sheba(number)


@pytest.mark.clause("CLUB-6")
@pytest.mark.parametrize(
    ("rials", "persian", "english"),
    [
        (12_345_000, "۱٬۲۳۴٬۵۰۰ تومان", "1,234,500 tomans"),
        (0, "۰ تومان", "0 tomans"),
        (10, "۱ تومان", "1 toman"),
        (9_990, "۹۹۹ تومان", "999 tomans"),
        (12_345, "۱٬۲۳۴٫۵ تومان", "1,234.5 tomans"),
        (-50_000, "-۵٬۰۰۰ تومان", "-5,000 tomans"),
    ],
)
def test_money_is_shown_in_tomans_to_the_rial(rials: int, persian: str, english: str) -> None:
    assert iranian.tomans(rials) == persian
    assert iranian.tomans(rials, "en") == english
