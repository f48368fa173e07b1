"""How a brief speaks: its words in one language, and how numbers, days, times and shares are written."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Final

from mitra_shared.campaign.definition import Area, Evidence, Language, Names
from mitra_shared.campaign.numerals import indian
from reporting.domain.days import IST

FILES: Final = Path(__file__).parent / "languages"
MARKS: Final = {
    Evidence.NAMED: "named",
    Evidence.STATE_REPORT: "state_report",
    Evidence.ASSUMED: "assumed",
}
"""Key of the word for each mark; with `_note` of what it means."""
NOTHING: Final = "\u2013"
_ISOLATE, _END = "\u2068", "\u2069"
_LEAST: Final = 0.1
_UNBROKEN: Final = "\u00a0"
_FEW: Final = 10
"""Shares below it, in per cent, and paces have a decimal."""


@cache
def texts_of(language: Language) -> Mapping[str, str]:
    """The words of a language, read once."""
    with (FILES / f"{language}.toml").open("rb") as file:
        return tomllib.load(file)


@dataclass(frozen=True, slots=True)
class BriefWords:
    """The words of a brief in one language."""

    language: Language

    def __call__(self, key: str, **places: object) -> str:
        """A text with its places filled in; in lines from right to left each place keeps its direction.

        Raises:
            KeyError: there is no such text, or it has a place that was not given.
        """
        apart = {name: self.apart(value) for name, value in places.items()}
        return texts_of(self.language)[key].format_map(apart)

    def apart(self, value: object) -> str:
        """A piece of a line that keeps its direction."""
        return f"{_ISOLATE}{value}{_END}" if self.language == "ur" else str(value)

    def name(self, names: Names) -> str:
        """A name in this language, or in English where it has none."""
        return names.in_language(self.language)

    def area(self, area: Area) -> str:
        """The name of an area; a seat that was not named says so wherever it is named here."""
        if area.evidence in (None, Evidence.NAMED):
            return self.name(area.name)
        return f"{self.name(area.name)} ({self(MARKS[area.evidence])})"


def number(count: int | None) -> str:
    """A count, grouped the Indian way."""
    return NOTHING if count is None else indian(count)


def rate(people: float | None) -> str:
    """People a day."""
    if people is None:
        return NOTHING
    return f"{people:.1f}" if 0 < people < _FEW else indian(round(people))


def share_text(share: float | None) -> str:
    """A share in per cent, with one decimal where it is small."""
    if share is None:
        return NOTHING
    percent = 100 * share
    if 0 < percent < _LEAST:
        return f"<{_UNBROKEN}{_LEAST}{_UNBROKEN}%"
    return f"{percent:.1f}{_UNBROKEN}%" if 0 < percent < _FEW else f"{percent:.0f}{_UNBROKEN}%"


def day_text(day: date) -> str:
    """DD-MM-YYYY."""
    return f"{day:%d-%m-%Y}"


def time_text(instant: datetime) -> str:
    """Day and time of day in India."""
    return f"{instant.astimezone(IST):%d-%m-%Y %H:%M} IST"
