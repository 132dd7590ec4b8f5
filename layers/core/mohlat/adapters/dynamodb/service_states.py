"""Which products cannot be used: one small item for all of them, which every call of the API may ask for."""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute
from pynamodb.transactions import TransactWrite

from mohlat.adapters.dynamodb.table import Document, Item, compact, unmoved
from mohlat.domain.service_state import ServiceState, Shut
from mohlat.domain.tenant import from_iso, iso

_KEY = ("SERVICE", "STATE")


class ServiceStateItem(Item):
    """The one item. `version` stands apart for the condition."""

    version = NumberAttribute()
    doc = Document()


class DynamoServiceStates:
    """`ServiceStates` on the main table."""

    def read(self) -> ServiceState:
        """Read consistently; nothing is shut before the first is planned."""
        try:
            item = ServiceStateItem.get(*_KEY, consistent_read=True)
        except ServiceStateItem.DoesNotExist:
            return ServiceState()
        shut = (
            Shut(
                each["product"],
                each["window_id"],
                from_iso(each["starts_at"]),
                from_iso(each["until"]),
                each["clause"],
            )
            for each in item.doc.get("shut", ())
        )
        return ServiceState(tuple(shut), item.doc.get("ending", {}), int(item.version))


def add_state(write: TransactWrite, state: ServiceState) -> None:
    """Adds the next version of the state."""
    shut = [
        {
            "product": each.product,
            "window_id": each.window_id,
            "starts_at": iso(each.starts_at),
            "until": iso(each.until),
            "clause": each.clause,
        }
        for each in state.shut
    ]
    doc = compact({"shut": shut, "ending": dict(state.ending)})
    item = ServiceStateItem(*_KEY, version=state.version, doc=doc)
    write.save(item, unmoved(ServiceStateItem.version, state.version))
