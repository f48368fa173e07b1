"""How a screen speaks: its words in one language, and how numbers, shares, days and times are written there.

The words are in `languages/*.toml`; every language has the same ones with the same {places} in them.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Final, Literal

from mitra_shared.campaign.definition import Language, Names
from mitra_shared.campaign.numerals import indian
from reporting.domain.days import IST

LANGUAGES: Final[Mapping[Language, str]] = {"en": "English", "hi": "हिन्दी", "ur": "اردو"}
"""The languages of screens, each with its own name for itself."""
ISOLATE, END = "\u2068", "\u2069"
"""Around what stands in a line with a direction of its own (Unicode, annex 9)."""
_FILES: Final = Path(__file__).parent / "languages"


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language. `words("of_target", share="3 %", number="5,000")` fills in places."""

    language: Language
    texts: Mapping[str, str]

    @property
    def direction(self) -> Literal["ltr", "rtl"]:
        """Which way lines run."""
        return "rtl" if self.language == "ur" else "ltr"

    def __call__(self, key: str, **places: object) -> str:
        """A text with its places filled in.

        Raises:
            KeyError: there is no such text, or it has a place that was not given.
        """
        text = self.texts[key]
        if self.direction == "rtl":
            # Numbers and dates beside words of the other direction would be turned around.
            places = {name: f"{ISOLATE}{value}{END}" for name, value in places.items()}
        return text.format_map(places) if places else text

    def name(self, names: Names | Mapping[str, str | None]) -> str:
        """A name in this language, or in English where it has none."""
        given = names.model_dump() if isinstance(names, Names) else names
        return str(given[self.language] or given["en"])


@cache
def words_of(language: Language) -> Words:
    """The words of a language, read once."""
    with (_FILES / f"{language}.toml").open("rb") as file:
        return Words(language, tomllib.load(file))


def percent(part: float, whole: float) -> str:
    """Share in per cent, one decimal below 10."""
    share = 100 * part / whole if whole else 0.0
    return f"{share:.1f} %" if 0 < share < 10 else f"{share:.0f} %"  # noqa: PLR2004 - where a decimal stops mattering


def clock(instant: datetime) -> str:
    """Time of day in India."""
    return instant.astimezone(IST).strftime("%H:%M:%S IST")


def day(on: date) -> str:
    """A day as it is written in India."""
    return on.strftime("%d-%m-%Y")


def rate(people_a_day: float) -> str:
    """People a day: whole numbers from ten on."""
    is_whole = people_a_day == 0 or people_a_day >= 10  # noqa: PLR2004 - as for shares
    return indian(round(people_a_day)) if is_whole else f"{people_a_day:.1f}"
