"""How the support role and what partners may do look in JSON."""

from __future__ import annotations

from mohlat.application.lend_support import Helper
from mohlat.domain.roles import Delegation, SupportGrant
from mohlat.domain.support import SupportPower
from mohlat.domain.tenant import Tenant
from mohlat.presentation.views import Json, at


def support_grant(grant: SupportGrant, language: str) -> Json:
    """A grant: who, for how long, and what the role may do."""
    return {
        "grant_id": grant.id,
        "helper": grant.helper,
        "by": grant.by,
        **at("since", grant.since, language),
        **at("until", grant.until, language),
        "may": [power.value for power in SupportPower],
    }


def helper(each: Helper, language: str) -> Json:
    """A grant with the address of whom it lets in."""
    return {**support_grant(each.grant, language), "email": each.email}


def delegation(given: Delegation, language: str) -> Json:
    """What a partner may do for a customer."""
    return {
        "partner": given.partner,
        "powers": list(given.powers),
        "by": given.by,
        **at("since", given.since, language),
    }


def partners_customer(tenant: Tenant, given: Delegation, language: str) -> Json:
    """Where a customer stands, as its partner sees it: nothing about a person, no money, no reasons."""
    return {
        "tenant_id": tenant.id,
        "product": tenant.product,
        "phase": tenant.phase.value,
        "plan": tenant.term.plan if tenant.term else None,
        **at("period_ends_at", tenant.period_ends_at, language),
        "powers": list(given.powers),
    }
