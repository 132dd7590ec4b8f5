"""What a tenant may do now: computed from phase and restrictions, never stored (invariant 7)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from mohlat.domain.agreement import Agreement, Phase
from mohlat.domain.errors import AccessRefused
from mohlat.domain.lifecycle import as_of, retention
from mohlat.domain.tenant import Restriction, RestrictionKind, Tenant, living


class Access(StrEnum):
    """The tenant's access to its own records."""

    FULL = "full"
    READ_ONLY = "read_only"
    NONE = "none"


class Operation(StrEnum):
    """What somebody of the tenant wants to do."""

    READ = "read"
    WRITE = "write"
    EXPORT = "export"
    RENEW = "renew"
    BUY = "buy"
    CLOSE = "close"


_SHUT_OUT = (RestrictionKind.BLOCKED, RestrictionKind.SUSPENDED_FOR_DEBT)


def access(tenant: Tenant, now: datetime) -> Access:
    """Full, read-only or none at `now`."""
    if tenant.phase not in (Phase.TRIAL, Phase.ACTIVE, Phase.READ_ONLY):
        return Access.NONE
    if any(tenant.restricted(kind, now) for kind in _SHUT_OUT):
        return Access.NONE
    if tenant.phase is Phase.READ_ONLY or tenant.restricted(RestrictionKind.MUST_ACCEPT_TERMS, now):
        return Access.READ_ONLY
    if tenant.restoring:
        return Access.READ_ONLY
    return Access.FULL


def _permitted(tenant: Tenant, agreement: Agreement, operation: Operation, now: datetime) -> bool:
    granted = access(tenant, now)
    blocked = tenant.restricted(RestrictionKind.BLOCKED, now)
    match operation:
        case Operation.READ:
            return granted is not Access.NONE
        case Operation.WRITE:
            return granted is Access.FULL
        case Operation.EXPORT:
            return granted is not Access.NONE or (tenant.phase in agreement.export.phases and not blocked)
        case Operation.RENEW:
            return agreement.lease is not None and tenant.phase is not Phase.CLOSED and not blocked
        case Operation.BUY:
            return tenant.phase is not Phase.CLOSED and not blocked
        case Operation.CLOSE:  # pragma: no branch (mypy proves that these are all)
            return tenant.phase is not Phase.CLOSED


def narrowing(tenant: Tenant, now: datetime) -> Restriction | None:
    """The restriction that narrows the tenant's access at `now`, the narrowest first."""
    # Throttling slows down and refuses nothing.
    for kind in (*_SHUT_OUT, RestrictionKind.MUST_ACCEPT_TERMS):
        for restriction in tenant.restrictions:
            if restriction.kind is kind and restriction.applies(now):
                return restriction
    return None


def why_refused(tenant: Tenant, agreement: Agreement, now: datetime) -> str:
    """The clause that narrows the tenant's access at `now`."""
    if restriction := narrowing(tenant, now):
        return restriction.clause
    match tenant.phase:
        case Phase.READ_ONLY if tenant.wound_down_until:
            return agreement.wind_down.basis.cite()
        case Phase.READ_ONLY if agreement.read_only:
            return agreement.read_only.basis.cite()
        case Phase.TRIAL | Phase.ACTIVE if tenant.restoring and agreement.backups:
            return agreement.backups.basis.cite()
        case Phase.CLOSED:
            # A withdrawal and a finding have clauses of their own.
            kept = retention(tenant, agreement)
            assert kept
            return kept.basis.cite()
        case Phase.DEACTIVATED if tenant.wound_down_until:
            return agreement.wind_down.basis.cite()
        case Phase.DEACTIVATED if tenant.term is None and agreement.trial:
            return agreement.trial.basis.cite()
        case Phase.DEACTIVATED if agreement.lease:
            return agreement.lease.basis.cite()
        case _:
            return agreement.registration.accept_basis.cite()


def permit(tenant: Tenant, agreement: Agreement, operation: Operation, now: datetime) -> None:
    """Lets the operation pass, or raises AccessRefused naming the clause, or Gone after the purge.

    A trial or term that is over at `now` counts as ended even if nobody has carried that out yet.
    """
    living(tenant)
    tenant = as_of(tenant, agreement, now)
    if not _permitted(tenant, agreement, operation, now):
        raise AccessRefused(
            operation=operation.value,
            phase=tenant.phase.value,
            access=access(tenant, now).value,
            clause=why_refused(tenant, agreement, now),
        )
