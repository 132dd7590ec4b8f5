"""What the counted lives cost at AWS's list prices for us-east-1, messages apart.

Prices are per million and in dollars; docs/costs.md says where each is published and when it was looked up.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.bench.lives import Account, Step

WRITE_UNITS = 0.625
READ_UNITS = 0.125
STATE_TRANSITIONS = 25.00
LAMBDA_REQUESTS = 0.20
LAMBDA_GB_SECOND = 0.0000133334  # each, on arm64
API_CALLS = 3.50
SQS_REQUESTS = 0.40
KMS_REQUESTS = 3.00
SES_MAILS = 100.00

# Dollars that a million lives may cost, without messages.
TARGET = 800.00
# As the template sets it, and an assumption about a warm call that a real deployment's metrics replace.
MEMORY_GB = 0.5
SECONDS_PER_CALL = 0.1
DAYS_PER_MONTH = 30
# A message is sent, received and deleted.
SQS_PER_MESSAGE = 3


@dataclass(frozen=True)
class Price:
    """Dollars for a million lives, by what they are for."""

    transitions: float
    writes: float
    reads: float
    functions: float
    api: float
    queue: float
    keys: float
    mails: float

    @property
    def total(self) -> float:
        """Without messages."""
        return (
            self.transitions + self.writes + self.reads + self.functions + self.api + self.queue + self.keys
        )


def price(life: Step) -> Price:
    """A million lives of which each counts as this one."""
    calls = life.invocations.total()
    return Price(
        transitions=life.transitions.total() * STATE_TRANSITIONS,
        writes=life.write * WRITE_UNITS,
        reads=life.read * READ_UNITS,
        functions=calls * (LAMBDA_REQUESTS + MEMORY_GB * SECONDS_PER_CALL * LAMBDA_GB_SECOND * 1_000_000),
        api=life.api_calls * API_CALLS,
        queue=life.services["sqs"] * SQS_PER_MESSAGE * SQS_REQUESTS,
        keys=life.services["kms"] * KMS_REQUESTS,
        mails=life.mails * SES_MAILS,
    )


def monthly(account: Account) -> tuple[float, float]:
    """Dollars a month for 1,000 customers who all live this life, in all its stages; and for their mails."""
    cost, months = price(account.total), account.days / DAYS_PER_MONTH
    return cost.total / 1000 / months, cost.mails / 1000 / months


def report_months(accounts: list[Account]) -> str:
    """What 1,000 customers cost a month, by life."""
    lines = [
        "Dollars a month per 1,000 customers, spread evenly over such a life",
        f"  {'':32} {'days':>5} {'without messages':>17} {'mails':>7}",
    ]
    for account in accounts:
        all_else, mails = monthly(account)
        lines.append(f"  {account.plot.title:32} {account.days:5} {all_else:17.3f} {mails:7.3f}")
    return "\n".join(lines)


def report(accounts: list[Account]) -> str:
    """The lives' prices as a table."""
    lines = [
        "Dollars per 1,000,000 lives, list prices of us-east-1 (docs/costs.md)",
        f"  {'':30} {'states':>7} {'write':>6} {'read':>6} {'Lambda':>7} {'API':>6} {'SQS':>6} {'KMS':>6}"
        f" {'all':>7}   {'mail':>6}",
    ]
    for account in accounts:
        cost = price(account.total)
        lines.append(
            f"  {account.plot.title:30} {cost.transitions:7.2f} {cost.writes:6.2f} {cost.reads:6.2f}"
            f" {cost.functions:7.2f} {cost.api:6.2f} {cost.queue:6.2f} {cost.keys:6.2f} {cost.total:7.2f}"
            f"   {cost.mails:6.2f}"
        )
    lines.append(f"  {'at most':30} {'':>49} {TARGET:7.2f}")
    return "\n".join(lines)
