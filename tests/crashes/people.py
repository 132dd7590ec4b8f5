"""What people do on a site where anything may die: they ask again, or look whether it was done."""

from __future__ import annotations

from mohlat.application.place_order import PlacedOrder
from mohlat.application.quoting import Wanted
from mohlat.domain.durations import Duration
from mohlat.domain.payments import OrderKind, Payment, PaymentStatus
from mohlat.domain.people import CodePurpose
from mohlat.domain.tenant import Tenant
from tests.application.world import EMAIL, IP, MOBILE
from tests.crashes.site import Site

OWNER, OPERATOR = "user:owner", "operator:nima"
BOTH = {"en": "A title", "fa": "عنوان"}
_ANOTHER_PASSWORD = "otter-7-trumpet-raft"


def join(site: Site, number: int = 0, **changes: object) -> Tenant:
    """Somebody registers, and recovers a password if the first one got lost. The tenant."""
    email, mobile = (f"c{number}@customer.test", f"+98912{number:07d}") if number else (EMAIL, MOBILE)
    site.insist(lambda: site.register(email=email, mobile=mobile, **changes))
    identity = site.people.identity(
        site.agreement.product, site.fingerprints.of(site.agreement.product, email)
    )
    assert identity
    while identity.username not in site.sign_in.passwords:
        site.insist(lambda: _recover(site, identity.tenant_id, identity.username, email))
    return site.tenants.get(identity.tenant_id)


def _recover(site: Site, tenant_id: str, username: str, email: str) -> None:
    tenant = site.tenants.get(tenant_id)
    confirm = site.agreement.registration.confirm
    site.sender.send_code(tenant, site.agreement, username, CodePurpose.RECOVER, confirm)
    by_mail = confirm.value == "email"
    text = site.mailer.sent[-1]["text"] if by_mail else list(site.sms.sent.values())[-1]["text"]
    site.front_desk.finish_recovery(tenant.product, email, text.split()[-1], _ANOTHER_PASSWORD, IP)


def customers(site: Site, number: int) -> list[Tenant]:
    """So many customers who were there before."""
    return [join(site, each) for each in range(1, number + 1)]


def length(site: Site) -> Duration:
    """The shortest period that is sold."""
    return min((offer.length for offer in site.agreement.plans[0].offers), key=lambda each: each.months)


def order(site: Site, tenant: Tenant, wanted: Wanted | None = None) -> PlacedOrder:
    """Somebody orders, again if nothing was heard, and pays at the gateway."""
    wanted = wanted or Wanted(OrderKind.TERM, site.plan, length(site))
    placed = site.insist(lambda: site.order_this(tenant, wanted))
    assert placed
    site.gateway_named(placed.payment.gateway).pay(placed.payment.authority or "")
    return placed


def buy(site: Site, tenant: Tenant, wanted: Wanted | None = None) -> PlacedOrder:
    """Somebody orders and pays; the browser comes back twice."""
    placed = order(site, tenant, wanted)
    site.alone(lambda: site.come_back(placed))
    site.alone(lambda: site.come_back(placed))
    return placed


def granted(site: Site, tenant: Tenant) -> Payment:
    """The one payment that bought something."""
    mine = [each for each in site.table.payments.values() if each.tenant_id == tenant.id]
    (payment,) = [each for each in mine if each.status is PaymentStatus.GRANTED]
    return payment
