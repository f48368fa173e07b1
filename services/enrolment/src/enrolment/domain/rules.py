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
