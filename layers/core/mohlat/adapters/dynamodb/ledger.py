"""The ledger's postings: written once, never changed, and found by the day they were booked on."""

from __future__ import annotations

from datetime import datetime

from pynamodb.attributes import UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.transactions import TransactWrite

from mohlat.adapters.dynamodb.money import below, money_pk, payer_of
from mohlat.adapters.dynamodb.table import LEDGER_INDEX, SHARDS, Document, Item, absent, compact, shard_of
from mohlat.domain.ledger import Account, Posting
from mohlat.domain.tenant import from_iso, iso

_POSTING = "POST#"


class PostingItem(Item):
    """One posting. `ledger_day` puts it into the index of its day, in its tenant's shard."""

    ledger_day = UnicodeAttribute()
    doc = Document()


class _DayView(GlobalSecondaryIndex["DayRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = LEDGER_INDEX
        projection = KeysOnlyProjection()

    ledger_day = UnicodeAttribute(hash_key=True)
    pk = UnicodeAttribute(range_key=True)


class DayRow(Item):
    """What the index of the day shows of a posting."""

    ledger_day = UnicodeAttribute()
    day = _DayView()


def add_posting(write: TransactWrite, posting: Posting) -> None:
    """Adds a posting: the same effect is never booked twice."""
    doc = compact(
        {
            "product": posting.product,
            "source": posting.source,
            "at": iso(posting.at),
            "clause": posting.clause,
            "lines": {account.value: amount for account, amount in posting.lines.items()},
        }
    )
    item = PostingItem(
        money_pk(posting.tenant_id),
        _POSTING + posting.id,
        ledger_day=_ledger_day(_day_of(posting.at), shard_of(posting.tenant_id)),
        doc=doc,
    )
    write.save(item, absent())


def postings_of(tenant_id: str) -> list[Posting]:
    """A tenant's whole ledger, oldest first, read consistently."""
    found = map(_posting, below(PostingItem, tenant_id, _POSTING))
    return sorted(found, key=lambda posting: (posting.at, posting.id))


def touched_on(day: str) -> set[str]:
    """The tenants that anything was booked for on a UTC day such as 2026-11-25.

    The index follows the table within moments, not at once.
    """
    return {payer_of(row.pk) for shard in SHARDS for row in DayRow.day.query(_ledger_day(day, shard))}


def _day_of(at: datetime) -> str:
    return iso(at).partition("T")[0]


def _ledger_day(day: str, shard: str) -> str:
    return f"{day}#{shard}"


def _posting(item: PostingItem) -> Posting:
    doc = item.doc
    return Posting(
        id=item.sk.removeprefix(_POSTING),
        tenant_id=payer_of(item.pk),
        product=doc["product"],
        source=doc["source"],
        at=from_iso(doc["at"]),
        clause=doc.get("clause", ""),
        lines={Account(name): amount for name, amount in doc["lines"].items()},
    )
