"""The cases of the stored events that are about versions of the terms."""

from __future__ import annotations

from datetime import timedelta
from xml.etree import ElementTree

from mohlat import bootstrap
from tests.handlers.cases import Case, has
from tests.handlers.conftest import TENANT, World, body

_ATOM = "{http://www.w3.org/2005/Atom}"


def at_kallu(world: World) -> None:
    world.register_at("kallu")


def published(world: World) -> None:
    at_kallu(world)
    assert world.replay("publish_terms/publish")["statusCode"] == 201


def in_force(world: World) -> None:
    published(world)
    world.clock.time += timedelta(days=7)


def leasing(world: World) -> None:
    world.register_at("saman360")
    assert world.replay("publish_terms/publish_lease")["statusCode"] == 201


CASES = {
    "publish_terms/publish": Case(
        201, at_kallu, [has(version="2", in_force=False, must_accept="everyone", agreement_version="1")]
    ),
    "publish_terms/too_early": Case(422, at_kallu, [has(field="effective_at")]),
    "publish_terms/other_contents": Case(409, published, [has(type="/problems/conflict")]),
    "publish_terms/odd_digest": Case(422, at_kallu, [has(field="sha256")]),
    "publish_terms/publish_lease": Case(201, at_kallu, [has(product="saman360", must_accept="nobody")]),
    "read_terms/newest": Case(
        200,
        in_force,
        [
            has(version="2", upcoming=[]),
            lambda _, answer: (
                [each["url"] for each in body(answer)["documents"]] == ["https://kallu.cc/privacy/2"]
            ),
        ],
    ),
    "read_terms/versions": Case(
        200, published, [lambda _, answer: [each["in_force"] for each in body(answer)["versions"]] == [False]]
    ),
    "read_terms/feed": Case(
        200,
        published,
        [
            lambda _, answer: answer["headers"]["Content-Type"].startswith("application/atom+xml"),
            lambda _, answer: (
                [
                    (entry.findtext(f"{_ATOM}title"), entry.findtext(f"{_ATOM}summary"))
                    for entry in ElementTree.fromstring(answer["body"]).iter(f"{_ATOM}entry")
                ]
                == [("Version 2 · privacy policy", "A new processor is named")]
            ),
        ],
    ),
    "read_terms/nowhere": Case(404, at_kallu, [has(type="/problems/not-found")]),
    "accept_terms/accept_published": Case(
        201,
        in_force,
        [lambda _, __: [each.version for each in bootstrap.people().acceptances(TENANT)] == ["1", "2"]],
    ),
    "accept_terms/terms": Case(
        200,
        in_force,
        [
            has(version=None, binding="accept", clause="KALLU-8", declined=None),
            lambda _, answer: body(answer)["waiting"]["version"] == "2",
            lambda _, answer: [each["accepted"] for each in body(answer)["versions"]] == [False],
        ],
    ),
    "accept_terms/decline": Case(
        201, leasing, [lambda _, __: bootstrap.tenants().get(TENANT).terms_declined == "4"]
    ),
}
