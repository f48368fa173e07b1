"""Random stories of a small campaign: who enrols, withdraws, is cleared, and how the rules change."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from mitra_shared.contracts.topics import partition_of
from tests.certificates.enrolment_log import EnrolmentLog, quotas
from tests.factories import SEGMENTS

PLACES = ["S11-AC017", "S11-AC018", "S24-AC036"]
"""Two segments of one constituency, and one of another, which is in another partition."""

PARTITIONS = sorted({partition_of(SEGMENTS[segment][1]) for segment in PLACES})

BY_SEGMENT = st.builds(quotas, st.integers(1, 4), S11_AC017=st.integers(0, 3))
BY_CONSTITUENCY = st.builds(quotas, st.integers(0, 5), st.just("constituency"))
GOALS = st.one_of(BY_SEGMENT, BY_SEGMENT, BY_SEGMENT, BY_CONSTITUENCY, st.just([]))
TERMS = st.fixed_dictionaries(
    {
        "goals": GOALS,
        "issuing": st.fixed_dictionaries(
            {
                "issue_on": st.sampled_from(["enrolled", "enrolled", "enrolled", "cleared"]),
                "frozen": st.sampled_from([False, False, False, False, True]),
            }
        ),
    }
)
ENROLMENTS = st.tuples(st.just("enrol"), st.sampled_from([PLACES[0], *PLACES]))
WITHDRAWALS = st.tuples(st.just("withdraw"), st.integers(0, 30))
STEPS = st.one_of(
    ENROLMENTS,
    ENROLMENTS,
    WITHDRAWALS,
    st.tuples(st.sampled_from(["clear", "clear", "enrol again"]), st.integers(0, 30)),
    st.tuples(st.sampled_from(["rename", "rename", "readdress"]), st.integers(0, 30)),
    st.tuples(st.sampled_from(["define", "define", "older definition"]), TERMS),
)
STORIES = st.tuples(TERMS, st.lists(STEPS, max_size=40))


Story = tuple[dict[str, Any], list[tuple[str, Any]]]


def tell(story: Story) -> EnrolmentLog:
    """The log of a story. Withdrawals, clearances and corrections are of somebody who is there."""
    log, version = EnrolmentLog(), 1
    people: list[str] = []
    terms, steps = story
    log.defined(version, only=PARTITIONS, **terms)
    for kind, about in steps:
        match kind:
            case "enrol":
                log.enrolled(len(people), about)
                people.append(about)
            case "define":
                version += 1
                log.defined(version, only=PARTITIONS, **about)
            case "older definition":
                log.defined(max(1, version - 1), only=PARTITIONS, **about)
            case _ if people:
                number = about % len(people)
                tells: dict[str, Callable[[int, str], object]] = {
                    "withdraw": log.withdrew,
                    "clear": log.cleared,
                    "enrol again": log.enrolled,
                    "rename": log.renamed,
                    "readdress": log.readdressed,
                }
                tells[kind](number, people[number])
    return log
