"""Task of the service machine: takes a round's lane, a maintenance window or a product's end further."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mohlat import bootstrap
from mohlat.application.ports import DueKind
from mohlat.domain.tenant import iso
from mohlat.entrypoint import Event, task
from mohlat.observation import count, logger


def _lane(product: str, round_id: str, number: int) -> datetime | None:
    lane = bootstrap.round_runner().step(product, round_id, number)
    logger.info("lane", round_id=round_id, number=number, told=lane.told, left=len(lane.left))
    if lane.finished_at and lane.late:
        count("ToldLate", lane.late)
    if lane.trouble and (lane.finished_at or lane.retrying) and lane.left:
        # Those that nobody could reach, or so many that something is broken.
        logger.warning("not reached", round_id=round_id, left=len(lane.left), error=lane.trouble)
        count("NotReached", len(lane.left))
    return lane.next_due_at


@task
def lambda_handler(event: Event, context: Any) -> dict[str, object]:
    """Whether nothing is left to do, and when to go on if something is."""
    kind, product, id, number = (event[name] for name in ("kind", "product", "id", "number"))
    match DueKind(kind):
        case DueKind.LANE:
            next_at = _lane(product, id, number)
        case DueKind.WINDOW:
            next_at = bootstrap.maintenance_desk().carry(product, id).next_due_at
        case _:
            next_at = bootstrap.wind_down_desk().carry(product).next_due_at
    clock = bootstrap.clock()
    return {
        "kind": kind,
        "product": product,
        "id": id,
        "number": number,
        "decided": next_at is None,
        "wake_at": iso(clock.wall(next_at or clock.now())),
    }
