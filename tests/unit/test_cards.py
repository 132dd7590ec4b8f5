"""Card numbers are found in whatever people write, and nothing else is taken for one."""

from __future__ import annotations

import pytest

from mohlat.domain.cards import holds_card, mask_cards
from mohlat.domain.iranian import persian_digits

CARD = "6037991122334455"


@pytest.mark.clause("KALAK-card")
@pytest.mark.parametrize(
    "written",
    [
        CARD,
        persian_digits(CARD),
        "٦٠٣٧٩٩١١٢٢٣٣٤٤٥٥",
        "6037-9911-2233-4455",
        "6037 9911 2233 4455",
        "6037\u200c9911\u200f2233\u00a04455",
        "6037 / 9911 / 2233 / 4455",
        "60379911 22334455",
        f"my card is {CARD}, please",
        f"کارت{persian_digits(CARD)}است",
        "6037 9911 2233 4455 1405/01/02",
    ],
)
def test_a_card_number_is_found_however_it_is_written(written: str) -> None:
    assert holds_card(written)
    masked = mask_cards(written)
    assert "6037-99**-****-4455" in masked
    assert not holds_card(masked)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "IR062960000000100324200001",
        "ir06 2960 0000 0010 0324 2000 01",
        "+98 912 123 4567",
        "+989121234567 1405/01/02",
        "14007650912",
        "12345678901234567",
        "1,234,567,890,123,456",
        "6037-99**-****-4455",
        "No. 12, 1234567890",
    ],
)
def test_other_numbers_are_left_as_they_are(written: str) -> None:
    assert not holds_card(written)
    assert mask_cards(written) == written


def test_what_stands_around_card_numbers_is_kept() -> None:
    text = f"از {persian_digits(CARD)} به {CARD} در ۱۴۰۵"
    assert mask_cards(text) == "از 6037-99**-****-4455 به 6037-99**-****-4455 در ۱۴۰۵"
