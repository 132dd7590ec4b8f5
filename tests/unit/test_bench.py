"""What the bench reads and draws, on small figures of which the answer is known."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tests.bench.chart import Bars, Lines, draw
from tests.bench.growth import Figures, Row
from tests.bench.imports import Share, shares

SVG = "{http://www.w3.org/2000/svg}"
SHOWN = """\
import time: self [us] | cumulative | imported package
import time:       100 |        100 | site
import time:       200 |        200 |         heavy.core
import time:       100 |        300 |       heavy
import time:        50 |        350 |     mohlat.adapters.aws
import time:       100 |        100 |     heavy.more
import time:       200 |        200 |     light
import time:       150 |        800 |   mohlat.application.sell
import time:       100 |        900 | app
"""


def test_time_is_counted_by_package_and_asked_for_by_the_nearest_module_of_ours() -> None:
    assert shares(SHOWN) == [
        Share("heavy", 0.4, "mohlat.adapters.aws"),
        Share("light", 0.2, "mohlat.application.sell"),
        Share("mohlat.application", 0.15, "app"),
        Share("site", 0.1, "the interpreter"),
        Share("app", 0.1, "the interpreter"),
        Share("mohlat.adapters", 0.05, "mohlat.application.sell"),
    ]


@pytest.mark.parametrize(
    ("figures", "growth"),
    [
        ({10: 2.0, 100: 2.0, 1000: 2.0}, 1.0),
        ({10: 2.0, 100: 20.0, 1000: 200.0}, 10.0),
        # Falls at first, as what is paid once is shared, and must not hide what rises later.
        ({10: 9.0, 100: 2.0, 1000: 4.0}, 2.0),
        ({10: 2.0}, 1.0),
    ],
)
def test_growth_is_the_worst_step_from_one_size_to_the_next(figures: dict[int, float], growth: float) -> None:
    row = Row("a sweep", True, {size: Figures(0, value, 1, 1) for size, value in figures.items()})
    assert row.growth() == max(growth, 1.0)


def test_a_chart_has_a_bar_for_each_figure_as_long_as_it_is_large() -> None:
    drawn = ElementTree.fromstring(draw([Bars("units <each>", {"a": 10, "b": 40}, target=20)]))
    bars = [float(rect.attrib["width"]) for rect in drawn.iter(f"{SVG}rect")][1:]
    assert bars[1] == pytest.approx(4 * bars[0])
    assert [text.text for text in drawn.iter(f"{SVG}text")] == ["units <each>", "a", "10", "b", "40"]
    [target] = drawn.iter(f"{SVG}line")
    assert float(target.attrib["x1"]) - 250 == pytest.approx(2 * bars[0], abs=0.2)


def test_ten_times_the_size_is_the_same_way_along_the_axis() -> None:
    drawn = ElementTree.fromstring(draw([Lines("growth", {"flat": {10: 3, 100: 3, 1000: 3}})]))
    [line] = drawn.iter(f"{SVG}polyline")
    points = [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
    assert points[2][0] - points[1][0] == pytest.approx(points[1][0] - points[0][0], abs=0.2)
    assert len({y for _, y in points}) == 1
