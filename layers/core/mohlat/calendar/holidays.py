"""Iran's public holidays by Jalali year: those on fixed dates, and a dated table of those that move.

The table was taken once, in Azar 1405, from the package `holidays` 0.109 (its class Iran, MIT licence), which
is no dependency: it is far larger than what is needed of it. Moving holidays follow the moon and are
confirmed to the end of 2026; later ones are estimates that may be a day off until they are announced. What a
government declares in between is in no table: see `mohlat.domain.working_time.Declared`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

# 30 Esfand is there in leap years only.
_FIXED = "01/01 01/02 01/03 01/04 01/12 01/13 03/14 03/15 11/22 12/29 12/30"

# A tilde marks an estimate.
_MOVING = {
    1403: (
        "01/13 01/22 01/23 02/15 03/28 04/05 04/25 04/26 06/04 06/12 06/14 06/22 06/31 09/15 10/25 11/09 "
        "11/26"
    ),
    # The seven days from 10 to 16 Esfand were declared for once.
    1404: (
        "01/02 01/11 01/12 02/04 03/16 03/24 04/14 04/15 05/23 05/31 06/02 06/10 06/19 09/03 10/13 10/27 "
        "11/15 12/10 12/11 12/12 12/13 12/14 12/15 12/16 12/20"
    ),
    1405: (
        "01/01 01/02 01/25 03/06 03/14 04/03 04/04 05/13 05/21 05/22 05/30 06/08 08/22 10/02 10/16~ 11/04~ "
        "12/10~ 12/19~ 12/20~"
    ),
    1406: (
        "01/14~ 02/27~ 03/04~ 03/25~ 03/26~ 05/03~ 05/11~ 05/12~ 05/20~ 05/29~ 08/12~ 09/21~ 10/05~ 10/23~ "
        "11/29~ 12/08~ 12/09~"
    ),
    1407: (
        "01/03~ 02/17~ 02/25~ 03/14~ 03/15~ 04/24~ 05/01~ 05/02~ 05/10~ 05/19~ 08/01~ 09/11~ 09/25~ 10/12~ "
        "11/18~ 11/27~ 11/28~ 12/21~"
    ),
    1408: (
        "02/06~ 02/14~ 03/03~ 03/04~ 04/13~ 04/21~ 04/23~ 04/31~ 05/09~ 07/21~ 08/30~ 09/14~ 10/02~ 11/07~ "
        "11/17~ 11/18~ 12/11~"
    ),
    1409: (
        "01/25~ 02/02~ 02/22~ 02/23~ 04/01~ 04/09~ 04/11~ 04/19~ 04/28~ 07/10~ 08/19~ 09/03~ 09/20~ 10/26~ "
        "11/05~ 11/06~ 11/29~"
    ),
    1410: (
        "01/14~ 01/22~ 02/12~ 02/13~ 03/21~ 03/29~ 03/31~ 04/08~ 04/17~ 06/30~ 08/08~ 08/22~ 09/10~ 10/15~ "
        "10/25~ 10/26~ 11/19~"
    ),
}

FIRST_YEAR, LAST_YEAR = min(_MOVING), max(_MOVING)


@cache
def public_holidays(year: int) -> Mapping[tuple[int, int], bool]:
    """Month and day of each public holiday of a Jalali year; the value says whether the date is an estimate.

    Outside FIRST_YEAR to LAST_YEAR only those on fixed dates are known: what is counted in working days may
    end some days early there, so the table has to be continued before anything is promised that far ahead.
    """
    moving = {_day(text): text.endswith("~") for text in _MOVING.get(year, "").split()}
    return moving | dict.fromkeys(map(_day, _FIXED.split()), False)


def _day(text: str) -> tuple[int, int]:
    month, _, day = text.rstrip("~").partition("/")
    return int(month), int(day)
