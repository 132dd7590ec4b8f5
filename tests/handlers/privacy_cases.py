"""The cases of the stored events that are about privacy: consents, the public lists, cookies."""

from __future__ import annotations

from mohlat import bootstrap
from tests.handlers.cases import Case, first_registered, has, header, page
from tests.handlers.conftest import TENANT, World, body


def shopping(world: World) -> None:
    world.register_at("kalak")


def in_the_club(world: World) -> None:
    world.register_at("customer_club")


def at_kallu(world: World) -> None:
    world.register_at("kallu")


def listed(world: World) -> None:
    in_the_club(world)
    assert world.replay("publish_listing/put")["statusCode"] == 200


def standing() -> dict[str, bool]:
    """What stands of a tenant's consents."""
    found = bootstrap.consent_desk().of_tenant(TENANT)[1]
    return {purpose.value: stands for purpose, stands in found.items()}


CASES = {
    "manage_consents/list": Case(
        200,
        shopping,
        [
            has(standing={"marketing_email": True, "marketing_sms": True, "customer_list": False}),
            lambda _, answer: {each["how"] for each in body(answer)["record"]} == {"registering"},
        ],
    ),
    "manage_consents/decline": Case(
        201,
        shopping,
        [
            has(purpose="marketing_email", given=False, how="settings"),
            lambda _, __: standing()["marketing_email"] is False,
            lambda world, _: world.replay("manage_consents/promote")["statusCode"] == 202,
        ],
    ),
    "manage_consents/agree": Case(
        201, first_registered, [lambda _, __: standing() == {"marketing_email": True}]
    ),
    "manage_consents/unknown_purpose": Case(422, first_registered, [has(field="purpose")]),
    "manage_consents/not_agreed": Case(422, first_registered, [has(field="purpose")]),
    "manage_consents/promote": Case(
        202,
        shopping,
        [
            lambda _, __: (
                [channel.value for channel in bootstrap.tenants().entry(TENANT, 2).notices[0].channels]
                == ["email", "sms"]
            )
        ],
    ),
    "manage_consents/promote_unasked": Case(
        403, first_registered, [lambda _, __: len(bootstrap.tenants().journal(TENANT)) == 1]
    ),
    "unsubscribe/page": Case(
        200,
        shopping,
        [
            page("<button>", 'method="post"', 'dir="rtl"'),
            lambda _, __: standing()["marketing_email"] is True,
        ],
    ),
    "unsubscribe/stop": Case(
        200,
        shopping,
        [
            page("انجام شد"),
            lambda _, __: standing()["marketing_email"] is False,
            lambda world, _: world.replay("unsubscribe/stop")["statusCode"] == 200,
            lambda _, __: len(bootstrap.tenants().journal(TENANT)) == 2,
        ],
    ),
    "unsubscribe/guessed": Case(404, shopping, [lambda _, __: standing()["marketing_email"] is True]),
    "unsubscribe/odd_purpose": Case(404, shopping),
    "publish_listing/put": Case(
        200, in_the_club, [has(name="کتاب‌فروشی انار", published=["name", "site_url"], logo_url=None)]
    ),
    "publish_listing/odd_address": Case(422, in_the_club, [has(field="site_url")]),
    "publish_listing/without_consent": Case(403, at_kallu, [has(clause="KALLU-intro")]),
    "publish_listing/get": Case(200, listed, [has(collection="bookshops")]),
    "publish_listing/get_none": Case(404, in_the_club),
    "publish_listing/object": Case(
        201,
        listed,
        [
            lambda world, _: body(world.replay("read_public_lists/customers"))["customers"] == [],
            lambda world, _: world.replay("publish_listing/put")["statusCode"] == 403,
            lambda _, __: [each.open for each in bootstrap.books().tickets(TENANT)] == [False],
        ],
    ),
    "read_public_lists/customers": Case(
        200,
        listed,
        [has(customers=[{"name": "کتاب‌فروشی انار", "site_url": "https://anar.example"}], next_cursor=None)],
    ),
    # One is no group.
    "read_public_lists/statistics": Case(200, listed, [has(by_collection={})]),
    "read_public_lists/cookies": Case(
        200,
        then=[
            lambda _, answer: (
                [(each["name"], each["essential"]) for each in body(answer)["cookies"]]
                == [("mohlat_cookies", True), ("_ga", False), ("_gcl_au", False)]
            )
        ],
    ),
    "read_public_lists/processors": Case(
        200,
        then=[lambda _, answer: {each["equal_protection"] for each in body(answer)["processors"]} == {True}],
    ),
    "read_public_lists/nowhere": Case(404),
    "answer_cookies/get": Case(200, then=[has(accepted=None, allowed=["mohlat_cookies"])]),
    "answer_cookies/come_back": Case(
        200, then=[has(accepted=True, allowed=["mohlat_cookies", "_ga", "_gcl_au"])]
    ),
    "answer_cookies/accept": Case(
        200,
        then=[
            has(accepted=True),
            # Six Jalali months from the eleventh day of the eleventh.
            header(
                "Set-Cookie",
                "mohlat_cookies=kallu.accepted; Max-Age=15811200; Path=/; Secure; SameSite=Lax",
            ),
        ],
    ),
    "answer_cookies/decline": Case(200, then=[has(accepted=False, allowed=["mohlat_cookies"])]),
    "answer_cookies/forget": Case(
        200, then=[header("Set-Cookie", "mohlat_cookies=; Max-Age=0; Path=/; Secure; SameSite=Lax")]
    ),
    "answer_cookies/no_cookies": Case(404),
}
