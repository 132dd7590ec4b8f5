"""The process dies after each side effect in turn, and again while it is taken up; all ends as if it had not.

Enumerated: a life is lived once to count its effects, then once for each of them. Of the pairs of deaths a
few of each life's are drawn; `make crashes` takes all.
"""

from __future__ import annotations

import os
from functools import cache

import pytest

from mohlat.domain.errors import MohlatError
from tests.crashes.effects import Crash, only_writing, ports
from tests.crashes.enumeration import Ended, Scenario, all_pairs, deaths, differences, live, some_pairs
from tests.crashes.machines import states_to_enter
from tests.crashes.scenarios import SCENARIOS
from tests.template import cloudformation as cf

# How many pairs of each life; "all" for every one.
PAIRS = os.environ.get("CRASH_PAIRS", "8")
each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)

# Ports by which something is written and after which nothing dies here, and why.
NOT_DIED_AFTER = {
    "ActivityLog.note": "noted after what it tells of was done; it owes nothing to anybody",
    "ClockOffsets.write": "the test clock: one write",
    "DataJobs.cancel_plan": "one write, repeated by the next sweep",
    "DeclaredDays.put": "one write, which its operator repeats",
    "People.drop_code": "one write of a code that was used: tests/application/test_people.py",
    "People.save_user": "one write: tests/application/test_people.py",
    "People.spend_attempt": "one write of a guess at a code",
    "Profiles.put": "one write, which the customer repeats",
    "Publications.save": "one write, which its operator repeats",
    "Records.keep_copy": "under a hold only, and repeated with the write it comes before",
    "SecurityLog.note": "a line about a request, noted once it was done",
    "SignIn.sign_out": "nobody is signed in here",
}


@cache
def undisturbed(scenario: Scenario) -> Ended:
    ended = live(scenario)
    assert ended.died == []
    assert len(ended.done) >= 6
    return ended


def check(scenario: Scenario, died: Ended) -> None:
    expected = undisturbed(scenario)
    names = [f"{number} {died.done[number - 1]}" for number in died.died]
    assert differences(expected, died) == [], f"died after {names}, executions {died.site.fate}"


@each_scenario
def test_dying_after_any_effect_changes_nothing_in_the_end(scenario: Scenario) -> None:
    for die_at, fate in deaths(undisturbed(scenario)):
        check(scenario, live(scenario, die_at, fate))


@each_scenario
def test_dying_again_while_it_is_taken_up_changes_nothing_either(scenario: Scenario) -> None:
    if PAIRS == "all":
        for _, _, ended in all_pairs(scenario, undisturbed(scenario)):
            check(scenario, ended)
    else:
        for die_at, fate in some_pairs(undisturbed(scenario), int(PAIRS), scenario.name):
            check(scenario, live(scenario, die_at, fate))


@pytest.mark.parametrize("workflow", cf.workflows())
def test_every_state_of_every_machine_is_entered_in_a_life_where_everything_dies(workflow: str) -> None:
    entered: set[str] = set()
    for scenario in SCENARIOS:
        site = undisturbed(scenario).site
        entered |= site.entered.get(workflow, set())
        entered |= {
            name for each in site.executions.values() if each.workflow == workflow for name in each.entered
        }
    assert states_to_enter(workflow) <= entered


def test_a_large_tenant_is_erased_in_more_runs_than_one() -> None:
    (scenario,) = [each for each in SCENARIOS if each.name == "closed_and_erased_bit_by_bit"]
    assert undisturbed(scenario).site.troubles == {"MoreToErase"}


def test_every_port_that_is_written_to_is_died_after_somewhere() -> None:
    writes = {f"{port.__name__}.{name}" for port in ports() for name in only_writing(port)}
    died_after = {effect for scenario in SCENARIOS for effect in undisturbed(scenario).done}
    assert writes - died_after == NOT_DIED_AFTER.keys()


def test_a_crash_is_nothing_that_code_could_catch() -> None:
    assert not issubclass(Crash, Exception)
    assert not issubclass(Crash, MohlatError)
