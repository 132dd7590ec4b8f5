"""The cases of the stored events that are about a tenant's data: kept, handed out, deleted."""

from __future__ import annotations

from mohlat import bootstrap
from mohlat.adapters import aws
from mohlat.domain.errors import InvalidInput
from tests.handlers.cases import Case, emptied, equals, first_registered, has, purged, recorded
from tests.handlers.conftest import TENANT, World, body

# --- what holds before ------------------------------------------------------------------------------------


def certified(world: World) -> None:
    emptied(world)
    world.call("certify_purge", {"tenant_id": TENANT})


def recorded_and_held(world: World) -> None:
    recorded(world)
    assert world.replay("hold_tenant/place_on_records")["statusCode"] == 201


def restored(world: World) -> None:
    emptied(world)
    aws.client("dynamodb").create_table(
        TableName="tenants-restored",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )


def disclosed(world: World) -> None:
    first_registered(world)
    assert world.replay("keep_disclosures/by_court_order")["statusCode"] == 201


CASES = {
    "restrict_tenant/find_attack": Case(
        201, recorded, [has(phase="closed", access="none", closing="finding", access_clause="KALO-12")]
    ),
    "restrict_tenant/find_nothing_known": Case(422, recorded, [has(field="violation")]),
    "keep_disclosures/by_court_order": Case(
        201,
        first_registered,
        [
            has(ground="court_order", clause="KALO-22", held=True),
            lambda _, __: bootstrap.tenants().entry(TENANT, 2).facts["reference"] == "1404/4711",
        ],
    ),
    "keep_disclosures/to_a_buyer": Case(422, first_registered, [has(field="ground")]),
    "keep_disclosures/without_reference": Case(422, first_registered, [has(field="reference")]),
    "keep_disclosures/list": Case(
        200,
        disclosed,
        [lambda _, answer: [each["to"] for each in body(answer)["disclosures"]] == ["Tehran Court 12"]],
    ),
    "hold_tenant/list": Case(
        200,
        recorded_and_held,
        [
            lambda _, answer: (
                [(each["scope"], each["records"], each["origin"]) for each in body(answer)["holds"]]
                == [("records", ["customer-1"], "court order 1404/13")]
            )
        ],
    ),
    "hold_tenant/place_on_records": Case(201, recorded, [has(holds_count=1)]),
    "hold_tenant/place_on_nothing": Case(422, recorded, [has(field="records")]),
    "keep_records/delete_held": Case(
        409,
        recorded_and_held,
        [
            has(type="/problems/held"),
            lambda world, _: world.replay("keep_records/get")["statusCode"] == 200,
        ],
    ),
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
    "replay_purges/after_a_restore": Case(None, restored, [equals({"purges": 1, "items": 0})]),
    "replay_purges/the_table_in_use": Case(None, raises=InvalidInput),
}
