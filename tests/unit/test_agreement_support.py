"""What an agreement file says of support, and what its form refuses."""

from __future__ import annotations

import pytest

from mohlat.agreements import loader
from tests.unit.agreement_files import broken

# product, what is replaced (first place), by what, the path named, a part of the reason
BREAKS = [
    ("saman360", 'opens: "08:00"', 'opens: "8:00"', "support.hours.opens", "a time of day such as 08:00"),
    ("saman360", 'closes: "16:00"', 'closes: "24:00"', "support.hours.closes", "a time of day"),
    ("saman360", 'closes: "16:00"', 'closes: "08:00"', "support.hours.closes", "later than `opens`"),
    ("saman360", "warn_before: PT1H", "warn_before: P1M", "support.warn_before", "days and hours only"),
    ("saman360", "within: PT2H", "within: P1M", "support.levels[0].steps[0].within", "days and hours only"),
    ("saman360", "severity: major", "severity: critical", "support.levels[1].severity", "is there twice"),
    ("saman360", "step: recovery", "step: answer", "support.levels[0].steps[1].step", "is there twice"),
    ("saman360", "step: recovery", "step: repair", "support.levels[0].steps[1].step", "must be one of"),
    (
        "saman360",
        "topic: training, extra: training",
        "topic: training, extra: lessons",
        "support.not_covered[0].extra",
        "'lessons' is none of the extras",
    ),
    (
        "saman360",
        "not_a_bug: {extra: support_time",
        "not_a_bug: {extra: expertise",
        "support.not_a_bug.extra",
        "'expertise' is none of the extras",
    ),
    ("kalo", "topic: new_feature", "topic: training", "support.not_covered[1].topic", "is there twice"),
]


@pytest.mark.parametrize(("product", "old", "new", "path", "reason"), BREAKS)
def test_a_broken_rule_is_refused_with_the_path_to_mend(
    product: str, old: str, new: str, path: str, reason: str
) -> None:
    found = loader.problems(broken(product, old, new), f"{product}.yaml")
    reasons = {str(problem.details["path"]): str(problem.details["reason"]) for problem in found}
    assert reason in reasons[path]


@pytest.mark.parametrize(
    ("product", "clause"),
    [("kalo", "KALO-11"), ("customer_club", "vendor's choice"), ("saman360", "SAMAN-4.2.2")],
)
def test_support_cites_its_clause_where_there_is_one(product: str, clause: str) -> None:
    rule = loader.load(product).support
    assert rule
    assert rule.basis.cite() == clause


@pytest.mark.clause("SAMAN-4.2.6")
def test_only_saman_serves_nobody_but_the_manager() -> None:
    known = {product: loader.load(product).support for product in ("kalo", "customer_club", "saman360")}
    only = {
        product: rule and rule.manager_only and rule.manager_only.cite() for product, rule in known.items()
    }
    assert only == {"kalo": None, "customer_club": None, "saman360": "SAMAN-4.2.6"}


@pytest.mark.parametrize("product", ["kalak", "kallu"])
def test_where_the_text_has_no_support_there_is_none(product: str) -> None:
    assert loader.load(product).support is None
