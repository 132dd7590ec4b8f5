"""Reports of use, in the tenant's own partition: they die with it."""

from __future__ import annotations

from pynamodb.transactions import TransactWrite

from mohlat.adapters.dynamodb.table import Document, Item, absent, compact, tenant_pk
from mohlat.application.ports import UsageReport
from mohlat.domain.tenant import from_iso, iso

_USAGE = "USAGE#"


class UsageItem(Item):
    """A report that was taken; never changed."""

    doc = Document()


def add_report(write: TransactWrite, report: UsageReport) -> None:
    """Adds a new report."""
    doc = compact(
        {
            "metric": report.metric,
            "used": report.used,
            "billed": report.billed or None,
            "at": iso(report.at),
            "debt_id": report.debt_id,
        }
    )
    write.save(UsageItem(tenant_pk(report.tenant_id), _USAGE + report.id, doc=doc), absent())


def report_of(tenant_id: str, report_id: str) -> UsageReport | None:
    """The report of this id, if it was taken; read consistently."""
    try:
        item = UsageItem.get(tenant_pk(tenant_id), _USAGE + report_id, consistent_read=True)
    except UsageItem.DoesNotExist:
        return None
    doc = item.doc
    return UsageReport(
        tenant_id=tenant_id,
        id=report_id,
        metric=doc["metric"],
        used=doc["used"],
        billed=doc.get("billed", False),
        at=from_iso(doc["at"]),
        debt_id=doc.get("debt_id"),
    )
