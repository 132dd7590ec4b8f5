"""How the support role looks in JSON."""

from __future__ import annotations

from mohlat.application.lend_support import Helper
from mohlat.domain.support import SupportPower
from mohlat.domain.tenant import SupportGrant
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
