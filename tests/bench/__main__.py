"""``python -m tests.bench [imports|lives] [--write]``: measures on a stack of its own, and prints."""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import closing

import httpx

from sandbox.api import Unexpected
from sandbox.stack import ROOT, StackError
from tests.bench import imports, lives, prices

COSTS = ROOT / "docs" / "costs.md"
BEGIN, END = "<!-- counted by make bench -->\n", "<!-- end of what was counted -->"


def main() -> int:
    """Prints every part."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="the figures to reach")
    parser.add_argument("part", nargs="?", choices=["imports", "lives"], help="only this part")
    parser.add_argument("--write", action="store_true", help="renew the counted figures in docs/costs.md")
    given, begun = parser.parse_args(), time.monotonic()
    # The lives come first: deploying them brings the build up to date, which the imports are measured on.
    if given.part != "imports":
        print("Each life alone, on a fresh stack whose calls to DynamoDB are metered", flush=True)
        lived: list[lives.Account] = []
        # Closed whatever happens: that stops the stack.
        with closing(lives.live_all()) as living:
            for account in living:
                print(f"\n{lives.report(account)}", flush=True)
                lived.append(account)
        lives.write_calls(lived)
        summary = "\n\n".join([lives.summary(lived), lives.by_function(lived), prices.report(lived)])
        print(f"\n{summary}", flush=True)
        if given.write:
            renew("\n\n".join([*map(lives.report, lived), summary]))
    if given.part != "lives":
        print("\nImport of each handler ÷ boto3's DynamoDB client", flush=True)
        print(imports.report(imports.measure()))
    print(f"\n{time.monotonic() - begun:.0f} seconds")
    return 0


def renew(counted: str) -> None:
    """Puts the counted figures where docs/costs.md shows them."""
    before, _, rest = COSTS.read_text().partition(BEGIN)
    COSTS.write_text(f"{before}{BEGIN}```text\n{counted}\n```\n{END}{rest.partition(END)[2]}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (StackError, Unexpected, httpx.HTTPError) as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
