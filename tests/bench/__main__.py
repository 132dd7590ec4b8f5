"""``python -m tests.bench [part] [--write]``: measures, prints, leaves tables and a chart in .local/bench."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import closing

import httpx

from sandbox.api import Unexpected
from sandbox.stack import ROOT, StackError
from tests.bench import callbacks, data, domain, growth, imports, lives, money, prices, warm
from tests.bench.chart import Bars, Lines, draw

COSTS, CHART = ROOT / "docs" / "costs.md", ROOT / "docs" / "costs.svg"
# The places in docs/costs.md that --write renews, by part.
MARKS = {
    "lives": ("counted by make bench", "end of what was counted"),
    "money": ("money counted by make bench", "end of the money counted"),
    "data": ("data counted by make bench", "end of the data counted"),
    "far": ("more data counted by make bench", "end of more data"),
    "growth": ("growth counted by make bench", "end of the growth counted"),
    "domain": ("domain's pace measured by make bench", "end of the domain's pace"),
    "callbacks": ("callbacks measured by make bench", "end of the callbacks"),
    "warm": ("warm handlers measured by make bench", "end of the warm handlers"),
    "imports": ("imports measured by make bench", "end of the imports"),
}
Drawn = Iterable[Bars | Lines]


def _lives() -> tuple[str, Drawn]:
    lived: list[lives.Account] = []
    # Closed whatever happens: that stops the stack.
    with closing(lives.live_all()) as living:
        for account in living:
            print(f"\n{lives.report(account)}", flush=True)
            lived.append(account)
    lives.write_calls(lived)
    parts = [lives.summary, lives.by_function, prices.report, prices.report_months]
    summary = "\n\n".join(part(lived) for part in parts)
    print(f"\n{summary}", flush=True)
    states = {account.plot.title: account.total.transitions.total() for account in lived}
    writes = {account.plot.title: account.total.write for account in lived}
    dollars = {account.plot.title: prices.price(account.total).total for account in lived}
    return "\n\n".join([*map(lives.report, lived), summary]), [
        Bars("State transitions of a life", states, lives.TRANSITION_TARGET),
        Bars("Write units of a life", writes, lives.WRITE_TARGET),
        Bars("Dollars per million lives, without messages", dollars, prices.TARGET),
    ]


def _money() -> tuple[str, Drawn]:
    stories = money.tell_all()
    return money.report(stories), [
        Bars("Write units of what happens with money", {each.title: each.total.write for each in stories})
    ]


def _data() -> tuple[str, Drawn]:
    sealing = data.report_sealing(data.measure_sealing())
    return f"{sealing}\n\n{data.report_growth(*data.measure_growth(*data.SIZES))}", []


def _far() -> tuple[str, Drawn]:
    return data.report_growth(*data.measure_growth(data.FAR)), []


def _growth() -> tuple[str, Drawn]:
    rows = growth.measure()
    lines = {row.title: {size: at.write + at.read for size, at in row.at.items()} for row in rows if row.each}
    return growth.report(rows), [Lines("Units for each customer, by how many there are", lines)]


def _domain() -> tuple[str, Drawn]:
    return domain.report(domain.measure()), []


def _callbacks() -> tuple[str, Drawn]:
    return callbacks.report(callbacks.measure()), []


def _warm() -> tuple[str, Drawn]:
    measured = warm.measure()
    ratios = {each.event: each.ratio for each in measured}
    return warm.report(measured), [
        Bars("Warm handlers ÷ their own calls bare, processor", ratios, warm.TARGET)
    ]


def _imports() -> tuple[str, Drawn]:
    costs = imports.measure()
    slowest = sorted(costs, key=lambda cost: -cost.imported)[:15]
    return imports.report(costs), [
        Bars(
            "Import ÷ boto3's DynamoDB client, the slowest 15",
            {cost.name: cost.imported for cost in slowest},
            imports.API_TARGET,
        )
    ]


# The lives come first: deploying them brings the build up to date, which the imports are measured on.
PARTS: dict[str, tuple[str, Callable[[], tuple[str, Drawn]]]] = {
    "lives": ("Each life alone, on a fresh stack whose calls to DynamoDB are metered", _lives),
    "money": ("Money: units and states of each thing that happens with it, on moto in this process", _money),
    "data": (
        "Data: sealed against plain, purges and exports of growing tenants, on moto",
        _data,
    ),
    "growth": ("Growth: what each customer takes, by how many there are, on moto in this process", _growth),
    "domain": ("The domain alone: how many steps of lives it decides in a second of processor time", _domain),
    "callbacks": ("Callbacks ÷ the calls to DynamoDB that they make", _callbacks),
    "warm": ("Warm handlers ÷ the calls to AWS that they make", _warm),
    "imports": ("Import of each handler ÷ boto3's DynamoDB client", _imports),
    "far": ("Purge and export of a tenant with a hundred thousand entries, on moto", _far),
}
# Measured when asked for by name only.
ASIDE = {"far"}


def main() -> int:
    """Measures and prints every part, or one."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="the figures to reach")
    parser.add_argument("part", nargs="?", choices=PARTS, help="only this part")
    parser.add_argument("--write", action="store_true", help="renew the figures in docs/costs.md")
    given, begun = parser.parse_args(), time.monotonic()
    tables: list[str] = []
    drawn: list[Bars | Lines] = []
    for name in [given.part] if given.part else [name for name in PARTS if name not in ASIDE]:
        title, measure = PARTS[name]
        print(f"\n{title}", flush=True)
        table, charts = measure()
        tables.append(f"{title}\n{table}")
        drawn += charts
        # The lives are printed as they end.
        if name != "lives":
            print(table, flush=True)
        if given.write and name in MARKS:
            renew(table, *(f"<!-- {mark} -->\n" for mark in MARKS[name]))
    lives.FOLDER.mkdir(parents=True, exist_ok=True)
    (lives.FOLDER / "report.txt").write_text("\n\n".join(tables) + "\n")
    if drawn:
        (lives.FOLDER / "report.svg").write_text(draw(drawn))
    if given.write and not given.part:
        CHART.write_text(draw(drawn))
    print(f"\n{time.monotonic() - begun:.0f} seconds; the tables and a chart are in {lives.FOLDER}")
    return 0


def renew(counted: str, begin: str, end: str) -> None:
    """Puts counted figures between the two marks of docs/costs.md."""
    before, _, rest = COSTS.read_text().partition(begin)
    COSTS.write_text(f"{before}{begin}```text\n{counted}\n```\n{end}{rest.partition(end)[2]}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (StackError, Unexpected, httpx.HTTPError) as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
