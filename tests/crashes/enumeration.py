"""Lives that die after each of their side effects in turn, and once more while they are taken up again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from mohlat.domain.notices import NoticeStatus
from tests.crashes.effects import Effects
from tests.crashes.machines import DIED, Fate
from tests.crashes.outcome import Outcome, doubled, messages, outcome
from tests.crashes.site import Site
from tests.template import cloudformation as cf

# A life pauses wherever everything has to be as if nothing had died.
Life = Callable[[Site], Iterator[None]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A life of one product's customers, from an empty stack.

    `given` is what was there before: nothing dies in it.
    """

    name: str
    product: str
    life: Life
    given: Callable[[Site], object] = lambda site: None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a life went: what stood at each of its pauses, and the effects that it had until its end."""

    site: Site
    stood: list[Outcome]
    done: list[str]
    actors: list[str]
    died: list[int]


def live(scenario: Scenario, die_at: tuple[int, ...] = (), fate: Fate = Fate.REPEATED) -> Ended:
    """Lives it once, dying after those of its effects (from 1) as long as it has them."""
    site = Site(scenario.product, fate)
    scenario.given(site)
    site.pass_time(hours=1)
    effects = Effects(site, site.table, lambda: site.actor, die_at)
    stood: list[Outcome] = []
    for _ in scenario.life(site):
        stood.append(outcome(site))
    return Ended(site, stood, effects.done, effects.actors, effects.died)


_ENDS = (NoticeStatus.SENT, NoticeStatus.UNCERTAIN, NoticeStatus.VOID)


def differences(expected: Ended, found: Ended) -> list[str]:
    """What is not as in the undisturbed life; nothing, if all is well."""
    wrong = [f"doubled: {each}" for each in doubled(found.site)]
    for number, (before, after) in enumerate(zip(expected.stood, found.stood, strict=True), 1):
        wrong += [f"pause {number}, {each}" for each in _differing(before, after)]
    lost = found.site.ended(NoticeStatus.UNCERTAIN) - expected.site.ended(NoticeStatus.UNCERTAIN)
    if lost.total() > len(found.died):
        wrong.append(f"{lost} are uncertain after {len(found.died)} deaths")
    # A code is asked for once more, and so is a deletion's warning that nobody can prove; what came too late
    # in one life comes in time in another.
    may_come = {"deletion_warning"} if lost else set()
    may_come |= {"confirm_code", "recovery_code", *expected.site.ended(NoticeStatus.VOID)}
    more = messages(found.site) - messages(expected.site)
    wrong += [f"{times} more of {text}" for text, times in more.items() if text.split()[1] not in may_come]
    # What was sent there was sent here, or nobody can tell, or it came too late to be sent at all.
    come = sum((found.site.ended(status) for status in _ENDS), Counter[str]())
    missing = expected.site.ended(NoticeStatus.SENT) - come
    wrong += [f"{times} fewer of {kind}" for kind, times in missing.items()]
    failures = {each for each in found.site.failures if each[1] != DIED}
    return wrong + [f"failed: {each}" for each in failures - {*expected.site.failures}]


def _differing(before: Outcome, after: Outcome, path: str = "") -> Iterator[str]:
    for key in {**before, **after}:
        one, other = before.get(key), after.get(key)
        if isinstance(one, dict) and isinstance(other, dict) and key != "records":
            yield from _differing(one, other, f"{path}{key}: ")
        elif one != other:
            yield f"{path}{key}: {one} became {other}"


def deaths(undisturbed: Ended) -> Iterator[tuple[tuple[int, ...], Fate]]:
    """One death after each effect; where a machine's task dies, or what the stream brought, it is tried again
    in one life and lost in another.
    """
    for number, actor in enumerate(undisturbed.actors, 1):
        yield (number,), Fate.REPEATED
        if actor in (*cf.workflows(), "stream"):
            yield (number,), Fate.LOST


def some_pairs(undisturbed: Ended, most: int, seed: str) -> Iterator[tuple[tuple[int, ...], Fate]]:
    """Some of the pairs of deaths, drawn by `seed`: half of them one right after the other, where a death
    during the resumption is likeliest to hurt. The second never comes if the life ends before it.
    """
    random, last = Random(seed), len(undisturbed.done)
    for _ in range(most):
        first = random.randint(1, last)
        second = first + 1 if random.random() < 0.5 else random.randint(first + 1, last + 10)
        yield (first, second), random.choice(list(Fate))


def all_pairs(scenario: Scenario, undisturbed: Ended) -> Iterator[tuple[tuple[int, ...], Fate, Ended]]:
    """The whole square: after each effect, and then after each that follows, until one life gets through."""
    for (first,), fate in deaths(undisturbed):
        second = first
        while True:
            second += 1
            ended = live(scenario, (first, second), fate)
            yield (first, second), fate, ended
            if len(ended.died) < 2:
                break
