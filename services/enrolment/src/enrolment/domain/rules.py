"""The rules of one campaign version that enrolments and opinions are judged by."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from mitra_shared.ids import AreaCode, CampaignId


@dataclass(frozen=True, slots=True)
class Notice:
    """One version of the consent notice, with the SHA-256 of its text in each language it exists in."""

    version: str
    hashes: Mapping[str, bytes]
    in_force_from: date
    replaced_on: date | None = None
    """The day on which a newer one came into force at this service; None while there is none."""
    taken_until: date | None = None
    """The last day of grace after it was replaced; None where the campaign gives none."""

    def is_in_grace(self, today: date) -> bool:
        """Whether consent to it is still taken although it was replaced."""
        return self.taken_until is not None and today <= self.taken_until


@dataclass(frozen=True, slots=True)
class Question:
    """A question of a round: `single` and `multiple` name their choices, `scale` is answered 1 to 5."""

    kind: str
    choices: frozenset[str]


@dataclass(frozen=True, slots=True)
class OpinionRound:
    """One wave of questions; answers are taken from the first to the last day, both included (India)."""

    opens_on: date
    closes_on: date
    questions: Mapping[str, Question]

    def is_open(self, today: date) -> bool:
        """Whether answers are taken on `today`."""
        return self.opens_on <= today <= self.closes_on


@dataclass(frozen=True, slots=True)
class Rules:
    """What the intake needs of a campaign definition. `segments` maps each segment to its constituency."""

    campaign: CampaignId
    version: int
    segments: Mapping[AreaCode, AreaCode]
    schemes: frozenset[str]
    bases: frozenset[str]
    notices: tuple[Notice, ...]
    minimum_age: int
    people_per_phone: int
    rounds: Mapping[str, OpinionRound]

    def notice_in_force(self, today: date) -> Notice:
        """The newest notice in force on `today`, or the first one if none is yet."""
        newest: Notice | None = None
        for notice in self.notices:
            if notice.in_force_from <= today and (
                newest is None or notice.in_force_from > newest.in_force_from
            ):
                newest = notice
        return newest or self.notices[0]

    def replaced_notice(self, version: str, today: date) -> Notice | None:
        """The notice of that version, if a newer one has taken its place by `today`."""
        for notice in self.notices:
            if notice.version == version and notice.replaced_on is not None and notice.replaced_on <= today:
                return notice
        return None
