"""What a crash must not change: everything that is stored, owed, sent and still to be done, without ids.

Instants are compared where the agreement promises them: whatever moved a tenant's phase. What a crash may do
is said here and in `differences`, and nowhere else: delay; leave an order without a payment behind for one
that was placed again; make the sending of one message uncertain, whose repetition nobody could be sure of (at
most once is the promise); and put a purge off because of that.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

from mohlat.application.export_tenant import digest, object_name
from mohlat.application.ports import DueItem, DueKind
from mohlat.domain.data_jobs import DataJob, JobStatus
from mohlat.domain.journal import replay
from mohlat.domain.ledger import balances, faults
from mohlat.domain.lifecycle import Event
from mohlat.domain.notices import NoticeStatus
from mohlat.domain.tenant import Tenant
from tests.crashes.site import Site
from tests.fakes import Table

Outcome = dict[str, Any]

_FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)

# What is compared in detail, or not at all: an order that is placed again leaves rows behind; the lines and
# counts of the security log are about requests; for a code that was lost people ask again.
_OF_THEIR_OWN = frozenset(
    "tenants due_tenants journal owing orders payments authorities notices objects ledger numbers clock"
    " purge_cap audit counts jobs files refunds tickets requests invoices windows wind_downs lanes rounds"
    " service records states codes".split()
)
# Orders that are placed again come with these.
_AGAIN = frozenset({Event.ORDER_PLACED, Event.PAYMENT_CLOSED})
# A purge that is put off because nobody can prove that its warning arrived is warned of once more.
_PUT_OFF = frozenset({Event.PURGE_DEFERRED, Event.DELETION_WARNED})


def outcome(site: Site) -> Outcome:
    """Everything that has to be the same."""
    table = site.table
    found: Outcome = {f"rows of {name}": number for name, number in _counted(table).items()}
    known = {*table.tenants, *table.ledger, *(owner for owner, _ in table.postings)}
    for number, tenant_id in enumerate(sorted(known), 1):
        found[f"tenant {number}"] = _of_tenant(site, tenant_id)
    signed_up = site.sign_in.passwords
    gateways = (site.gateway, site.second_gateway)
    windows, ends, states = table.windows.values(), table.wind_downs.values(), table.service.values()
    return found | {
        "users": sorted(role.value for name, (_, role) in site.sign_in.users.items() if name in signed_up),
        "at the gateway": [(each.taken(), each.sent_back()) for each in gateways],
        "filed": len(site.tax_office.filed),
        "numbers": dict(table.numbers),
        "windows": sorted((each.status, each.revision, each.starts_at, each.until) for each in windows),
        "ends": sorted((each.status, each.revision, each.ends_at) for each in ends),
        "shut": [sorted((each.starts_at, each.until) for each in state.shut) for state in states],
        "rounds": sorted(_round(site, *key) for key in table.rounds),
        "left over": Counter(item.kind.value for item in _due(site) if item.at <= _swept(site)),
        "to come": sorted({item.kind.value for item in _due(site) if item.at > _swept(site)}),
    }


def _counted(table: Table) -> dict[str, int]:
    names = (each.name for each in fields(table) if each.name not in _OF_THEIR_OWN)
    return {name: len(getattr(table, name)) for name in names}


def _round(site: Site, product: str, round_id: str) -> tuple[Any, ...]:
    progress = site.service.progress(product, round_id)
    met = (progress.told, progress.passed_over, len(progress.left))
    kind = site.table.rounds[product, round_id].kind.value
    return kind, met, progress.finished_at is not None, progress.overtaken


def _due(site: Site) -> list[DueItem]:
    # A case of leaked data rings until a person acts; that is no work left over.
    return [item for item in site.due.overdue(_FOR_EVER) if item.kind is not DueKind.LEAK]


def _swept(site: Site) -> datetime:
    """What was due then has been found by a sweep."""
    return site.clock.now() - timedelta(minutes=71)


def _of_tenant(site: Site, tenant_id: str) -> Outcome:
    table = site.table
    postings = site.books.postings(tenant_id)
    assert faults(tenant_id, postings) == []
    payments = [each for each in table.payments.values() if each.tenant_id == tenant_id and not each.failed]
    jobs = [each for each in table.jobs.values() if each.tenant_id == tenant_id]
    found: Outcome = {
        "balances": {account.value: amount for account, amount in balances(postings).items() if amount},
        "payments": sorted(
            (each.status.value, each.amount, each.captured, sum(each.refunds.values()), each.calling is None)
            for each in payments
        ),
        "refunds": sorted((each.status.value, each.amount) for each in site.books.refunds(tenant_id)),
        "tickets": sorted(
            (each.kind.value, each.open, each.escalated_at is not None)
            for each in site.books.tickets(tenant_id)
        ),
        "requests": sorted((each.right.value, each.status.value) for each in site.requests.of(tenant_id)),
        "invoices": sorted((each.kind.value, each.total) for each in site.invoices.of(tenant_id)),
        "jobs": sorted(
            (job.kind.value, job.status.value, str(job.losses), _files(site, job)) for job in jobs
        ),
        "records": {key[1]: record.data for key, record in table.records.items() if key[0] == tenant_id},
        "feed": sorted((each.record_id, str(each.data)) for each in site.records.feed(tenant_id, 0, 10**6)),
    }
    # Files of a job that is no more would be left over.
    known = {job.id for job in jobs}
    names = [name.split("/") for name in site.objects.names(tenant_id)]
    found["objects"] = Counter((name[0], name[1] in known, name[2]) for name in names)
    entry = table.ledger.get(tenant_id)
    if entry:
        counts = (dict(entry.left), sorted(entry.deleted), entry.deleted.get("records"))
        found["purge"] = (entry.clause, counts, entry.finished_at is not None)
    tenant = table.tenants.get(tenant_id)
    return found | _of_living(site, tenant) if tenant else found


def _files(site: Site, job: DataJob) -> list[tuple[str, int]]:
    """A job's files, each with what is found in the object of that name: what the job says of it."""
    found = []
    for file in site.jobs.files(job.tenant_id, job.id):
        if job.status is not JobStatus.EXPIRED:
            assert digest(site.objects.get(job.tenant_id, object_name(job, file.name))) == file.sha256
        found.append((file.name, file.entries))
    return found


def _of_living(site: Site, tenant: Tenant) -> Outcome:
    entries = site.tenants.journal(tenant.id, limit=10**6)
    assert replay(entries) == tenant, "the journal leads elsewhere"
    put_off = any(entry.event is Event.PURGE_DEFERRED for entry in entries)
    told = (entry for entry in entries if entry.event not in _AGAIN | _PUT_OFF)
    moved = [(entry.at, entry.changes["phase"]) for entry in entries if "phase" in entry.changes]
    term = tenant.term
    return {
        "phase": tenant.phase.value,
        "ends": tenant.period_ends_at,
        "term": term and (term.plan, term.length, [part.value for part in term.parts]),
        "bound by": (tenant.agreement_version, tenant.terms_version),
        "restrictions": sorted(each.kind.value for each in tenant.restrictions),
        "holds": len(tenant.holds),
        "debts": sorted(each.amount for each in tenant.debts),
        "matters": sorted(matter.partition(":")[0] for matter in tenant.open_matters),
        "journal": Counter(f"{entry.event.value} {entry.clause}" for entry in told),
        "moved": [] if put_off else moved,
        "owing": len(site.table.owing & {(tenant.id, entry.seq) for entry in entries}),
    }


# Once it was sent, or may have been, it is never sent again.
_OVER = (NoticeStatus.SENT, NoticeStatus.UNCERTAIN)


def messages(site: Site) -> Counter[str]:
    """How often what was handed to the providers, by address and text without ids."""
    sent = [f"{mail['to']} {mail['text']}" for mail in site.mailer.sent]
    sent += [
        f"{site.sms.sent[reference]['to']} {site.sms.sent[reference]['text']}" for reference in site.sms.calls
    ]
    return Counter(" ".join(each.split()[:2]) for each in sent)


def doubled(site: Site) -> list[str]:
    """Notices that were handed over twice, on any channel: none may be (invariant 6)."""
    sent = Counter((each.tenant_id, each.key, each.channel) for each in site.finished if each.status in _OVER)
    by_sms = Counter(site.sms.calls)
    return [str(each) for each, times in (*sent.items(), *by_sms.items()) if times > 1]
