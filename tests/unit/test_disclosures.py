"""Disclosures, as far as they are rules."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mohlat.domain.agreement import Basis, Ground
from mohlat.domain.disclosures import Disclosure, clause_of, disclose
from mohlat.domain.errors import InvalidInput
from tests.builders import START, agreement_with_trial, registered

AGREEMENT = replace(
    agreement_with_trial(), disclosures=(Ground("law", Basis("T-LAW")), Ground("order", Basis("T-ORDER")))
)


def test_a_ground_leads_to_its_clause_and_another_is_refused_with_those_there_are() -> None:
    assert (clause_of(AGREEMENT, "law"), clause_of(AGREEMENT, "order")) == ("T-LAW", "T-ORDER")
    with pytest.raises(InvalidInput) as refused:
        clause_of(AGREEMENT, "sale")
    assert refused.value.details["allowed"] == ["law", "order"]
    with pytest.raises(InvalidInput):
        clause_of(agreement_with_trial(), "law")


def test_the_journal_names_ground_and_reference_and_nobody() -> None:
    tenant = registered(AGREEMENT)
    entry = Disclosure("s-1", tenant.id, tenant.product, "a court", "name", "law", "7", "T-LAW", START, "o")
    step = disclose(tenant, entry)
    assert step.facts == {"disclosure_id": "s-1", "ground": "law", "reference": "7"}
    assert (step.clause, step.by, step.after.version) == ("T-LAW", "o", tenant.version + 1)
