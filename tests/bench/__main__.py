"""``python -m tests.bench [imports|lives]``: measures on a stack of its own, and prints."""

from __future__ import annotations

import argparse
import sys
import time

import httpx

from sandbox.api import Unexpected
from sandbox.stack import StackError
from tests.bench import imports, lives, prices


def main() -> int:
    """Prints every part."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="the figures to reach")
    parser.add_argument("part", nargs="?", choices=["imports", "lives"], help="only this part")
    part, begun = parser.parse_args().part, time.monotonic()
    # The lives come first: deploying them brings the build up to date, which the imports are measured on.
    if part != "imports":
        print("Each life alone, on a fresh stack whose calls to DynamoDB are metered", flush=True)
        lived = []
        for account in lives.live_all():
            print(f"\n{lives.report(account)}", flush=True)
            lived.append(account)
        lives.write_calls(lived)
        print(f"\n{lives.summary(lived)}\n\n{prices.report(lived)}", flush=True)
    if part != "lives":
        print("\nImport of each handler ÷ boto3's DynamoDB client", flush=True)
        print(imports.report(imports.measure()))
    print(f"\n{time.monotonic() - begun:.0f} seconds")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (StackError, Unexpected, httpx.HTTPError) as error:
        sys.exit(f"bench: {error}")
