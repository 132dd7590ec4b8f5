"""The journal: append-only and hash-chained per tenant. Replaying it gives its state (invariant 5)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from mohlat.domain.errors import MohlatError
from mohlat.domain.lifecycle import Event, Transition, Workflow
from mohlat.domain.notices import Notice
from mohlat.domain.tenant import Tenant, from_dict, iso, to_dict


class JournalBroken(MohlatError):
    """An entry is missing, doubled or altered: stop, and restore from a backup before going on."""

    code = "journal-broken"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a tenant's journal: what happened, when, why, by which clause, and by whom.

    `seq` is the tenant's version after it. `changes` holds each changed field's new value; `hash` covers
    everything but itself, the previous entry's hash included.
    """

    tenant_id: str
    seq: int
    event: Event
    at: datetime
    recorded_at: datetime
    clause: str
    by: str
    why: str
    facts: Mapping[str, str | int]
    changes: Mapping[str, Any]
    notices: tuple[Notice, ...]
    workflows: tuple[Workflow, ...]
    previous_hash: str
    hash: str


def _digest(entry: Entry) -> str:
    content = {
        "tenant_id": entry.tenant_id,
        "seq": entry.seq,
        "event": entry.event.value,
        "at": iso(entry.at),
        "recorded_at": iso(entry.recorded_at),
        "clause": entry.clause,
        "by": entry.by,
        "why": entry.why,
        "facts": dict(entry.facts),
        "changes": dict(entry.changes),
        "notices": [notice.to_dict() for notice in entry.notices],
        "workflows": [workflow.value for workflow in entry.workflows],
        "previous_hash": entry.previous_hash,
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def record(transition: Transition) -> tuple[Tenant, Entry]:
    """The tenant as it is to be stored (its journal head set) and the journal entry that goes with it."""
    old = to_dict(transition.before) if transition.before else {}
    new = to_dict(transition.after)
    # The head is this entry's own hash: it cannot be part of what the hash covers.
    changes = {
        name: value for name, value in new.items() if name != "journal_head" and value != old.get(name)
    }
    # A description leaves some fields out while they are empty: that one became empty is a change as well.
    changes |= dict.fromkeys(name for name in old if name not in new)
    entry = Entry(
        tenant_id=transition.after.id,
        seq=transition.after.version,
        event=transition.event,
        at=transition.at,
        recorded_at=transition.recorded_at,
        clause=transition.clause,
        by=transition.by,
        why=transition.why,
        facts=transition.facts,
        changes=changes,
        notices=transition.notices,
        workflows=transition.workflows,
        previous_hash=transition.before.journal_head if transition.before else "",
        hash="",
    )
    entry = replace(entry, hash=_digest(entry))
    return replace(transition.after, journal_head=entry.hash), entry


def replay(entries: Iterable[Entry]) -> Tenant:
    """The tenant that the whole journal leads to. Raises JournalBroken if the chain does not hold."""
    state: dict[str, Any] = {}
    previous = ""
    for seq, entry in enumerate(entries, start=1):
        if entry.seq != seq or entry.previous_hash != previous or entry.hash != _digest(entry):
            raise JournalBroken(tenant_id=entry.tenant_id, seq=seq)
        state |= entry.changes
        previous = entry.hash
    if not state:
        raise JournalBroken("the journal is empty")
    return replace(from_dict(state), journal_head=previous)
