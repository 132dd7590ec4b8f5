"""The golden lives: what a customer and the vendor do, and when. The rest follows by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mohlat.agreements import loader
from mohlat.application.handle_requests import Answer
from mohlat.application.keep_terms import Draft
from mohlat.application.mail import Mail
from mohlat.application.quoting import Wanted
from mohlat.domain.data_requests import Right
from mohlat.domain.overuse import Usage
from mohlat.domain.payments import OrderKind
from mohlat.domain.publications import MustAccept
from mohlat.domain.tenant import Closing, RestrictionKind, Tenant, from_iso
from mohlat.domain.uptime import Cause
from tests.application.world import EMAIL, IP, NAME, months
from tests.golden.chronicle import Chronicle

FOLDER = Path(__file__).parent
OWNER, OPERATOR, METER = "user:u_00000000000000000000000002", "operator:o", "operator:meter"
_PROVED = {"spf": "pass", "dkim": "pass", "dmarc": "pass", "spam": "pass", "virus": "pass"}
_INCIDENT = {"fa": "قطعی", "en": "Outage"}


def _kalo_never_paid(life: Chronicle) -> None:
    """Kalo: nobody pays for the trial. It is reminded, ends, is kept thirty days, and is gone (KALO-10)."""
    life.register()


def _kalo_paid(life: Chronicle) -> None:
    """Kalo: a month is paid in the trial and begins after it (at the price of before Nowruz), is upgraded,
    renewed at the new price, lapses, and is bought again within the sixty days (KALO-15, KALO-33).
    """
    tenant = life.register()
    life.on("2026-02-20T09:15:00Z")
    life.buy(tenant, months(1), "starter")
    life.on("2026-03-15T10:00:00Z")
    life.buy_this(tenant, Wanted(OrderKind.UPGRADE, "team"))
    life.on("2026-03-29T10:00:00Z")
    life.buy(tenant, months(1), "team")
    life.on("2026-06-10T12:30:00Z")
    life.buy(tenant, months(12), "starter")
    life.on("2026-08-01T07:00:00Z")
    life.desk.restrict(
        tenant.id, RestrictionKind.BLOCKED, "slander in a public forum", "KALO-18", None, OPERATOR
    )
    life.on("2026-08-03T07:00:00Z")
    life.desk.lift(tenant.id, RestrictionKind.BLOCKED, "taken back in public", OPERATOR)


def _kalo_closed(life: Chronicle) -> None:
    """Kalo: closed by mail in a paid year. A hold stops the deletion; its release brings it back with fresh
    notice (KALO-22, KALO-26, KALO-27).
    """
    tenant = life.register()
    life.on("2026-02-05T08:00:00Z")
    life.buy(tenant, months(12), "starter")
    life.on("2026-05-04T06:30:00Z")
    life.mail_room.receive(
        Mail("mail-1", life.clock.now(), EMAIL, ("info@kalo.ir",), "Close my account", NAME, verdicts=_PROVED)
    )
    life.on("2026-06-20T06:30:00Z")
    held = life.desk.place_hold(
        tenant.id, "preservation order", "court 12, case 98", "KALO-22", by=OPERATOR
    ).holds[0]
    life.on("2026-09-01T06:30:00Z")
    life.desk.release_hold(tenant.id, held.id, "the case is closed", "KALO-22", OPERATOR)


def _kalo_attacker(life: Chronicle) -> None:
    """Kalo: who attacked the system in a paid month is blocked and archived at once, and deleted a week after
    the finding; nothing goes back (KALO-12).
    """
    tenant = life.register()
    life.on("2026-02-20T09:15:00Z")
    life.buy(tenant, months(1), "starter")
    life.on("2026-03-10T22:10:00Z")
    life.desk.find_violation(tenant.id, "attack", "dumped the tables of others", OPERATOR)


def _kalo_wound_down(life: Chronicle) -> None:
    """Kalo: the product ends in the middle of a paid year. What is not used up goes back, and everybody can
    read for a year (KALO-9).
    """
    tenant = life.register()
    life.on("2026-02-05T08:00:00Z")
    life.buy(tenant, months(12), "starter")
    why = {"fa": "سرویس بسته می‌شود", "en": "The service closes"}
    life.wind_down_desk.plan("kalo", from_iso("2026-03-20T20:30:00Z"), why, OPERATOR)
    life.on("2026-03-23T08:00:00Z")
    life.gateway.complete_refunds()


def _club_never_paid(life: Chronicle) -> None:
    """Customer Club: two weeks to look around, which the vendor grants, then a month until it is gone."""
    life.register()


def _club_renewed_late(life: Chronicle) -> None:
    """Customer Club: a package runs out, is renewed within the month, runs out again and is gone
    (CLUB-14, CLUB-15, CLUB-16).
    """
    tenant = life.register()
    life.on("2026-02-12T08:00:00Z")
    life.buy(tenant, months(1), "silver")
    life.on("2026-04-10T16:45:00Z")
    life.buy(tenant, months(1), "silver")


def _saman360_unpaid(life: Chronicle) -> None:
    """Saman360: the first invoice is never paid, so the lease is suspended on day thirty (SAMAN-2.6,
    SAMAN-9.1) and the data goes ninety days after it (SAMAN-3.14).
    """
    life.register()


def _saman360_leased(life: Chronicle) -> None:
    """Saman360: a year is paid; a month below the promised uptime adds its lost time to it (SAMAN-4.6), it is
    reminded, read for two weeks, and sleeps (SAMAN-5.3, SAMAN-5.4).
    """
    tenant = life.register()
    life.on("2026-02-05T08:00:00Z")
    life.buy(tenant, months(12), "basic")
    # Of the 720 hours of Aban 1405 (23 October to 21 November) 10.8 may be lost. 13 are; 9 more do not count.
    life.on("2026-11-04T18:00:00Z")
    _outage(life, Cause.FAULT, "2026-11-04T05:00:00Z", "2026-11-04T18:00:00Z")
    life.on("2026-11-08T18:00:00Z")
    _outage(life, Cause.COUNTRY_NETWORK, "2026-11-08T08:00:00Z", "2026-11-08T17:00:00Z")
    life.on("2026-11-22T05:30:00Z")
    life.close_months()


def _saman360_withdrawn(life: Chronicle) -> None:
    """Saman360: withdrawn on day thirty, after all data was taken: everything paid goes back, and the data
    goes a week later, without the ninety days (SAMAN-2.6).
    """
    tenant = life.register()
    life.on("2026-02-05T08:00:00Z")
    life.buy(tenant, months(3), "basic")
    life.on("2026-03-01T09:00:00Z")
    life.export_desk.begin(tenant.id, OWNER)
    life.on("2026-03-02T07:59:59Z")
    life.refund_desk.withdraw(tenant.id, OWNER, data_taken=True)
    life.on("2026-03-04T08:00:00Z")
    life.gateway.complete_refunds()


def _saman360_overused(life: Chronicle) -> None:
    """Saman360: use above the limits slows down (SAMAN-3.12), is invoiced, suspends when two weeks pass
    unpaid (SAMAN-5.7), is paid; the upgrade that follows is given back within its thirty days (SAMAN-5.6).
    """
    tenant = life.register()
    life.on("2026-02-05T08:00:00Z")
    life.buy(tenant, months(12), "basic")
    life.on("2026-05-02T06:00:00Z")
    life.usage_desk.report(tenant.id, Usage("2026-05-02", "storage_mb", 5_121, billed=False), METER)
    life.on("2026-05-22T06:00:00Z")
    debt = life.usage_desk.report(
        tenant.id, Usage("1405-02", "storage_mb", 6_145, billed=True), METER
    ).debt_id
    life.on("2026-06-07T11:00:00Z")
    life.buy_this(tenant, Wanted(OrderKind.DEBT, subject=debt or ""))
    upgraded = life.buy_this(tenant, Wanted(OrderKind.UPGRADE, "business"))
    life.on("2026-06-08T06:00:00Z")
    life.usage_desk.report(tenant.id, Usage("2026-06-08", "storage_mb", 6_145, billed=False), METER)
    life.on("2026-07-07T10:59:59Z")
    life.refund_desk.return_purchase(tenant.id, upgraded.id, OWNER)
    life.on("2026-07-09T08:00:00Z")
    life.gateway.complete_refunds()


def _kalak_closed(life: Chronicle) -> None:
    """Kalak: a basket is bought; a new policy is announced and accepted by going on (KALAK-changes). The
    account is closed, opened again within its week, closed for good, and gone (KALAK-copy).
    """
    tenant = life.register()
    life.profile(tenant)
    life.on("2026-02-20T09:00:00Z")
    life.buy_this(tenant, Wanted(OrderKind.EXTRA, subject="basket"))
    life.on("2026-05-01T06:00:00Z")
    _publish(life, "1405-02-20", "2026-05-10T00:00:00Z", MustAccept.NOBODY)
    life.on("2026-05-12T14:00:00Z")
    life.records_desk.page(tenant.id, None, None, OWNER)
    life.on("2026-08-01T09:00:00Z")
    life.desk.close(tenant.id, Closing.TERMINATION, OWNER)
    life.on("2026-08-06T20:00:00Z")
    life.desk.reopen(tenant.id, OWNER)
    life.on("2026-10-01T09:00:00Z")
    life.desk.close(tenant.id, Closing.TERMINATION, OWNER)


def _kallu_erased(life: Chronicle) -> None:
    """Kallu: a new policy comes by mail and bars the way until it is accepted (KALLU-8). Erasure is asked for
    by mail and granted on its last day but one (KALLU-9, KALLU-erase).
    """
    tenant = life.register()
    life.on("2026-05-01T06:00:00Z")
    _publish(life, "2", "2026-05-10T00:00:00Z", MustAccept.EVERYONE)
    life.on("2026-05-12T14:00:00Z")
    life.terms_desk.accept(tenant.id, "2", frozenset({"privacy"}), OWNER.partition(":")[2], IP)
    life.on("2026-08-01T09:00:00Z")
    life.mail_room.receive(_asking_for_erasure(life, tenant))
    life.on("2026-08-30T09:00:00Z")
    [request] = life.requests.of(tenant.id)
    life.request_desk.answer(tenant.id, request.id, Answer("it will be deleted"), OPERATOR)


def _kallu_answered_late(life: Chronicle) -> None:
    """Kallu: a copy is asked for; the operators are called a week before the month is over, take the time for
    a hard case, and are late with it in the end, which is recorded (KALLU-9).
    """
    tenant = life.register()
    life.on("2026-03-01T09:00:00Z")
    request = life.request_desk.receive(tenant.id, Right.ACCESS, "everything about me", OWNER)
    assert request.right is Right.ACCESS
    life.on("2026-03-29T09:00:00Z")
    life.request_desk.extend(tenant.id, request.id, "kept in two archives", OPERATOR)
    life.on("2026-06-20T09:00:00Z")
    life.request_desk.answer(tenant.id, request.id, Answer("here it is"), OPERATOR)


def _outage(life: Chronicle, cause: Cause, since: str, until: str) -> None:
    product = life.agreement.product
    life.uptime_desk.note(product, cause, from_iso(since), from_iso(until), (), _INCIDENT, OPERATOR)


def _publish(life: Chronicle, version: str, effective_at: str, must_accept: MustAccept) -> None:
    draft = Draft(
        product=life.agreement.product,
        version=version,
        document="privacy",
        effective_at=from_iso(effective_at),
        summary={"fa": "روشن‌تر", "en": "clearer"},
        sha256="cd" * 32,
        url="https://vendor.example/privacy",
        must_accept=must_accept,
    )
    life.publishing_desk.publish(draft, OPERATOR)


def _asking_for_erasure(life: Chronicle, tenant: Tenant) -> Mail:
    text = f"Please delete my data.\nName: {NAME}\nRoom ID: {tenant.id}"
    to = (life.agreement.inbox.address,)
    return Mail("mail-1", life.clock.now(), EMAIL, to, "My Personal Data", text, verdicts=_PROVED)


STORIES: dict[str, Callable[[Chronicle], None]] = {
    "kalo_never_paid": _kalo_never_paid,
    "kalo_paid": _kalo_paid,
    "kalo_closed": _kalo_closed,
    "kalo_attacker": _kalo_attacker,
    "kalo_wound_down": _kalo_wound_down,
    "customer_club_never_paid": _club_never_paid,
    "customer_club_renewed_late": _club_renewed_late,
    "saman360_unpaid": _saman360_unpaid,
    "saman360_leased": _saman360_leased,
    "saman360_withdrawn": _saman360_withdrawn,
    "saman360_overused": _saman360_overused,
    "kalak_closed": _kalak_closed,
    "kallu_erased": _kallu_erased,
    "kallu_answered_late": _kallu_answered_late,
}


def file_of(name: str) -> Path:
    """Where a life was reviewed."""
    return FOLDER / f"{name}.txt"


def product_of(name: str) -> str:
    """The product whose customer a life is of."""
    return next(each for each in loader.products() if name.startswith(each))


def told(name: str) -> str:
    """A life, lived anew: what it is about, then all that happened in it."""
    story = STORIES[name]
    life = Chronicle(product_of(name))
    story(life)
    about = " ".join((story.__doc__ or "").split())
    return f"{about}\n{life.text()}"
