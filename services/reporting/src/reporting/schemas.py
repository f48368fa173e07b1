"""What the answers look like, for the OpenAPI document; `queries` fills them, a test holds both together."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from mitra_shared.campaign.definition import Evidence, Goal, Level, Names
from mitra_shared.ids import AreaCode, CampaignId, StaffId


class Answer(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(extra="forbid")


class AimShown(Answer):
    """A target or quota of the active reading."""

    number: int
    level: Level
    """Level at which the source states the number."""
    source: str
    parts: int
    """How many such numbers were added up; 1: the source's own number."""


class RollupShown(Answer):
    """One area: live counts against target and quota.

    `enrolled` is gross. `certificates_issued` and `certificates_waitlisted` are what the certificates decided
    come to under the quota in force, as if nobody had withdrawn. Those printed, dispatched and handed over
    are papers, told no higher than `certificates_issued`, and null below the area that holds the quota.
    Programmes are those of constituencies; null for a segment. Contacts are those of the round that is open
    (`contacts_round`), null while none is: attempts and people reached, counted the day after, and as due
    everybody enrolled, gross. `version` is the commit that last changed the area.
    """

    area: AreaCode
    level: Level
    parent: AreaCode | None
    name: Names
    evidence: Evidence | None
    enrolled: int
    certificates_issued: int
    certificates_waitlisted: int
    opinions: int
    certificates_printed: int | None
    certificates_dispatched: int | None
    certificates_handed_over: int | None
    programmes_held: int | None
    programmes_presented: int | None
    programmes_beneficiaries: int | None
    programmes_attendance: int | None
    meetings_held: int
    people_met: int
    contacts_round: str | None
    contacts_attempted: int | None
    contacts_reached: int | None
    contacts_due: int | None
    target: AimShown | None
    quota: AimShown | None
    version: int


class TopicLag(Answer):
    """Events in the streams of a topic not yet counted, and for how many seconds one has waited there.

    What the relay has not carried into the streams yet is not in it. null: see `reason`.
    """

    events: int | None
    seconds: float | None
    reason: str | None


class LagShown(TopicLag):
    """The lag of all topics together, and of each."""

    topics: dict[str, TopicLag]


class Freshness(Answer):
    """What an answer includes and how old it is."""

    version: int
    as_of: AwareDatetime
    positions: dict[str, dict[str, str]]
    """Included of each log: `{topic: {partition: "<epoch>-<position>"}}`."""
    lag: LagShown
    trouble: str | None
    """Why the answer may be old, if it may."""


class RollupsAnswer(Freshness):
    """Areas of one level."""

    campaign: CampaignId
    definition: int
    """Version of the campaign definition."""
    level: Level
    within: AreaCode
    """The area that all of them are at or below."""
    sort: str
    readings: list[Goal]
    """Every target and quota the campaign knows, with its source; `active` marks those that count."""
    unplaced: int
    """Areas with counts that have no place in the definition; they are in no sum."""
    areas: list[RollupShown]


class RollupAnswer(Freshness):
    """One area and what is directly below it."""

    campaign: CampaignId
    definition: int
    readings: list[Goal]
    rollup: RollupShown
    parts: list[RollupShown]


class FigureShown(Answer):
    """A count, or null and why it is not shown."""

    value: int | None
    reason: str | None


class DayShown(Answer):
    """One day (IST) of an area. `certificates_promoted` were issued after they had waited.

    `schemes` is as it was told at the enrolments of that day, and stays so; `schemes_added` and
    `schemes_removed` are the corrections made that day. Contacts are counted the day after. Attendance and
    `topics` of programmes, with the beneficiaries who spoke about each, stand on the day of the programme.
    """

    day: date
    closed: bool
    enrolled: FigureShown
    withdrawn: FigureShown
    beneficiaries: FigureShown
    admirers: FigureShown
    certificates_promoted: FigureShown
    certificates_revoked: FigureShown
    opinions: FigureShown
    contacts_attempted: FigureShown
    contacts_reached: FigureShown
    meetings_held: FigureShown
    people_met: FigureShown
    programmes_attendance: FigureShown
    topics: dict[str, FigureShown]
    schemes: dict[str, FigureShown]
    schemes_added: dict[str, FigureShown]
    schemes_removed: dict[str, FigureShown]


class DaysAnswer(Freshness):
    """The days asked for, oldest first."""

    campaign: CampaignId
    area: AreaCode
    level: Level
    days: list[DayShown]


class FieldworkShown(Answer):
    """Contacts of rounds, which are counted the day after, and outreach of one of the staff."""

    contacts_attempted: int
    contacts_reached: int
    meetings_held: int
    people_met: int


class RecruiterDay(FieldworkShown):
    """People enrolled on one day (IST), and the field work of that day."""

    day: date
    enrolled: int


class RecruiterShown(FieldworkShown):
    """One of the staff: enrolments and field work, in all and on each day asked for; people by segment."""

    recruiter: StaffId
    name: Annotated[str | None, Field(description="Null for who has none, or is no longer known by it")]
    enrolled: int
    segments: dict[AreaCode, int]
    days: list[RecruiterDay]


class RecruitersAnswer(Freshness):
    """Whoever enrolled or did other field work, most people first. Like all live counts these are gross."""

    campaign: CampaignId
    within: AreaCode
    first: Annotated[date, Field(alias="from")]
    last: Annotated[date, Field(alias="to")]
    recruiters: list[RecruiterShown]


SORTS = ("code", "name", "enrolled", "progress", "issued", "waitlisted", "opinions")
Sort = Literal[
    "code", "name", "enrolled", "progress", "issued", "waitlisted", "opinions",
    "-code", "-name", "-enrolled", "-progress", "-issued", "-waitlisted", "-opinions",
]  # fmt: skip
"""What a list is sorted by; `-` turns it around. `progress` is enrolled over target."""

AtLeast = Annotated[str, Field(pattern=r"^[a-z]+\.[0-9]{1,2}:[0-9]{1,9}-[0-9]{1,18}$")]
"""A place of a log, e.g. `enrolment.3:1-42`: topic, partition, epoch and position."""
