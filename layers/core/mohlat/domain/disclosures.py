"""Handing a customer's information to somebody outside: only on a ground that the agreement names.

The rule has no end: it holds while the account lives, after it was closed, and after everything was deleted,
when there is nothing left to hand over (KALO-22, KALO-23, CLUB-18, SAMAN-6.3, SAMAN-6.6, KALAK-disclose,
KALLU-4). Selling and renting is no ground anywhere (KALAK-thirdparty, KALLU-intro).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mohlat.domain.agreement import Agreement
from mohlat.domain.errors import InvalidInput
from mohlat.domain.lifecycle import Event, Transition, move
from mohlat.domain.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One entry of the register, which outlives the tenant.

    `to` is who was given something, `what` names it by kind, `reference` leads to the order or the case. None
    of them says anything about the customer. `held` is False where everything was deleted already, so that
    nothing could be handed over.
    """

    id: str
    tenant_id: str
    product: str
    to: str
    what: str
    ground: str
    reference: str
    clause: str
    at: datetime
    by: str
    held: bool = True


def clause_of(agreement: Agreement, ground: str) -> str:
    """The clause that allows a disclosure on this ground. Raises InvalidInput naming those that there are."""
    for known in agreement.disclosures:
        if known.id == ground:
            return known.basis.cite()
    allowed = [known.id for known in agreement.disclosures]
    raise InvalidInput("ground", "not one of the possible values", allowed=allowed)


def disclose(tenant: Tenant, disclosure: Disclosure) -> Transition:
    """Notes a disclosure in the tenant's journal. Raises Gone after the purge."""
    return move(
        tenant,
        Event.DISCLOSED,
        disclosure.at,
        disclosure.by,
        "information was handed out on a ground that the agreement names",
        disclosure.clause,
        facts={
            "disclosure_id": disclosure.id,
            "ground": disclosure.ground,
            "reference": disclosure.reference,
        },
    )
