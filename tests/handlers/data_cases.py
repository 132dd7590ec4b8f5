"""The cases of the stored events that are about a tenant's data: kept, handed out, deleted."""

from __future__ import annotations

from mohlat import bootstrap
from tests.handlers.cases import Case, emptied, has, purged
from tests.handlers.conftest import TENANT, World, body

# --- what holds before ------------------------------------------------------------------------------------


def certified(world: World) -> None:
    emptied(world)
    world.call("certify_purge", {"tenant_id": TENANT})


CASES = {
    "read_certificate/by_link": Case(
        200,
        certified,
        [
            has(tenant_id=TENANT, clause="KALO-10", algorithm="ECDSA_SHA_256"),
            lambda _, answer: set(body(answer)["left"].values()) == {0},
        ],
    ),
    "read_certificate/wrong_link": Case(404, certified),
    "read_certificate/too_early": Case(503, purged),
    "read_certificate/key": Case(
        200,
        then=[
            lambda _, answer: "BEGIN PUBLIC KEY" in body(answer)["public_key"],
            lambda _, __: bootstrap.signer().algorithm == "ECDSA_SHA_256",
        ],
    ),
}
