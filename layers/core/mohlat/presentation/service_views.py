"""How the running of a product looks in JSON."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from mohlat.domain.maintenance import Window, WindowStatus
from mohlat.domain.news import News
from mohlat.domain.rounds import Progress, Round
from mohlat.domain.texts import said
from mohlat.domain.uptime import Incident, Uptime
from mohlat.domain.winding_down import WindDown
from mohlat.presentation.views import Json, at

_SHOWN = 50


def news(item: News, language: str) -> Json:
    """A piece of news."""
    return {
        "news_id": item.id,
        **at("at", item.at, language),
        "title": said(item.titles, language),
        "text": said(item.texts, language),
        "clause": item.clause,
    }


def progress(found: Progress, language: str) -> Json:
    """How far a round is."""
    return {
        "told": found.told,
        "late": found.late,
        "passed_over": found.passed_over,
        "left": list(found.left[:_SHOWN]),
        "left_count": len(found.left),
        "trouble": found.trouble or None,
        "overtaken": found.overtaken,
        **at("finished_at", found.finished_at, language),
    }


def round_view(round: Round, found: Progress, language: str) -> Json:
    """A round and how far it is."""
    return {
        "round_id": round.id,
        "kind": round.kind.value,
        "about": round.about,
        "notice": round.notice.value,
        "clause": round.clause,
        "by": round.by,
        **at("begun_at", round.begun_at, language),
        **at("complete_by", round.complete_by, language),
        **progress(found, language),
    }


def window(window: Window, language: str, told: Progress | None = None) -> Json:
    """A maintenance window; with how far its announcement is, if that was looked up."""
    shown: Json = {
        "window_id": window.id,
        "status": window.status.value,
        **at("starts_at", window.starts_at, language),
        **at("ends_at", window.ends_at, language),
        **at("until", window.until, language),
        **at("ended_at", window.ended_at, language),
        **at("announced_at", window.announced_at, language),
        "what": said(window.what, language),
        "counts_as_downtime": window.counts,
        "revision": window.revision,
        "clause": window.clause,
    }
    return shown | {"announcement": progress(told, language)} if told else shown


def incident(incident: Incident, language: str) -> Json:
    """An incident, as operators see it."""
    return {
        "incident_id": incident.id,
        "cause": incident.cause.value,
        **at("started_at", incident.started_at, language),
        **at("ended_at", incident.ended_at, language),
        "what": said(incident.what, language),
        "affected": list(incident.affected),
        "by": incident.by,
        **at("noted_at", incident.noted_at, language),
    }


def wind_down(plan: WindDown, language: str) -> Json:
    """A product's end."""
    return {
        "product": plan.product,
        "status": plan.status.value,
        **at("planned_at", plan.planned_at, language),
        **at("ends_at", plan.ends_at, language),
        **at("access_until", plan.access_until, language),
        "why": said(plan.why, language),
        "clause": plan.clause,
    }


def uptime(found: Uptime, month: str) -> Json:
    """A customer's month. Percentages with a tenth; times in seconds."""
    return {
        "month": month,
        "uptime_percent": round(found.per_mille / 10, 3),
        "promised_percent": found.promised / 10 if found.promised is not None else None,
        "kept": found.kept,
        "total_seconds": int(found.total.total_seconds()),
        "lost_seconds": int(found.lost.total_seconds()),
    }


def status(
    product: str,
    windows: Iterable[Window],
    incidents: Iterable[Incident],
    plan: WindDown | None,
    now: datetime,
    language: str,
) -> Json:
    """What anybody may know of a product's state: no customer is named."""
    windows, incidents = list(windows), list(incidents)
    shut = any(each.next_due_at and each.starts_at <= now < each.until for each in windows)
    troubled = any(each.ended_at is None for each in incidents)
    ahead = (WindowStatus.PLANNED, WindowStatus.OPEN)
    return {
        "product": product,
        "state": "maintenance" if shut else "trouble" if troubled else "running",
        "maintenance": [window(each, language) for each in windows if each.status in ahead],
        "incidents": [
            {
                "incident_id": each.id,
                **at("started_at", each.started_at, language),
                **at("ended_at", each.ended_at, language),
                "what": said(each.what, language),
                "everybody": not each.affected,
            }
            for each in incidents[:_SHOWN]
        ],
        "ends": wind_down(plan, language) if plan and not plan.given_up else None,
    }
