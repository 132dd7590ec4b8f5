"""Orders and payments. Orders die with their tenant; payments stand apart, because money may arrive later."""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
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
    unmoved,
)
from mohlat.application.ports import Receipt
from mohlat.domain.durations import Duration
from mohlat.domain.errors import NotFound
from mohlat.domain.payments import Order, OrderKind, Payment, PaymentStatus
from mohlat.domain.tenant import from_iso, iso

PAYMENT = "PAYMENT"
_AUTHORITY = "AUTHORITY"
_RECEIPT = "RECEIPT"
_ORDER = "ORDER#"


class PaymentItem(DueItem):
    """A payment, in the due index while its gateway is to be asked again."""

    version = NumberAttribute()
    doc = Document()


class AuthorityItem(Item):
    """Leads from a gateway's authority to the payment."""

    payment_id = UnicodeAttribute()


class ReceiptItem(Item):
    """Leads from a gateway's receipt to the payment that it paid for."""

    payment_id = UnicodeAttribute()


class OrderItem(Item):
    """An order; never changed."""

    doc = Document()


def add_order(write: TransactWrite, order: Order) -> None:
    """Adds a new order."""
    doc = compact(
        {
            "product": order.product,
            "plan": order.plan,
            "length": str(order.length),
            "amount": order.amount,
            "payment_id": order.payment_id,
            "created_at": iso(order.created_at),
            "expires_at": iso(order.expires_at),
            "kind": order.kind.value if order.kind is not OrderKind.TERM else None,
            "subject": order.subject,
            "discount": order.discount or None,
            "vat": order.vat or None,
            "vat_percent": order.vat_percent or None,
            "promotion": order.promotion,
            "plan_before": order.plan_before,
            "term_ends_at": iso(order.term_ends_at) if order.term_ends_at else None,
            "start_now": order.start_now or None,
        }
    )
    write.save(OrderItem(tenant_pk(order.tenant_id), _ORDER + order.id, doc=doc), absent())


def add_receipt(write: TransactWrite, receipt: Receipt) -> None:
    """Adds that a receipt is used up."""
    pk = _receipt_pk(receipt.gateway, receipt.receipt)
    write.save(ReceiptItem(pk, _RECEIPT, payment_id=receipt.payment_id), absent())


def add_payment(write: TransactWrite, payment: Payment) -> None:
    """Adds a payment: a new one, or the next version of what is stored."""
    write.save(_item(payment), unmoved(PaymentItem.version, payment.version))


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

    def by_receipt(self, gateway: str, receipt: str) -> str | None:
        """The id of the payment that a gateway's receipt belongs to, if any."""
        try:
            known = ReceiptItem.get(_receipt_pk(gateway, receipt), _RECEIPT, consistent_read=True)
        except ReceiptItem.DoesNotExist:
            return None
        return str(known.payment_id)

    def save(self, payment: Payment) -> None:
        """Writes a changed payment, conditional on the version before; with its authority's lookup when new.

        Raises ConcurrentChange.
        """
        with conditional(payment_id=payment.id, version=payment.version):
            lookup = self._new_lookup(payment)
            if lookup is None:
                _item(payment).save(unmoved(PaymentItem.version, payment.version))
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


def _receipt_pk(gateway: str, receipt: str) -> str:
    return f"{_RECEIPT}#{gateway}#{receipt}"


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
            "token": payment.token,
            "receipt": payment.receipt,
            "checks": payment.checks or None,
            "settled_at": iso(payment.settled_at) if payment.settled_at else None,
            "reference": payment.reference,
            "masked_card": payment.masked_card,
            "note": payment.note,
            "captured": payment.captured or None,
            "refunds": dict(payment.refunds),
            "calling": payment.calling,
            "reported_at": iso(payment.reported_at) if payment.reported_at else None,
            "ticket_id": payment.ticket_id,
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
        token=doc.get("token"),
        receipt=doc.get("receipt"),
        checks=doc.get("checks", 0),
        next_check_at=from_iso(item.next_due_at) if item.next_due_at else None,
        settled_at=from_iso(doc["settled_at"]) if "settled_at" in doc else None,
        reference=doc.get("reference"),
        masked_card=doc.get("masked_card"),
        note=doc.get("note"),
        captured=doc.get("captured", 0),
        refunds=doc.get("refunds", {}),
        calling=doc.get("calling"),
        reported_at=from_iso(doc["reported_at"]) if "reported_at" in doc else None,
        ticket_id=doc.get("ticket_id"),
    )


def _order(item: OrderItem) -> Order:
    doc = item.doc
    return Order(
        id=item.sk.removeprefix(_ORDER),
        tenant_id=tenant_of(item.pk),
        product=doc["product"],
        plan=doc.get("plan", ""),
        length=Duration.parse(doc["length"]),
        amount=doc["amount"],
        payment_id=doc["payment_id"],
        created_at=from_iso(doc["created_at"]),
        expires_at=from_iso(doc["expires_at"]),
        kind=OrderKind(doc.get("kind", OrderKind.TERM.value)),
        subject=doc.get("subject", ""),
        discount=doc.get("discount", 0),
        vat=doc.get("vat", 0),
        vat_percent=doc.get("vat_percent", 0),
        promotion=doc.get("promotion", ""),
        plan_before=doc.get("plan_before", ""),
        term_ends_at=from_iso(doc["term_ends_at"]) if "term_ends_at" in doc else None,
        start_now=doc.get("start_now", False),
    )
