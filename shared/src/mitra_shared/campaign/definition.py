"""What a campaign is: areas, goals, rules, notices and rounds. Data, not code.

Written by `mitra_shared.campaign.check` from TOML and CSV, stored by the enrolment service, and carried
to the other services inside `CampaignDefinedV1`.
"""

from collections.abc import Mapping
from datetime import date, time
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from mitra_shared.ids import AreaCode, CampaignId

Language = Literal["en", "hi", "ur"]
Basis = Literal["beneficiary", "admirer"]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
SchemeCode = Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9-]{0,31}$")]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""One line of text, as shown to people."""


class Frozen(BaseModel):
    """A value: compared by content, never changed, no field beyond the declared ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Names(Frozen):
    """A name in the languages of the campaign; Hindi and Urdu fall back to English on screens."""

    en: Name
    hi: Name | None = None
    ur: Name | None = None

    def in_language(self, language: Language) -> str:
        """The name in `language`, or in English where that was not given."""
        return getattr(self, language) or self.en


class Level(StrEnum):
    """The four levels of the area tree, from the top."""

    NATION = "nation"
    STATE = "state"
    CONSTITUENCY = "constituency"
    SEGMENT = "segment"


class Evidence(StrEnum):
    """How sure it is that a constituency belongs to the campaign; shown wherever the seat is shown."""

    NAMED = "named"
    STATE_REPORT = "state-report"
    ASSUMED = "assumed"


class Tile(Frozen):
    """Place of a constituency on the tile map, counted from the top left."""

    column: Annotated[int, Field(ge=0, le=99)]
    row: Annotated[int, Field(ge=0, le=99)]


class Area(Frozen):
    """One node of the area tree. `number` is the official PC or AC number within its state."""

    code: Annotated[AreaCode, Field(pattern=r"^[A-Z0-9][A-Z0-9-]{0,31}$")]
    level: Level
    parent: AreaCode | None
    name: Names
    number: PositiveInt | None = None
    evidence: Evidence | None = None
    tile: Tile | None = None


class Boundaries(Frozen):
    """Which drawing of the constituencies the area codes belong to."""

    version: Slug
    in_force_from: date
    source: str


class Metric(StrEnum):
    """What a goal counts."""

    ENROLLED = "enrolled"
    CERTIFICATES = "certificates"


class Goal(Frozen):
    """A target (`enrolled`) or a quota (`certificates`) for each area of a level, or for one area.

    Sources disagree, so several readings may be kept; at most one per (level, metric, area) is active.
    A goal with an `area` goes before the goal of its level.
    """

    level: Level
    metric: Metric
    number: Annotated[int, Field(ge=0, le=100_000_000)]
    source: Annotated[str, Field(min_length=1)]
    area: AreaCode | None = None
    active: bool = True


class StaffPlan(Frozen):
    """Staff of each constituency."""

    in_charges: PositiveInt = 1
    co_in_charges: PositiveInt = 30


class Eligibility(Frozen):
    """Who may be enrolled. Belonging to no party is declared, never looked up."""

    minimum_age: Annotated[int, Field(ge=18, le=120)] = 18
    party_members: Literal[False] = False
    bases: tuple[Basis, ...] = ("beneficiary", "admirer")
    people_per_phone: Annotated[int, Field(ge=1, le=10)] = 1


class Scheme(Frozen):
    """A government scheme a person may already have received."""

    code: SchemeCode
    name: Names


class Topic(Frozen):
    """What people talk about at programmes; reports of them count by topic."""

    id: Slug
    name: Names


class ConsentNotice(Frozen):
    """The notice a person is shown before consenting, in one language of one version."""

    version: Slug
    language: Language
    in_force_from: date
    text: Annotated[str, Field(min_length=1)]


class Consents(Frozen):
    """How consent is taken."""

    grace_days: Annotated[int, Field(ge=0, le=30)] = 0
    """A notice that another has replaced is still taken on the day of the change and so many days after it,
    for people who agreed while a phone was offline. 0: not even on that day."""


class Choice(Frozen):
    """One answer of a choice question."""

    id: Slug
    label: Names


class Question(Frozen):
    """A question of a round. `scale` answers are 1..5; the other kinds name their choices."""

    id: Slug
    kind: Literal["single", "multiple", "scale"]
    text: Names
    choices: tuple[Choice, ...] = ()


class Round(Frozen):
    """One wave of contact and questions; `closes_on` is the last day of answers (IST)."""

    id: Slug
    name: Names
    opens_on: date
    closes_on: date
    questions: Annotated[tuple[Question, ...], Field(min_length=1)]


class Issuing(Frozen):
    """When a certificate is issued, and whether issuing is frozen (model code of conduct)."""

    issue_on: Literal["enrolled", "cleared"] = "enrolled"
    frozen: bool = False


class Retention(Frozen):
    """How long name and phone are kept: so many days after a withdrawal, never beyond the campaign's end."""

    days_after_withdrawal: Annotated[int, Field(ge=2, le=365)] = 30
    """Two at least: a person is told 48 hours before the erasure."""


class Rights(Frozen):
    """Days within which what people ask for is answered; withdrawal takes effect at once."""

    correction_days: Annotated[int, Field(ge=1, le=90)] = 30
    grievance_days: Annotated[int, Field(ge=1, le=90)] = 30


class Messaging(Frozen):
    """Limits of messages in bulk; what answers a person (codes, receipts, notices) is sent at once.

    While issuing is frozen, no message in bulk is sent either.
    """

    quiet_from: time = time(20)
    """From then on until `quiet_until` (India) none is sent."""
    quiet_until: time = time(9)
    a_minute: Annotated[int, Field(ge=1, le=60_000)] = 600
    """Messages handed to the gateway in a minute, of the whole campaign."""
    days_between: Annotated[int, Field(ge=0, le=365)] = 7
    """Whoever got one gets no other for so many days."""


class CampaignDefinition(Frozen):
    """A whole campaign at one version. A changed definition needs a higher version."""

    id: Annotated[CampaignId, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    version: PositiveInt
    name: Names
    starts_on: date
    target_date: date
    boundaries: Boundaries
    areas: Annotated[tuple[Area, ...], Field(min_length=4)]
    goals: tuple[Goal, ...]
    staff: StaffPlan = StaffPlan()
    eligibility: Eligibility = Eligibility()
    schemes: tuple[Scheme, ...] = ()
    notices: Annotated[tuple[ConsentNotice, ...], Field(min_length=1)]
    rounds: tuple[Round, ...] = ()
    issuing: Issuing = Issuing()
    retention: Annotated[Retention | None, Field(default=None, exclude_if=lambda kept: kept is None)]
    """None: that of `Retention()`. Left out of older definitions, which stand in the logs as they are."""
    # Left out where nothing is said: definitions of before are written as they ever were.
    rights: Rights = Field(default=Rights(), exclude_if=lambda rights: rights == Rights())
    consent: Consents = Field(default=Consents(), exclude_if=lambda consent: consent == Consents())
    topics: tuple[Topic, ...] = Field(default=(), exclude_if=lambda topics: topics == ())
    messages: Messaging = Field(default=Messaging(), exclude_if=lambda messages: messages == Messaging())

    @cached_property
    def by_code(self) -> Mapping[AreaCode, Area]:
        """Every area by its code."""
        return {area.code: area for area in self.areas}

    def at_level(self, level: Level) -> tuple[Area, ...]:
        """The areas of one level, in the order of the definition."""
        return tuple(area for area in self.areas if area.level is level)

    def ancestor(self, code: AreaCode, level: Level) -> Area:
        """The area of `level` at or above `code`.

        Raises:
            KeyError: `code` is not in the campaign, or nothing of that level is above it.
        """
        area = self.by_code[code]
        while area.level is not level:
            if area.parent is None:
                raise KeyError(f"{code} has no {level} above it")
            area = self.by_code[area.parent]
        return area

    def goal_for(self, area: Area, metric: Metric) -> Goal | None:
        """The active goal of `area`: its own if it has one, else that of its level."""
        of_level: Goal | None = None
        for goal in self.goals:
            if goal.metric is not metric or goal.level is not area.level or not goal.active:
                continue
            if goal.area == area.code:
                return goal
            if goal.area is None:
                of_level = goal
        return of_level

    def certificate_level(self) -> Level:
        """The level whose areas each hold one pool of certificate places (segment or constituency)."""
        levels = {g.level for g in self.goals if g.metric is Metric.CERTIFICATES and g.active}
        return Level.CONSTITUENCY if Level.CONSTITUENCY in levels else Level.SEGMENT

    def notice(self, version: str, language: Language) -> ConsentNotice | None:
        """The notice of that version and language, in force or not."""
        for notice in self.notices:
            if notice.version == version and notice.language == language:
                return notice
        return None

    def notice_in_force(self, on: date) -> str:
        """Version of the newest notice in force on `on` (the first one's if none is yet)."""
        begun = [n for n in self.notices if n.in_force_from <= on] or [self.notices[0]]
        return max(begun, key=lambda n: n.in_force_from).version

    def supersedes(self, other: Self) -> bool:
        """Whether this is a newer version of the same campaign."""
        return self.id == other.id and self.version > other.version
