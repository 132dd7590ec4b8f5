"""``python -m tests.bench [imports|lives|money|callbacks|data] [--write]``: measures, and prints."""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import closing

import httpx

from sandbox.api import Unexpected
from sandbox.stack import ROOT, StackError
from tests.bench import callbacks, data, imports, lives, money, prices

COSTS = ROOT / "docs" / "costs.md"
BEGIN, END = "<!-- counted by make bench -->\n", "<!-- end of what was counted -->"
MONEY_BEGIN, MONEY_END = "<!-- money counted by make bench -->\n", "<!-- end of the money counted -->"
DATA_BEGIN, DATA_END = "<!-- data counted by make bench -->\n", "<!-- end of the data counted -->"
PARTS = ("imports", "lives", "money", "callbacks", "data")


def main() -> int:
    """Prints every part."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="the figures to reach")
    parser.add_argument("part", nargs="?", choices=PARTS, help="only this part")
    parser.add_argument("--write", action="store_true", help="renew the counted figures in docs/costs.md")
    given, begun = parser.parse_args(), time.monotonic()
    wanted = {given.part} if given.part else {*PARTS}
    # The lives come first: deploying them brings the build up to date, which the imports are measured on.
    if "lives" in wanted:
        print("Each life alone, on a fresh stack whose calls to DynamoDB are metered", flush=True)
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
        if given.write:
            renew("\n\n".join([*map(lives.report, lived), summary]), BEGIN, END)
    if "money" in wanted:
        print(
            "\nMoney: units and states of each thing that happens with it, on moto in this process",
            flush=True,
        )
        counted = money.report(money.tell_all())
        print(counted, flush=True)
        if given.write:
            renew(counted, MONEY_BEGIN, MONEY_END)
    if "data" in wanted:
        print(
            "\nData: sealed against plain, and purges of growing tenants, on moto in this process", flush=True
        )
        counted = data.report(*data.measure())
        print(counted, flush=True)
        if given.write:
            renew(counted, DATA_BEGIN, DATA_END)
    if "callbacks" in wanted:
        print("\nCallbacks ÷ the calls to DynamoDB that they make", flush=True)
        print(callbacks.report(callbacks.measure()), flush=True)
    if "imports" in wanted:
        print("\nImport of each handler ÷ boto3's DynamoDB client", flush=True)
        print(imports.report(imports.measure()))
    print(f"\n{time.monotonic() - begun:.0f} seconds")
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
