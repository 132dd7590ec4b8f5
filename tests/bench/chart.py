"""A chart of what was measured, as SVG: bars, and lines over a logarithmic axis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

_WIDTH, _ROW, _LEFT, _RIGHT = 760, 22, 250, 90
_PLOT = 150
_COLOURS = ("#1b6ca8", "#c2571a", "#3f7d3f", "#7a4a9e", "#8a6d1f", "#555555")


@dataclass(frozen=True)
class Bars:
    """A title, its bars, and the figure to reach, if there is one."""

    title: str
    values: Mapping[str, float]
    target: float | None = None


@dataclass(frozen=True)
class Lines:
    """A title and lines, each from sizes to figures; the sizes stand on a logarithmic axis."""

    title: str
    lines: Mapping[str, Mapping[int, float]]


def draw(parts: Sequence[Bars | Lines]) -> str:
    """The parts below one another."""
    drawn: list[str] = []
    top = 10
    for part in parts:
        drawn.append(_text(10, top + 16, part.title, bold=True))
        top += 28
        figures, height = _bars(part, top) if isinstance(part, Bars) else _lines(part, top)
        drawn += figures
        top += height + 18
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top}" width="{_WIDTH}"'
        f' height="{top}" font-family="sans-serif" font-size="12">'
    )
    return "\n".join([head, f'<rect width="{_WIDTH}" height="{top}" fill="#ffffff"/>', *drawn, "</svg>\n"])


def _bars(part: Bars, top: int) -> tuple[list[str], int]:
    most = max([*part.values.values(), part.target or 0]) or 1
    scale = (_WIDTH - _LEFT - _RIGHT) / most
    drawn = []
    for number, (name, value) in enumerate(part.values.items()):
        y = top + number * _ROW
        over = part.target is not None and value > part.target
        drawn += [
            _text(_LEFT - 8, y + 14, name, end=True),
            f'<rect x="{_LEFT}" y="{y + 3}" width="{value * scale:.1f}" height="{_ROW - 7}"'
            f' fill="{_COLOURS[1] if over else _COLOURS[0]}"/>',
            _text(_LEFT + value * scale + 5, y + 14, _short(value)),
        ]
    height = len(part.values) * _ROW
    if part.target is not None:
        x = _LEFT + part.target * scale
        drawn.append(
            f'<line x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{top + height}" stroke="#000000"'
            ' stroke-dasharray="4 3"/>'
        )
    return drawn, height


def _lines(part: Lines, top: int) -> tuple[list[str], int]:
    sizes = sorted({size for line in part.lines.values() for size in line})
    most = max(value for line in part.lines.values() for value in line.values()) or 1
    span = math.log10(sizes[-1] / sizes[0]) or 1
    wide = _WIDTH - _LEFT - _RIGHT

    def x(size: int) -> float:
        return _LEFT + wide * math.log10(size / sizes[0]) / span

    def y(value: float) -> float:
        return top + _PLOT * (1 - value / most)

    drawn = [f'<path d="M{_LEFT} {top}V{top + _PLOT}H{_LEFT + wide}" fill="none" stroke="#888888"/>']
    drawn += [_text(x(size), top + _PLOT + 16, f"{size:,}", middle=True) for size in sizes]
    drawn.append(_text(_LEFT - 8, top + 5, _short(most), end=True))
    for number, (name, line) in enumerate(part.lines.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        points = " ".join(f"{x(size):.1f},{y(value):.1f}" for size, value in sorted(line.items()))
        at = top + 24 + number * 16
        drawn += [
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>',
            f'<rect x="10" y="{at - 9}" width="10" height="10" fill="{colour}"/>',
            _text(26, at, name),
        ]
    return drawn, max(_PLOT + 20, 24 + 16 * len(part.lines))


def _text(
    x: float, y: float, words: str, *, bold: bool = False, end: bool = False, middle: bool = False
) -> str:
    anchor = ' text-anchor="end"' if end else ' text-anchor="middle"' if middle else ""
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{anchor}{weight}>{escape(words)}</text>'


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}".rstrip("0").rstrip(".")
