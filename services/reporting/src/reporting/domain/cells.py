"""What is counted, and the cells that the counts stand in: what `domain.counting` makes of events."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from mitra_shared.campaign.definition import CampaignDefinition
from mitra_shared.contracts.topics import CERTIFICATES, CUSTODY, ENROLMENT, OPINIONS, Topic
from mitra_shared.ids import AreaCode, CampaignId, Partition, StaffId


class Counted(StrEnum):
    """What is counted of every leaf. All of it is gross: it only ever grows, whoever withdraws.

    But for what is told of a programme and of outreach, which a corrected report replaces.

    `DECIDED` are certificates that were issued or waitlisted for the first time. Those who withdrew before
    that are `NEVER_DECIDED`. `PROMOTED` were issued after they had waited. `PRINTED`, `DISPATCHED` and
    `HANDED_OVER` are papers: a certificate that was issued anew is on two. `PRESENTED` were handed over at a
    programme, and `JOINED` are the beneficiaries in its discussion; everybody there is its `ATTENDANCE`.

    `ATTEMPTED` are the contacts of rounds and `REACHED` the people who were reached by them, each once in a
    round; `MEETINGS` and `MET` are the outreach besides.
    """

    ENROLLED = "enrolled"
    WITHDRAWN = "withdrawn"
    BENEFICIARIES = "basis:beneficiary"
    ADMIRERS = "basis:admirer"
    DECIDED = "certificates:decided"
    NEVER_DECIDED = "certificates:never_decided"
    PROMOTED = "certificates:promoted"
    REVOKED = "certificates:revoked"
    OPINIONS = "opinions"
    PRINTED = "custody:printed"
    DISPATCHED = "custody:dispatched"
    HANDED_OVER = "custody:handed_over"
    PROGRAMMES = "programmes:held"
    PRESENTED = "programmes:presented"
    JOINED = "programmes:beneficiaries"
    ATTENDANCE = "programmes:attendance"
    ATTEMPTED = "contacts:attempted"
    REACHED = "contacts:reached"
    MEETINGS = "outreach:meetings"
    MET = "outreach:people_met"


SCHEME_PREFIX: Final = "scheme:"
"""Daily counts of a scheme are `scheme:<code>`, and their leaf is the constituency: nothing finer is kept."""

ADDED_PREFIX: Final = "scheme_added:"
REMOVED_PREFIX: Final = "scheme_removed:"
"""So many people's records got or lost the scheme by a correction, on the day of the correction.

What was told at the enrolment stays counted, and its day as it was shown: a figure that moved by one, or was
made of both, would tell of the one person who asked.
"""

OF_SCHEMES: Final = (SCHEME_PREFIX, ADDED_PREFIX, REMOVED_PREFIX)

TOPIC_PREFIX: Final = "topic:"
"""Daily counts of a topic of programmes are `topic:<id>`; their leaf is the constituency."""

METRICS_OF: Final[Mapping[Topic, tuple[Counted, ...]]] = {
    ENROLMENT: (
        Counted.ENROLLED,
        Counted.WITHDRAWN,
        Counted.BENEFICIARIES,
        Counted.ADMIRERS,
        Counted.MEETINGS,
        Counted.MET,
    ),
    CERTIFICATES: (Counted.DECIDED, Counted.NEVER_DECIDED, Counted.PROMOTED, Counted.REVOKED),
    OPINIONS: (Counted.OPINIONS,),
    CUSTODY: (
        Counted.PRINTED,
        Counted.DISPATCHED,
        Counted.HANDED_OVER,
        Counted.PROGRAMMES,
        Counted.PRESENTED,
        Counted.JOINED,
        Counted.ATTENDANCE,
    ),
}
"""What is kept in total of each leaf. Schemes and topics are kept by day alone, contacts also by round."""
_IN_TOTAL: Final = frozenset(str(metric) for of_topic in METRICS_OF.values() for metric in of_topic)


class DayCell(NamedTuple):
    """One count of one leaf on one day."""

    partition: Partition
    campaign: CampaignId
    area: AreaCode
    day: date
    metric: str


class TotalCell(NamedTuple):
    """One leaf; its counts are kept together."""

    partition: Partition
    campaign: CampaignId
    area: AreaCode


class RecruiterCell(NamedTuple):
    """Enrolments of one recruiter in one segment in one hour (India) of one day."""

    partition: Partition
    campaign: CampaignId
    area: AreaCode
    recruiter: StaffId
    day: date
    hour: int


class AnswerCell(NamedTuple):
    """One answer to one question in the sheets that were let out for one area.

    `answer` is the id of a choice, or a scale's number as text; `ANSWERED` counts the sheets that answer the
    question at all.
    """

    partition: Partition
    campaign: CampaignId
    area: AreaCode
    round: str
    question: str
    answer: str


ANSWERED: Final = ""


class FieldworkCell(NamedTuple):
    """Contacts or outreach of one member of staff in one segment on one day."""

    partition: Partition
    campaign: CampaignId
    area: AreaCode
    staff: StaffId
    day: date
    metric: str


class RoundCell(NamedTuple):
    """One segment in one round of contact; its counts are kept together."""

    partition: Partition
    campaign: CampaignId
    area: AreaCode
    round: str


class ContactCounts(NamedTuple):
    """Contacts of a round, whatever came of them, and the people who were reached by them, each once."""

    attempted: int = 0
    reached: int = 0

    def plus(self, other: "ContactCounts") -> "ContactCounts":
        """The sum, count by count."""
        return ContactCounts(self.attempted + other.attempted, self.reached + other.reached)

    def minus(self, other: "ContactCounts") -> "ContactCounts":
        """The difference, count by count."""
        return ContactCounts(self.attempted - other.attempted, self.reached - other.reached)


class PlacesChanged(NamedTuple):
    """What the quota desk changed of one area: places beside the quota, and places kept for programmes."""

    raised: int = 0
    reserved: int = 0

    def plus(self, raised: int, reserved: int) -> "PlacesChanged":
        """With so many more of each."""
        return PlacesChanged(self.raised + raised, self.reserved + reserved)


class Difference(NamedTuple):
    """What a batch changes: counts by cell, the newest definition per partition, places per pool."""

    days: Mapping[DayCell, int]
    recruiters: Mapping[RecruiterCell, int]
    fieldwork: Mapping[FieldworkCell, int]
    rounds: Mapping[RoundCell, ContactCounts]
    answers: Mapping[AnswerCell, int]
    definitions: Mapping[tuple[Partition, CampaignId], CampaignDefinition]
    places: Mapping[TotalCell, PlacesChanged]

    def totals(self) -> Mapping[TotalCell, Counter[str]]:
        """The same counts without the day, of what is kept in total."""
        totals: dict[TotalCell, Counter[str]] = {}
        for cell, count in self.days.items():
            if cell.metric in _IN_TOTAL:
                leaf = TotalCell(cell.partition, cell.campaign, cell.area)
                totals.setdefault(leaf, Counter())[cell.metric] += count
        return totals
