"""Versions of the terms: when they take effect, whom they bind, and what they leave as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from mohlat.domain.agreement import Agreement, Basis, Binding, ChangeRule, Phase
from mohlat.domain.errors import Conflict, InvalidInput, TooLate
from mohlat.domain.lifecycle import Transition
from mohlat.domain.publications import (
    How,
    MustAccept,
    Publication,
    accept,
    accepted_until,
    as_promised,
    bars,
    bought_under,
    decline,
    declined,
    in_force,
    newest_of_each,
    not_accepted,
    promised_version,
    publish,
)
from mohlat.domain.tenant import KeptTerms, Restriction, RestrictionKind, from_dict, to_dict
from tests.builders import AGREEMENTS, SECOND, START, Life, days, length

RULE = ChangeRule(Binding.LEASE, None, Basis("T-CHANGE"), Basis("T-LEAVE"))


def version(number: int, at: datetime, document: str = "terms", **changes: object) -> Publication:
    published = Publication(
        product="trial",
        number=number,
        version=f"v{number}",
        document=document,
        effective_at=at,
        summary={"fa": "تازه", "en": "new"},
        sha256="ab" * 32,
        url="https://vendor.example/terms",
        must_accept=MustAccept.NOBODY,
        rules="1",
        published_at=START,
        by="operator:u_1",
    )
    return replace(published, **changes)  # type: ignore[arg-type]


def under(rule: ChangeRule | None, of: str = "trial") -> Agreement:
    return replace(AGREEMENTS[of], changes=rule)


def test_a_version_is_in_force_from_its_very_instant_on() -> None:
    first, second = version(1, START + days(1)), version(2, START + days(2))
    known = (first, second)
    assert in_force(known, START + days(1) - SECOND) is None
    assert in_force(known, START + days(1)) is first
    assert in_force(known, START + days(2) - SECOND) is first
    assert in_force(known, START + days(2)) is second


def test_publishing_takes_the_next_number_and_the_same_contents_again_change_nothing() -> None:
    agreement = under(RULE)
    first = publish(version(0, START, version="a"), (), agreement, START)
    assert first.number == 1
    again = replace(first, number=0, published_at=START + days(9), by="operator:u_2")
    assert publish(again, (first,), agreement, START + days(9)) is first
    with pytest.raises(Conflict):
        publish(replace(again, url="https://vendor.example/other"), (first,), agreement, START)
    second = publish(version(0, START + SECOND, version="b"), (first,), agreement, START)
    assert second.number == 2


@pytest.mark.parametrize(
    ("rule", "changes", "field"),
    [
        (RULE, {"document": "manifesto"}, "document"),
        (RULE, {"effective_at": START - SECOND}, "effective_at"),
        (replace(RULE, notice=length("P7D")), {"effective_at": START + days(7) - SECOND}, "effective_at"),
        (RULE, {"must_accept": MustAccept.EVERYONE}, "must_accept"),
        (replace(RULE, binding=Binding.ACCEPT), {}, "must_accept"),
    ],
)
def test_what_the_agreement_does_not_allow_is_refused_by_its_field(
    rule: ChangeRule, changes: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        publish(version(0, START, **changes), (), under(rule), START)  # type: ignore[arg-type]
    assert refusal.value.field == field


def test_at_the_end_of_its_notice_a_version_takes_effect() -> None:
    rule = replace(RULE, notice=length("P7D"))
    assert publish(version(0, START + days(7)), (), under(rule), START).number == 1


def test_versions_take_effect_in_the_order_of_their_publication() -> None:
    first = version(1, START + days(2))
    with pytest.raises(InvalidInput) as refusal:
        publish(version(0, START + days(2), version="b"), (first,), under(RULE), START)
    assert refusal.value.field == "effective_at"


def test_an_agreement_that_says_nothing_of_changes_is_not_changed() -> None:
    with pytest.raises(Conflict):
        publish(version(0, START), (), under(None), START)


def test_registering_accepts_what_is_in_force_and_nothing_later() -> None:
    life = Life(AGREEMENTS["trial"])
    known = (version(1, START), version(2, START + SECOND), version(3, START + days(3)))
    assert not_accepted(life.tenant, known, START) == ()
    assert not_accepted(life.tenant, known, START + SECOND) == known[1:2]
    assert not_accepted(life.tenant, known, START + days(3)) == known[1:]
    later = replace(life.tenant, terms_version="v2")
    assert accepted_until(later, known) == START + SECOND
    assert not_accepted(later, known, START + days(3)) == known[2:]


def test_of_each_text_the_newest_counts() -> None:
    known = (version(1, START), version(2, START + days(1), "privacy"), version(3, START + days(2)))
    assert newest_of_each(known) == known[1:]


def test_acceptance_bars_the_way_where_it_binds_or_where_the_version_wants_it() -> None:
    use = replace(RULE, binding=Binding.USE)
    asked = version(1, START, must_accept=MustAccept.EVERYONE)
    assert not bars(use, (version(1, START),))
    assert bars(use, (asked, version(2, START + days(1))))
    assert bars(replace(RULE, binding=Binding.ACCEPT), (version(1, START),))


def test_what_runs_goes_on_by_the_agreement_it_began_with() -> None:
    agreement = under(RULE)
    life = Life(agreement)
    newer = replace(agreement, version="2")
    step = accept(life.tenant, agreement, newer, version(1, START), START, by="user:u_1", how=How.USED)
    assert (step.after.agreement_version, step.after.generation) == ("1", life.tenant.generation)
    assert (step.after.terms_version, step.clause) == ("v1", "T-CHANGE")
    assert step.facts == {"agreement_version": "1", "terms_version": "v1", "how": "used"}
    assert step.workflows == ()


def test_an_account_that_nothing_runs_for_changes_over_at_once() -> None:
    agreement = under(None, "account")
    life = Life(agreement)
    newer = replace(agreement, version="2")
    step = accept(life.tenant, agreement, newer, version(1, START), START, by="user:u_1", how=How.AGREED)
    assert (step.after.agreement_version, step.facts["how"]) == ("2", "agreed")
    assert step.clause == agreement.registration.accept_basis.cite()


@pytest.mark.parametrize(("how", "left"), [(How.AGREED, 0), (How.USED, 1)])
def test_only_acceptance_in_so_many_words_lifts_an_operators_restriction(how: How, left: int) -> None:
    agreement = under(RULE)
    tenant = Life(agreement).tenant
    limit = Restriction(RestrictionKind.MUST_ACCEPT_TERMS, "why", "T-ACCEPT", START)
    limited = replace(tenant, restrictions=(limit,))
    step = accept(limited, agreement, agreement, version(1, START), START, by="user:u_1", how=how)
    assert len(step.after.restrictions) == left


def test_what_is_remembered_of_terms_survives_storing() -> None:
    tenant = replace(
        Life(AGREEMENTS["trial"]).tenant, terms_version="v1", terms_invoiced_at=START, terms_declined="v2"
    )
    assert from_dict(to_dict(tenant)) == tenant


def bought(agreement: Agreement, **remembered: object) -> Transition:
    """The grant of a first lease to a tenant of which this is remembered."""
    life = Life(agreement)
    life.tenant = replace(life.tenant, **remembered)  # type: ignore[arg-type]
    return life.grant(life.place_order())


# --- leases -----------------------------------------------------------------------------------------------


def test_a_lease_is_under_the_terms_of_the_day_it_was_ordered_on() -> None:
    step = bought(under(RULE))
    known = (version(1, START + days(1), rules="2"),)
    same, newly = bought_under(step, known, START + days(1) - SECOND)
    assert (same, newly) == (step, ())
    bound, newly = bought_under(step, known, START + days(1))
    assert (bound.after.agreement_version, bound.after.terms_version) == ("2", "v1")
    assert (bound.after.terms_invoiced_at, newly) == (step.at, known)
    assert bound.facts["terms_version"] == "v1"


def test_the_first_lease_under_accepted_terms_is_remembered_and_the_next_is_not_the_first() -> None:
    known = (version(1, START + days(1)),)
    step = bought(under(RULE), terms_version="v1")
    first, newly = bought_under(step, known, START + days(2))
    assert (first.after.terms_invoiced_at, newly) == (step.at, ())
    second = bought(under(RULE), terms_version="v1", terms_invoiced_at=START - SECOND)
    assert bought_under(second, known, START + days(3))[0].after.terms_invoiced_at == START - SECOND


def test_an_invoice_that_was_open_is_paid_by_the_terms_it_was_issued_under() -> None:
    step = bought(under(RULE, "credit"))
    assert step.before
    assert step.before.invoice
    known = (version(1, START + days(1), rules="2"),)
    assert bought_under(step, known, START + days(5)) == (step, ())


def test_who_buys_under_declined_terms_takes_them_after_all() -> None:
    step = bought(under(RULE), terms_declined="v2")
    known = (version(1, START), version(2, START + days(1)))
    assert bought_under(step, known, START)[0].after.terms_declined == "v2"
    assert bought_under(step, known, START + days(1))[0].after.terms_declined == ""


@pytest.mark.clause("SAMAN-7.2")
def test_who_renews_early_keeps_what_runs_as_it_was_bought_to_its_last_second() -> None:
    old = under(RULE)
    life = Life(old)
    first = life.grant(life.place_order()).after
    assert first.period_ends_at
    renewal = life.grant(life.place_order())
    known = (version(1, START, rules="2"), version(2, START + days(1), rules="3"))
    bound, _ = bought_under(renewal, known, START)
    assert (bound.after.agreement_version, bound.after.terms_kept) == (
        "2",
        (KeptTerms("1", first.period_ends_at),),
    )
    assert promised_version(bound.after, first.period_ends_at - SECOND) == "1"
    assert promised_version(bound.after, first.period_ends_at) == "2"
    # A third period under yet another version: each keeps its own.
    second = replace(renewal, before=bound.after, after=renewal.after)
    again, _ = bought_under(second, known, START + days(1))
    assert [kept.version for kept in again.after.terms_kept] == ["1", "2"]
    same, _ = bought_under(replace(second, at=first.period_ends_at), known[:1], START)
    assert same.after.terms_kept == ()
    assert from_dict(to_dict(again.after)) == again.after


def test_after_a_lapse_nothing_is_kept_of_older_terms() -> None:
    step = bought(under(RULE), phase=Phase.DEACTIVATED, period_ends_at=START)
    bound, _ = bought_under(step, (version(1, START + days(1), rules="2"),), START + days(1))
    assert (bound.after.agreement_version, bound.after.terms_kept) == ("2", ())
    at_its_end = bought(under(RULE), period_ends_at=START + days(1))
    known = (version(1, START + days(1), rules="2"),)
    late = replace(at_its_end, at=START + days(1))
    assert bought_under(late, known, START + days(1))[0].after.terms_kept == ()


def test_what_was_promised_stands_beside_the_deadlines_of_the_newer_terms() -> None:
    old = under(RULE)
    newer = replace(old, version="2", refunds=(), deletion_warning=replace(old.deletion_warning))
    merged = as_promised(newer, old)
    assert (merged.version, merged.refunds, merged.export) == ("2", old.refunds, old.export)


@pytest.mark.clause("SAMAN-7.2-note6")
def test_new_terms_are_declined_until_the_first_invoice_under_them() -> None:
    agreement = under(RULE)
    life = Life(agreement)
    life.grant(life.place_order())
    known = (version(1, START + days(1)), version(2, START + days(2)))
    step = decline(life.tenant, agreement, known, "v2", START, by="user:u_1")
    assert (step.event.value, step.clause, step.after.terms_declined) == ("terms_declined", "T-LEAVE", "v2")
    assert declined(step.after, known, START + days(2) - SECOND) is None
    assert declined(step.after, known, START + days(2)) is known[1]
    with pytest.raises(Conflict):
        decline(step.after, agreement, known, "v2", START, by="user:u_1")
    agreed = replace(life.tenant, terms_version="v2")
    assert decline(agreed, agreement, known, "v2", START + days(3), by="user:u_1")
    invoiced = replace(agreed, terms_invoiced_at=START + days(3))
    with pytest.raises(TooLate) as refusal:
        decline(invoiced, agreement, known, "v2", START + days(4), by="user:u_1")
    assert refusal.value.details["clause"] == "T-LEAVE"


def test_what_was_in_force_at_registering_is_not_declined_any_more() -> None:
    agreement = under(RULE)
    life = Life(agreement)
    life.grant(life.place_order())
    with pytest.raises(TooLate):
        decline(life.tenant, agreement, (version(1, START),), "v1", START, by="user:u_1")


def test_only_the_newest_or_a_coming_version_is_declined_and_only_during_a_lease() -> None:
    agreement = under(RULE)
    life = Life(agreement)
    known = (version(1, START + days(1)), version(2, START + days(2)))
    with pytest.raises(Conflict):
        decline(replace(life.tenant, period_ends_at=None), agreement, known, "v1", START, by="user:u_1")
    life.grant(life.place_order())
    with pytest.raises(InvalidInput):
        decline(life.tenant, agreement, known, "v9", START, by="user:u_1")
    with pytest.raises(InvalidInput):
        decline(life.tenant, agreement, known, "v1", START + days(2), by="user:u_1")
    assert decline(life.tenant, agreement, known, "v1", START + days(2) - SECOND, by="user:u_1")


@pytest.mark.parametrize("rule", [None, replace(RULE, refusal=None)])
def test_where_the_agreement_leaves_nothing_to_decline_nothing_is(rule: ChangeRule | None) -> None:
    life = Life(under(rule))
    with pytest.raises(Conflict):
        decline(life.tenant, under(rule), (version(1, START),), "v1", START, by="user:u_1")
