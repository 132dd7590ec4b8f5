"""Cases of leaked personal data, by product, in the due index until those affected were told."""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import NumberAttribute
from pynamodb.transactions import TransactWrite

from mohlat.adapters.dynamodb.table import (
    Document,
    DueItem,
    compact,
    conditional,
    transaction,
    unmoved,
)
from mohlat.domain.errors import NotFound
from mohlat.domain.leaks import Leak, LeakStep, StepDone
from mohlat.domain.tenant import from_iso, iso

LEAKS = "LEAKS#"


class LeakItem(DueItem):
    """One case. `version` stands apart for the condition."""

    version = NumberAttribute()
    doc = Document()


def add_leak(write: TransactWrite, leak: Leak) -> None:
    """Adds a case: a new one, or the next version of what is stored."""
    doc = compact(
        {
            "opened_at": iso(leak.opened_at),
            "by": leak.by,
            "what": leak.what,
            "due_at": iso(leak.due_at),
            "clause": leak.clause,
            "affected": list(leak.affected),
            "told": leak.told or None,
            "steps": {
                step.value: {"at": iso(done.at), "by": done.by, "what": done.what}
                for step, done in leak.steps.items()
            },
            "closed_at": iso(leak.closed_at) if leak.closed_at else None,
        }
    )
    item = LeakItem(LEAKS + leak.product, leak.id, version=leak.version, doc=doc)
    item.set_due(leak.id, leak.rings_at)
    write.save(item, unmoved(LeakItem.version, leak.version))


class DynamoLeaks:
    """`Leaks` on the main table."""

    def get(self, product: str, leak_id: str) -> Leak:
        """Read consistently. Raises NotFound."""
        try:
            return _leak(LeakItem.get(LEAKS + product, leak_id, consistent_read=True))
        except LeakItem.DoesNotExist:
            raise NotFound(leak_id=leak_id) from None

    def of(self, product: str) -> list[Leak]:
        """All of a product, oldest first, read consistently."""
        return [_leak(item) for item in LeakItem.query(LEAKS + product, consistent_read=True)]

    def save(self, leak: Leak) -> None:
        """Writes a new case, or the next version of a known one. Raises ConcurrentChange."""
        with conditional(leak_id=leak.id), transaction() as write:
            add_leak(write, leak)


def _leak(item: LeakItem) -> Leak:
    doc: dict[str, Any] = item.doc
    return Leak(
        id=item.sk,
        product=item.pk.removeprefix(LEAKS),
        opened_at=from_iso(doc["opened_at"]),
        by=doc.get("by", ""),
        what=doc.get("what", ""),
        due_at=from_iso(doc["due_at"]),
        clause=doc.get("clause", ""),
        rings_at=from_iso(item.next_due_at) if item.next_due_at else None,
        affected=tuple(doc.get("affected", ())),
        told=doc.get("told", 0),
        steps={
            LeakStep(step): StepDone(from_iso(done["at"]), done["by"], done["what"])
            for step, done in doc.get("steps", {}).items()
        },
        closed_at=from_iso(doc["closed_at"]) if "closed_at" in doc else None,
        version=int(item.version),
    )
