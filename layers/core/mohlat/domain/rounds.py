"""A round goes through all customers of a product, each once: to tell them something, or to change something.

A product's customers are parted into lanes, which are gone through side by side. What is done for a customer
and how far its lane got are written in one transaction, so that whatever is cut off goes on behind the last
customer that was reached: nobody is met twice, nobody is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from mohlat.domain.agreement import Agreement, Phase
from mohlat.domain.lifecycle import Event, Transition, move, service_notice
from mohlat.domain.notices import NoticeKind
from mohlat.domain.tenant import Tenant

LANES = 16
# The index that names a product's customers follows the table within moments, not at once.
_HEAD_START = timedelta(seconds=5)
# How long a customer whose turn failed is left alone before each further try.
_WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 480, 1440))
# So many failures in one lane are no accident of single customers: it waits until some of them work again.
MOST_LEFT = 100
_HALT = timedelta(minutes=5)


class RoundKind(StrEnum):
    """What is done for each customer.

    announce   the customer is told
    add_time   lost time is added to the lease (SAMAN-4.6)
    wind_down  what is paid is returned, and a year of reading begins (KALO-9)
    """

    ANNOUNCE = "announce"
    ADD_TIME = "add_time"
    WIND_DOWN = "wind_down"


@dataclass(frozen=True, slots=True)
class Round:
    """One round. `about` names its subject, such as "news:n_…" or "window:w_…:2".

    `notice`, `anchor` and `facts` are what each customer is told. `complete_by` (UTC) is when the last one
    should have been reached; whoever is told later is counted as late.
    """

    id: str
    product: str
    kind: RoundKind
    about: str
    clause: str
    by: str
    begun_at: datetime
    notice: NoticeKind
    anchor: datetime
    facts: Mapping[str, str | int] = field(default_factory=dict)
    complete_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class Lane:
    """How far a round got in one part of the customers, who are met in the order of their ids.

    after        the last id that was met
    walked       every one was met; what is left are the ids in `left`, tried again alone
    told, late, passed_over   how many were reached, reached too late, and not concerned
    trouble      what the last one that failed failed with
    next_due_at  when to go on; None once nothing is left to do
    version      rises with each write
    """

    round_id: str
    product: str
    number: int
    next_due_at: datetime | None
    after: str = ""
    walked: bool = False
    left: tuple[str, ...] = ()
    tries: int = 0
    told: int = 0
    late: int = 0
    passed_over: int = 0
    trouble: str = ""
    overtaken: bool = False
    finished_at: datetime | None = None
    version: int = 1

    @property
    def retrying(self) -> bool:
        """Whether those that failed have their turn now."""
        return self.walked or len(self.left) >= MOST_LEFT

    def told_one(self, round: Round, tenant_id: str, now: datetime) -> Lane:
        """After a customer was reached: the lane's next version, written with what was done."""
        late = round.complete_by is not None and now > round.complete_by
        reached = replace(self, told=self.told + 1, late=self.late + late, version=self.version + 1)
        return reached._past(tenant_id)

    def passed_one(self, tenant_id: str) -> Lane:
        """After a customer that it does not concern. Not written for each: meeting it again does no harm."""
        return replace(self, passed_over=self.passed_over + 1)._past(tenant_id)

    def failed_one(self, tenant_id: str, trouble: str) -> Lane:
        """After a customer whose turn failed: it is tried again alone, the others go on."""
        failed = replace(self, trouble=trouble)
        if tenant_id in self.left:
            return failed
        return replace(failed, after=tenant_id, left=(*self.left, tenant_id))

    def _past(self, tenant_id: str) -> Lane:
        if tenant_id in self.left:
            return replace(self, left=tuple(each for each in self.left if each != tenant_id))
        return replace(self, after=tenant_id)

    def rested(self, now: datetime, *, more: bool) -> Lane:
        """After a share of the work, the lane's next version: when to go on, if anything is left.

        `more` customers may follow those that were met.
        """
        after = replace(self, version=self.version + 1)
        if more and not self.walked:
            return replace(after, next_due_at=now + _HALT if self.retrying else now)
        tries = self.tries + 1 if self.walked else 0
        after = replace(after, walked=True, tries=tries)
        if self.left and tries < len(_WAITS):
            return replace(after, next_due_at=now + _WAITS[tries])
        return replace(after, next_due_at=None, finished_at=now)

    def stopped(self, now: datetime) -> Lane:
        """The next version, once what it was about was overtaken: nobody else is told."""
        return replace(self, next_due_at=None, finished_at=now, overtaken=True, version=self.version + 1)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far all lanes of a round are. `left` are the ids that failed and are tried again."""

    told: int
    late: int
    passed_over: int
    left: tuple[str, ...]
    trouble: str
    finished_at: datetime | None
    overtaken: bool

    @classmethod
    def of(cls, lanes: Iterable[Lane]) -> Progress:
        """Their sum; finished when the last of them is. Of a round that is not there, nothing is."""
        lanes = list(lanes)
        ends = [lane.finished_at for lane in lanes]
        return cls(
            told=sum(lane.told for lane in lanes),
            late=sum(lane.late for lane in lanes),
            passed_over=sum(lane.passed_over for lane in lanes),
            left=tuple(sorted(each for lane in lanes for each in lane.left)),
            trouble=next((lane.trouble for lane in lanes if lane.trouble), ""),
            finished_at=None if None in ends or not ends else max(end for end in ends if end),
            overtaken=any(lane.overtaken for lane in lanes),
        )


def lanes_of(round: Round) -> tuple[Lane, ...]:
    """The lanes of a round that begins, each to be gone through at once."""
    start = round.begun_at + _HEAD_START
    return tuple(Lane(round.id, round.product, number, start) for number in range(LANES))


def announce(round: Round, tenant: Tenant, agreement: Agreement, now: datetime) -> Transition | None:
    """Tells a customer; None for one whose account is closed or gone: it does not concern them."""
    if tenant.phase in (Phase.CLOSED, Phase.PURGED):
        return None
    facts: dict[str, str | int] = {**round.facts, "about": round.about}
    return move(
        tenant,
        Event.ANNOUNCED,
        now,
        round.by,
        "everybody who uses the product is told",
        round.clause,
        notices=(service_notice(tenant, agreement, round.notice, round.anchor, round.clause, facts),),
        facts={"about": round.about, "notice": round.notice.value},
    )
