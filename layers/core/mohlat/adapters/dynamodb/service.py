"""What concerns a product and all its customers: rounds, news, maintenance, incidents, a product's end.

Everything about a product stands in one partition. The lanes of a round have one each: they are written for
every customer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.transactions import TransactWrite

from mohlat.adapters.dynamodb.service_states import add_state
from mohlat.adapters.dynamodb.table import (
    MEMBERS_INDEX,
    SHARDS,
    Document,
    DueItem,
    Item,
    absent,
    compact,
    fetch_all,
    member_shard,
    tenant_of,
    tenant_pk,
    unmoved,
)
from mohlat.application.ports import DueItem as Due
from mohlat.application.ports import DueKind
from mohlat.domain.errors import NotFound
from mohlat.domain.maintenance import Window, WindowStatus
from mohlat.domain.news import News
from mohlat.domain.notices import NoticeKind
from mohlat.domain.rounds import Lane, Progress, Round, RoundKind
from mohlat.domain.service_state import ServiceState
from mohlat.domain.tenant import from_iso, iso
from mohlat.domain.uptime import Cause, Incident
from mohlat.domain.winding_down import WindDown, WindDownStatus

SERVICE = "SERVICE#"
LANES = "LANE#"
LANE = "LANE"
WINDOW = "WINDOW#"
WIND_DOWN = "WIND_DOWN"
_ROUND, _NEWS, _INCIDENT = "ROUND#", "NEWS#", "INCIDENT#"

Kind = TypeVar("Kind")


class ServiceItem(DueItem):
    """Anything of these. `version` stands apart for the condition; what never changes has none."""

    version = NumberAttribute(null=True)
    doc = Document()


class _Members(GlobalSecondaryIndex["MemberRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = MEMBERS_INDEX
        projection = KeysOnlyProjection()

    member_shard = UnicodeAttribute(hash_key=True)
    pk = UnicodeAttribute(range_key=True)


class MemberRow(Item):
    """What the index of a product's customers shows of one."""

    member_shard = UnicodeAttribute()
    members = _Members()


class DynamoRoster:
    """`Roster` on the main table's index."""

    def page(self, product: str, lane: int, after: str, limit: int) -> list[str]:
        """Up to `limit` ids above `after`, in order."""
        condition = MemberRow.pk > tenant_pk(after)
        found = MemberRow.members.query(member_shard(product, SHARDS[lane]), condition, limit=limit)
        return [tenant_of(row.pk) for row in found]


class DynamoService:
    """`Service` on the main table."""

    def round(self, product: str, round_id: str) -> Round:
        """Raises NotFound."""
        return _one(SERVICE + product, _ROUND + round_id, _round)

    def rounds(self, product: str) -> list[Round]:
        """All of a product."""
        return _all(product, _ROUND, _round)

    def lane(self, product: str, round_id: str, number: int) -> Lane:
        """Read consistently. Raises NotFound."""
        return _one(_lane_pk(product, round_id, number), LANE, _lane)

    def progress(self, product: str, round_id: str) -> Progress:
        """How far all lanes of a round are."""
        keys = [(_lane_pk(product, round_id, number), LANE) for number in range(len(SHARDS))]
        return Progress.of(_lane(item) for item in fetch_all(ServiceItem, keys))

    def news(self, product: str, news_id: str) -> News:
        """Raises NotFound."""
        return _one(SERVICE + product, _NEWS + news_id, _news)

    def latest_news(self, product: str, limit: int = 50) -> list[News]:
        """The newest first."""
        return _all(product, _NEWS, _news, limit)

    def window(self, product: str, window_id: str) -> Window:
        """Raises NotFound."""
        return _one(SERVICE + product, WINDOW + window_id, _window)

    def windows(self, product: str) -> list[Window]:
        """All of a product, the last to be planned first."""
        return _all(product, WINDOW, _window)

    def incident(self, product: str, incident_id: str) -> Incident:
        """Raises NotFound."""
        return _one(SERVICE + product, _INCIDENT + incident_id, _incident)

    def incidents(self, product: str) -> list[Incident]:
        """All of a product, the last to be noted first."""
        return _all(product, _INCIDENT, _incident)

    def wind_down(self, product: str) -> WindDown | None:
        """The product's end, if one was ever planned."""
        try:
            return _one(SERVICE + product, WIND_DOWN, _wind_down)
        except NotFound:
            return None


def _one(pk: str, sk: str, read: Callable[[ServiceItem], Kind]) -> Kind:
    try:
        return read(ServiceItem.get(pk, sk, consistent_read=True))
    except ServiceItem.DoesNotExist:
        raise NotFound(id=sk.partition("#")[2] or sk) from None


def _all(
    product: str, below: str, read: Callable[[ServiceItem], Kind], limit: int | None = None
) -> list[Kind]:
    # Ids of ours sort by time.
    found = ServiceItem.query(
        SERVICE + product,
        ServiceItem.sk.startswith(below),
        consistent_read=True,
        scan_index_forward=False,
        limit=limit,
    )
    return [read(item) for item in found]


# --- writing ----------------------------------------------------------------------------------------------


def add_service(
    write: TransactWrite, row: Round | Lane | News | Window | Incident | WindDown | ServiceState
) -> None:
    """Adds one of these: what is new, or the next version of what is stored."""
    match row:
        case Round():
            item = ServiceItem(SERVICE + row.product, _ROUND + row.id, doc=_round_doc(row))
            write.save(item, absent())
        case News():
            item = ServiceItem(SERVICE + row.product, _NEWS + row.id, doc=_news_doc(row))
            write.save(item, absent())
        case Lane():
            pk = _lane_pk(row.product, row.round_id, row.number)
            _add(write, pk, LANE, row.version, _lane_doc(row), pk, row.next_due_at)
        case Window():
            pk, sk = SERVICE + row.product, WINDOW + row.id
            _add(write, pk, sk, row.version, _window_doc(row), row.id, row.next_due_at)
        case Incident():
            _add(write, SERVICE + row.product, _INCIDENT + row.id, row.version, _incident_doc(row))
        case WindDown():
            pk = SERVICE + row.product
            _add(write, pk, WIND_DOWN, row.version, _wind_down_doc(row), row.product, row.next_due_at)
        case ServiceState():
            add_state(write, row)


def _add(
    write: TransactWrite,
    pk: str,
    sk: str,
    version: int,
    doc: dict[str, Any],
    owner: str = "",
    due_at: datetime | None = None,
) -> None:
    item = ServiceItem(pk, sk, version=version, doc=compact(doc))
    item.set_due(owner, due_at)
    write.save(item, unmoved(ServiceItem.version, version))


def _lane_pk(product: str, round_id: str, number: int) -> str:
    return f"{LANES}{product}#{round_id}#{SHARDS[number]}"


def lane_of(pk: str) -> tuple[str, str, int]:
    """Product, round and number of the lane whose partition it is."""
    product, round_id, shard = pk.removeprefix(LANES).split("#")
    return product, round_id, int(shard)


def service_due(pk: str, sk: str, at: datetime) -> Due:
    """A lane, a window or a product's end as what falls due at `at`."""
    if sk == LANE:
        product, round_id, number = lane_of(pk)
        return Due(DueKind.LANE, round_id, at, number, product=product)
    product = pk.removeprefix(SERVICE)
    if sk == WIND_DOWN:
        return Due(DueKind.WIND_DOWN, product, at, product=product)
    return Due(DueKind.WINDOW, sk.removeprefix(WINDOW), at, product=product)


def due_now(pk: str, sk: str) -> tuple[Due, int] | None:
    """The same, as the row stands now, and its version; None if nothing is to be done about it, and for any
    other row.

    Raises NotFound.
    """
    if sk != LANE and not pk.startswith(SERVICE):
        return None
    at, version = _one(pk, sk, lambda item: (item.next_due_at, item.version))
    return (service_due(pk, sk, from_iso(at)), int(version)) if at else None


# --- documents --------------------------------------------------------------------------------------------


def _at(value: datetime | None) -> str | None:
    return iso(value) if value else None


def _instant(doc: Mapping[str, Any], name: str) -> datetime | None:
    return from_iso(doc[name]) if name in doc else None


def _round_doc(round: Round) -> dict[str, Any]:
    return compact(
        {
            "kind": round.kind.value,
            "about": round.about,
            "clause": round.clause,
            "by": round.by,
            "begun_at": iso(round.begun_at),
            "notice": round.notice.value,
            "anchor": iso(round.anchor),
            "facts": dict(round.facts),
            "complete_by": _at(round.complete_by),
        }
    )


def _round(item: ServiceItem) -> Round:
    doc = item.doc
    return Round(
        id=item.sk.removeprefix(_ROUND),
        product=item.pk.removeprefix(SERVICE),
        kind=RoundKind(doc["kind"]),
        about=doc["about"],
        clause=doc["clause"],
        by=doc["by"],
        begun_at=from_iso(doc["begun_at"]),
        notice=NoticeKind(doc["notice"]),
        anchor=from_iso(doc["anchor"]),
        facts=doc.get("facts", {}),
        complete_by=_instant(doc, "complete_by"),
    )


def _lane_doc(lane: Lane) -> dict[str, Any]:
    return {
        "after": lane.after,
        "walked": lane.walked or None,
        "left": list(lane.left),
        "tries": lane.tries or None,
        "told": lane.told or None,
        "late": lane.late or None,
        "passed_over": lane.passed_over or None,
        "trouble": lane.trouble,
        "overtaken": lane.overtaken or None,
        "finished_at": _at(lane.finished_at),
    }


def _lane(item: ServiceItem) -> Lane:
    doc = item.doc
    product, round_id, number = lane_of(item.pk)
    return Lane(
        round_id=round_id,
        product=product,
        number=number,
        next_due_at=from_iso(item.next_due_at) if item.next_due_at else None,
        after=doc.get("after", ""),
        walked=doc.get("walked", False),
        left=tuple(doc.get("left", ())),
        tries=doc.get("tries", 0),
        told=doc.get("told", 0),
        late=doc.get("late", 0),
        passed_over=doc.get("passed_over", 0),
        trouble=doc.get("trouble", ""),
        overtaken=doc.get("overtaken", False),
        finished_at=_instant(doc, "finished_at"),
        version=int(item.version),
    )


def _news_doc(news: News) -> dict[str, Any]:
    return {
        "at": iso(news.at),
        "by": news.by,
        "titles": dict(news.titles),
        "texts": dict(news.texts),
        "clause": news.clause,
    }


def _news(item: ServiceItem) -> News:
    doc = item.doc
    return News(
        id=item.sk.removeprefix(_NEWS),
        product=item.pk.removeprefix(SERVICE),
        at=from_iso(doc["at"]),
        by=doc["by"],
        titles=doc["titles"],
        texts=doc["texts"],
        clause=doc["clause"],
    )


def _window_doc(window: Window) -> dict[str, Any]:
    return {
        "starts_at": iso(window.starts_at),
        "ends_at": iso(window.ends_at),
        "until": iso(window.until),
        "what": dict(window.what),
        "by": window.by,
        "announced_at": iso(window.announced_at),
        "clause": window.clause,
        "counts": window.counts or None,
        "reminders": [iso(at) for at in window.reminders],
        "status": window.status.value,
        "revision": window.revision,
        "ended_at": _at(window.ended_at),
    }


def _window(item: ServiceItem) -> Window:
    doc = item.doc
    return Window(
        id=item.sk.removeprefix(WINDOW),
        product=item.pk.removeprefix(SERVICE),
        starts_at=from_iso(doc["starts_at"]),
        ends_at=from_iso(doc["ends_at"]),
        until=from_iso(doc["until"]),
        what=doc["what"],
        by=doc["by"],
        announced_at=from_iso(doc["announced_at"]),
        clause=doc["clause"],
        counts=doc.get("counts", False),
        reminders=tuple(from_iso(at) for at in doc.get("reminders", ())),
        status=WindowStatus(doc["status"]),
        revision=int(doc["revision"]),
        ended_at=_instant(doc, "ended_at"),
        version=int(item.version),
    )


def _incident_doc(incident: Incident) -> dict[str, Any]:
    return {
        "cause": incident.cause.value,
        "started_at": iso(incident.started_at),
        "what": dict(incident.what),
        "by": incident.by,
        "noted_at": iso(incident.noted_at),
        "affected": list(incident.affected),
        "ended_at": _at(incident.ended_at),
    }


def _incident(item: ServiceItem) -> Incident:
    doc = item.doc
    return Incident(
        id=item.sk.removeprefix(_INCIDENT),
        product=item.pk.removeprefix(SERVICE),
        cause=Cause(doc["cause"]),
        started_at=from_iso(doc["started_at"]),
        what=doc["what"],
        by=doc["by"],
        noted_at=from_iso(doc["noted_at"]),
        affected=tuple(doc.get("affected", ())),
        ended_at=_instant(doc, "ended_at"),
        version=int(item.version),
    )


def _wind_down_doc(plan: WindDown) -> dict[str, Any]:
    return {
        "planned_at": iso(plan.planned_at),
        "ends_at": iso(plan.ends_at),
        "access_until": iso(plan.access_until),
        "why": dict(plan.why),
        "by": plan.by,
        "clause": plan.clause,
        "status": plan.status.value,
        "revision": plan.revision,
    }


def _wind_down(item: ServiceItem) -> WindDown:
    doc = item.doc
    return WindDown(
        product=item.pk.removeprefix(SERVICE),
        planned_at=from_iso(doc["planned_at"]),
        ends_at=from_iso(doc["ends_at"]),
        access_until=from_iso(doc["access_until"]),
        why=doc["why"],
        by=doc["by"],
        clause=doc["clause"],
        status=WindDownStatus(doc["status"]),
        revision=int(doc["revision"]),
        version=int(item.version),
    )
