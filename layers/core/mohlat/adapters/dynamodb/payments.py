"""Orders and payments. Orders die with their tenant; payments stand apart, because money may arrive later."""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.transactions import TransactWrite

from mohlat.adapters.dynamodb.table import (
    Document,
    DueItem,
    Item,
    absent,
    compact,
    conditional,
    tenant_of,
    tenant_pk,
    transaction,
)
from mohlat.domain.durations import Duration
from mohlat.domain.errors import NotFound
from mohlat.domain.payments import Order, Payment, PaymentStatus
from mohlat.domain.tenant import from_iso, iso

PAYMENT = "PAYMENT"
_AUTHORITY = "AUTHORITY"
_ORDER = "ORDER#"


class PaymentItem(DueItem):
    """A payment, in the due index until it is decided."""

    version = NumberAttribute()
    doc = Document()


class AuthorityItem(Item):
    """Leads from a gateway's authority to the payment."""

    payment_id = UnicodeAttribute()


class OrderItem(Item):
    """An order; never changed."""

    doc = Document()


def add_order(write: TransactWrite, order: Order) -> None:
    """Adds a new order."""
    doc = {
        "product": order.product,
        "plan": order.plan,
        "length": str(order.length),
        "amount": order.amount,
        "payment_id": order.payment_id,
        "created_at": iso(order.created_at),
        "expires_at": iso(order.expires_at),
    }
    write.save(OrderItem(tenant_pk(order.tenant_id), _ORDER + order.id, doc=doc), absent())


def add_payment(write: TransactWrite, payment: Payment) -> None:
    """Adds a payment: a new one, or the next version of what is stored."""
    write.save(_item(payment), _unmoved(payment))


class DynamoPayments:
    """`Payments` on the main table."""

    def get(self, payment_id: str) -> Payment:
        """Read consistently. Raises NotFound."""
        try:
            return _payment(PaymentItem.get(_payment_pk(payment_id), PAYMENT, consistent_read=True))
        except PaymentItem.DoesNotExist:
            raise NotFound(payment_id=payment_id) from None

    def by_authority(self, gateway: str, authority: str) -> Payment:
        """The payment that a gateway's authority belongs to. Raises NotFound."""
        try:
            known = AuthorityItem.get(_authority_pk(gateway, authority), _AUTHORITY, consistent_read=True)
        except AuthorityItem.DoesNotExist:
            raise NotFound(gateway=gateway) from None
        return self.get(known.payment_id)

    def save(self, payment: Payment) -> None:
        """Writes a changed payment, conditional on the version before; with its authority's lookup when new.

        Raises ConcurrentChange.
        """
        with conditional(payment_id=payment.id, version=payment.version):
            lookup = self._new_lookup(payment)
            if lookup is None:
                _item(payment).save(_unmoved(payment))
                return
            with transaction() as write:
                add_payment(write, payment)
                write.save(lookup, absent())

    def _new_lookup(self, payment: Payment) -> AuthorityItem | None:
        # Only a payment that has just become pending can be the first to know its authority.
        if payment.status is not PaymentStatus.PENDING or payment.authority is None:
            return None
        if payment.version > 1 and self.get(payment.id).authority == payment.authority:
            return None
        pk = _authority_pk(payment.gateway, payment.authority)
        return AuthorityItem(pk, _AUTHORITY, payment_id=payment.id)

    def order(self, tenant_id: str, order_id: str) -> Order:
        """Read consistently. Raises NotFound."""
        try:
            return _order(OrderItem.get(tenant_pk(tenant_id), _ORDER + order_id, consistent_read=True))
        except OrderItem.DoesNotExist:
            raise NotFound(tenant_id=tenant_id, order_id=order_id) from None

    def orders(self, tenant_id: str) -> list[Order]:
        """All orders of a tenant, newest first."""
        found = OrderItem.query(tenant_pk(tenant_id), OrderItem.sk.startswith(_ORDER), consistent_read=True)
        return sorted(map(_order, found), key=lambda order: (order.created_at, order.id), reverse=True)


def _payment_pk(payment_id: str) -> str:
    return f"{PAYMENT}#{payment_id}"


def _authority_pk(gateway: str, authority: str) -> str:
    return f"{_AUTHORITY}#{gateway}#{authority}"


def _unmoved(payment: Payment) -> Condition:
    return PaymentItem.version == payment.version - 1 if payment.version > 1 else absent()


def _item(payment: Payment) -> PaymentItem:
    doc = compact(
        {
            "tenant_id": payment.tenant_id,
            "product": payment.product,
            "order_id": payment.order_id,
            "gateway": payment.gateway,
            "amount": payment.amount,
            "status": payment.status.value,
            "created_at": iso(payment.created_at),
            "authority": payment.authority,
            "checks": payment.checks or None,
            "settled_at": iso(payment.settled_at) if payment.settled_at else None,
            "reference": payment.reference,
            "masked_card": payment.masked_card,
            "note": payment.note,
        }
    )
    item = PaymentItem(_payment_pk(payment.id), PAYMENT, version=payment.version, doc=doc)
    item.set_due(payment.id, payment.next_check_at)
    return item


def _payment(item: PaymentItem) -> Payment:
    doc = item.doc
    return Payment(
        id=item.pk.removeprefix(f"{PAYMENT}#"),
        tenant_id=doc["tenant_id"],
        product=doc["product"],
        order_id=doc["order_id"],
        gateway=doc["gateway"],
        amount=doc["amount"],
        status=PaymentStatus(doc["status"]),
        created_at=from_iso(doc["created_at"]),
        version=int(item.version),
        authority=doc.get("authority"),
        checks=doc.get("checks", 0),
        next_check_at=from_iso(item.next_due_at) if item.next_due_at else None,
        settled_at=from_iso(doc["settled_at"]) if "settled_at" in doc else None,
        reference=doc.get("reference"),
        masked_card=doc.get("masked_card"),
        note=doc.get("note"),
    )


def _order(item: OrderItem) -> Order:
    doc = item.doc
    return Order(
        id=item.sk.removeprefix(_ORDER),
        tenant_id=tenant_of(item.pk),
        product=doc["product"],
        plan=doc["plan"],
        length=Duration.parse(doc["length"]),
        amount=doc["amount"],
        payment_id=doc["payment_id"],
        created_at=from_iso(doc["created_at"]),
        expires_at=from_iso(doc["expires_at"]),
    )
