"""How a brief speaks: the words of screens and its own, and how figures, shares and times are written."""

import tomllib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

from mitra_shared.campaign.definition import Area, Evidence, Language
from mitra_shared.campaign.numerals import indian
from mitra_shared.pages.words import END, ISOLATE, Words, day
from reporting.domain.days import IST
from reporting.pages.words import percent, rate, words_of

MARKS: Final = {
    Evidence.NAMED: "named",
    Evidence.STATE_REPORT: "state_report",
    Evidence.ASSUMED: "assumed",
}
"""Key of the word for each mark; with `_note` of what it means."""
NOTHING: Final = "\u2013"
_FILES: Final = Path(__file__).parent / "languages"
_UNBROKEN: Final = "\u00a0"
_LEAST: Final = 0.001


@cache
def own_texts(language: Language) -> Mapping[str, str]:
    """The words of briefs alone, read once."""
    with (_FILES / f"{language}.toml").open("rb") as file:
        return tomllib.load(file)


def brief_words(language: Language) -> Words:
    """The words of screens, with those of briefs beside them or in their place."""
    return Words(language, {**words_of(language).texts, **own_texts(language)})


def area_name(area: Area, words: Words) -> str:
    """The name of an area; a seat that was not named says so wherever it is named here."""
    name = words.name(area.name)
    if area.evidence in (None, Evidence.NAMED):
        return name
    return f"{name} ({words(MARKS[area.evidence])})"


def apart(piece: str, words: Words) -> str:
    """A piece of a line that keeps its direction."""
    return f"{ISOLATE}{piece}{END}" if words.direction == "rtl" else piece


def number(count: int | None) -> str:
    """A count, grouped the Indian way."""
    return NOTHING if count is None else indian(count)


def pace_text(people_a_day: float | None) -> str:
    """People a day."""
    return NOTHING if people_a_day is None else rate(people_a_day)


def share_text(share: float) -> str:
    """A share in per cent that no line is broken in; a very small one is not shown as none."""
    shown = f"< {percent(_LEAST, 1)}" if 0 < share < _LEAST else percent(share, 1)
    return shown.replace(" ", _UNBROKEN)


def time_text(instant: datetime) -> str:
    """Day and time of day in India."""
    shown = instant.astimezone(IST)
    return f"{day(shown)} {shown:%H:%M} IST"
