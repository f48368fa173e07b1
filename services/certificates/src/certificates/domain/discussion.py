"""Who came to a programme and what was talked about there: counts that a report may tell besides."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Discussion:
    """Everybody who came, and for each topic how many beneficiaries spoke about it."""

    attendance: int
    topics: Mapping[str, int]


class Objection(NamedTuple):
    """What cannot be so: which field, why, and what would be right."""

    field: str
    message: str
    expected: str


class ReportNotSound(Exception):
    """A report that contradicts itself or the campaign."""

    def __init__(self, objections: tuple[Objection, ...]) -> None:
        super().__init__(*(objection.message for objection in objections))
        self.objections = objections


def discussion_of(
    *,
    beneficiaries: int,
    attendance: int | None,
    topics: Mapping[str, int] | None,
    stands: Discussion | None,
    known: Collection[str],
) -> Discussion | None:
    """What stands of a discussion once a report is taken over; None: nothing was ever told of it.

    Args:
        beneficiaries: who joined the discussion, as the report says.
        attendance: None: not told, which leaves what stands.
        topics: the same.
        stands: what was reported before.
        known: the topics of the campaign.

    Raises:
        ReportNotSound: with every objection.
    """
    if attendance is None and stands is not None:
        attendance = stands.attendance
    before = {} if stands is None else stands.topics
    # A topic that stands may stay, though a later version of the campaign dropped it.
    known_here = {*known, *before}
    objections = list(_unknown({} if topics is None else topics, known_here, known))
    if attendance is None:
        if topics:
            objections.append(
                Objection("attendance", "is needed where topics are told", "how many people came")
            )
        discussion = None
    else:
        discussion = Discussion(attendance, before if topics is None else topics)
        objections += _contradictions(beneficiaries, discussion, known_here)
    if objections:
        raise ReportNotSound(tuple(objections))
    return discussion


def _unknown(
    told: Mapping[str, int], known_here: Collection[str], known: Collection[str]
) -> Iterator[Objection]:
    """Topics that neither the campaign has nor stand here."""
    right = (
        f"topics of the campaign: {', '.join(sorted(known))}" if known else "none: the campaign has no topics"
    )
    for number, topic in enumerate(told, start=1):
        if topic not in known_here:
            # Whatever was sent is not repeated.
            yield Objection("topics", f"entry {number} is no topic of the campaign", right)


def _contradictions(
    beneficiaries: int, discussion: Discussion, known_here: Collection[str]
) -> Iterator[Objection]:
    if beneficiaries > discussion.attendance:
        yield Objection(
            "beneficiaries", "are more than all who came", f"at most the attendance, {discussion.attendance}"
        )
    for topic, spoke in discussion.topics.items():
        if topic in known_here and spoke > beneficiaries:
            yield Objection(
                f"topics.{topic}",
                "more spoke about it than joined the discussion",
                f"at most the beneficiaries, {beneficiaries}",
            )
