"""The cases of the stored events that are about synchronization and search."""

from __future__ import annotations

from tests.handlers.cases import Case, first_registered, has
from tests.handlers.conftest import OWNER, World, body


def in_the_club(world: World) -> None:
    world.register_at("customer_club")


def brought(world: World) -> None:
    in_the_club(world)
    assert world.replay("synchronize_records/bring")["statusCode"] == 200


def working(world: World) -> None:
    world.register_at("saman360")
    assert world.replay("keep_records/put")["statusCode"] == 201


CASES = {
    "keep_records/activity": Case(
        200,
        working,
        [
            lambda _, answer: (
                [(each["what"], each["record_id"], each["by"]) for each in body(answer)["activity"]]
                == [("written", "customer-1", f"user:{OWNER}")]
            )
        ],
    ),
    "synchronize_records/bring": Case(
        200,
        in_the_club,
        [
            lambda _, answer: (
                [(each["change_id"], each["fate"]) for each in body(answer)["outcomes"]]
                == [("c-1", "applied"), ("c-2", "applied"), ("c-3", "applied")]
            ),
            lambda world, _: (
                {each["fate"] for each in body(world.replay("synchronize_records/bring"))["outcomes"]}
                == {"repeated"}
            ),
        ],
    ),
    "synchronize_records/not_agreed": Case(409, first_registered),
    "synchronize_records/odd_change": Case(422, in_the_club, [has(field="changes.1.record_id")]),
    "synchronize_records/nothing": Case(422, in_the_club, [has(field="changes")]),
    "synchronize_records/no_list": Case(422, in_the_club, [has(field="changes")]),
    "synchronize_records/read": Case(
        200,
        brought,
        [
            has(more=False),
            lambda _, answer: (
                [(each["record_id"], each["data"] is None) for each in body(answer)["changes"]]
                == [("customer-1", False), ("customer-2", True)]
            ),
        ],
    ),
    "synchronize_records/odd_cursor": Case(422, brought, [has(field="cursor")]),
    "synchronize_records/copies": Case(200, brought, [has(copies=[])]),
    "synchronize_records/find": Case(
        200,
        brought,
        [lambda _, answer: [each["record_id"] for each in body(answer)["records"]] == ["customer-1"]],
    ),
    "synchronize_records/find_by_name": Case(422, brought, [has(field="field")]),
}
