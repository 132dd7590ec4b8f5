"""Requests about one's own data: in the tenant's partition, and gone with it."""

from __future__ import annotations

from datetime import datetime

from pynamodb.transactions import TransactWrite

from mohlat.adapters.dynamodb.money import MovingItem
from mohlat.adapters.dynamodb.table import compact, tenant_of, tenant_pk, unmoved
from mohlat.domain.data_requests import DataRequest, RefusalGround, RequestStatus, Right
from mohlat.domain.errors import NotFound
from mohlat.domain.tenant import from_iso, iso

REQUEST = "REQUEST#"


class DataRequestItem(MovingItem):
    """A request, in the due index while its clock brings anything."""


def add_request(write: TransactWrite, request: DataRequest) -> None:
    """Adds a request: a new one, or the next version of what is stored."""
    doc = compact(
        {
            "product": request.product,
            "right": request.right.value,
            "by": request.by,
            "clause": request.clause,
            "received_at": iso(request.received_at),
            "counted_from": iso(request.counted_from),
            "due_at": iso(request.due_at),
            "warn_at": iso(request.warn_at),
            "status": request.status.value,
            "ticket_id": request.ticket_id,
            "extended_at": _at(request.extended_at),
            "stopped_at": _at(request.stopped_at),
            "stood_seconds": request.stood_seconds or None,
            "escalated_at": _at(request.escalated_at),
            "late_at": _at(request.late_at),
            "answered_at": _at(request.answered_at),
            "ground": request.ground and request.ground.value,
            "export_id": request.export_id,
        }
    )
    pk, sk = tenant_pk(request.tenant_id), REQUEST + request.id
    item = DataRequestItem(pk, sk, version=request.version, doc=doc)
    item.set_due(request.id, request.wakes_at)
    write.save(item, unmoved(DataRequestItem.version, request.version))


class DynamoDataRequests:
    """`DataRequests` on the main table."""

    def get(self, tenant_id: str, request_id: str) -> DataRequest:
        """Read consistently. Raises NotFound."""
        try:
            return _request(
                DataRequestItem.get(tenant_pk(tenant_id), REQUEST + request_id, consistent_read=True)
            )
        except DataRequestItem.DoesNotExist:
            raise NotFound(tenant_id=tenant_id, id=request_id) from None

    def of(self, tenant_id: str) -> list[DataRequest]:
        """All requests of a tenant, oldest first."""
        below = DataRequestItem.sk.startswith(REQUEST)
        found = DataRequestItem.query(tenant_pk(tenant_id), below, consistent_read=True)
        return [_request(item) for item in found]


def _at(instant: datetime | None) -> str | None:
    return iso(instant) if instant else None


def _request(item: DataRequestItem) -> DataRequest:
    doc = item.doc

    def instant(name: str) -> datetime | None:
        return from_iso(doc[name]) if name in doc else None

    return DataRequest(
        id=item.sk.removeprefix(REQUEST),
        tenant_id=tenant_of(item.pk),
        product=doc["product"],
        right=Right(doc["right"]),
        by=doc["by"],
        clause=doc["clause"],
        received_at=from_iso(doc["received_at"]),
        counted_from=from_iso(doc["counted_from"]),
        due_at=from_iso(doc["due_at"]),
        warn_at=from_iso(doc["warn_at"]),
        status=RequestStatus(doc["status"]),
        ticket_id=doc.get("ticket_id", ""),
        extended_at=instant("extended_at"),
        stopped_at=instant("stopped_at"),
        stood_seconds=int(doc.get("stood_seconds", 0)),
        escalated_at=instant("escalated_at"),
        late_at=instant("late_at"),
        answered_at=instant("answered_at"),
        ground=RefusalGround(doc["ground"]) if "ground" in doc else None,
        export_id=doc.get("export_id"),
        version=int(item.version),
    )
