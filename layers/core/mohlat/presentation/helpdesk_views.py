"""How requests for support, their messages and declared days look in JSON."""

from __future__ import annotations

from collections.abc import Sequence

from mohlat.domain.agreement import BilledTime, HelpRule
from mohlat.domain.helpdesk import Reply, Support
from mohlat.domain.tickets import Ticket
from mohlat.domain.working_time import DeclaredDay
from mohlat.presentation.views import Json, at, basis, money


def standing(ticket: Ticket, support: Support, language: str) -> Json:
    """Where a request stands, as its owner sees it: what is promised next, what was done, what is owed."""
    running = ticket.wakes_at is not None
    return {
        "severity": support.severity.value,
        "waits_for_customer": ticket.open and support.waiting_since is not None,
        "no_fault": support.dropped_at is not None,
        "outside_hours": support.outside_hours,
        **at("next_due_at", ticket.due_at if running else None, language),
        "done": [{"step": step.value, **at("at", when, language)} for step, when in support.done.items()],
        "missed": [
            {"step": step.value, **at("due_at", when, language)} for step, when in support.missed.items()
        ],
        "charges": [
            {
                "ground": each.ground.value,
                "minutes": each.minutes,
                "extra": each.extra,
                "clause": each.clause,
                **money(each.amount, language),
                "vat_rials": each.vat,
                **at("at", each.at, language),
            }
            for each in support.charges
        ],
    }


def conversation(ticket: Ticket, words: str | None, messages: Sequence[Reply], language: str) -> Json:
    """What was written in a request: its first words, then the messages, oldest first."""
    return {
        "ticket_id": ticket.id,
        "words": words,
        "messages": [
            {
                "message_id": each.id,
                "from": "support" if each.ours else "customer",
                "text": each.text,
                **at("at", each.at, language),
            }
            for each in messages
        ],
    }


def promises(rule: HelpRule) -> Json:
    """What an agreement says of support, each part with its reason. Lengths are working time."""
    return {
        "hours": {
            "opens": f"{rule.hours.opens:%H:%M}",
            "closes": f"{rule.hours.closes:%H:%M}",
            **basis(rule.hours.basis),
        },
        "levels": [
            {
                "severity": level.severity.value,
                "steps": [
                    {"step": limit.step.value, "within": str(limit.within) if limit.within else None}
                    for limit in level.steps
                ],
                **basis(level.basis),
            }
            for level in rule.levels
        ],
        "manager_only": rule.manager_only and basis(rule.manager_only),
        "mail": rule.mail and {"address": rule.mail.address, **basis(rule.mail.basis)},
        "not_covered": [
            {"topic": each.topic, "extra": each.extra, **basis(each.basis)} for each in rule.not_covered
        ],
        "not_a_bug": _billed(rule.not_a_bug),
        "outside_hours": _billed(rule.outside_hours),
        **basis(rule.basis),
    }


def _billed(billed: BilledTime | None) -> Json | None:
    return {"extra": billed.extra, **basis(billed.basis)} if billed else None


def declared_day(day: DeclaredDay) -> Json:
    """A declared day, who said so and why."""
    return {"day": day.day.isoformat(), "kind": day.kind.value, "reason": day.reason, "by": day.by}
