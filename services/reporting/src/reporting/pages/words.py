"""The words of screens, and how shares, rates and times are written on them."""

from datetime import datetime
from pathlib import Path
from typing import Final

from mitra_shared.campaign.definition import Language
from mitra_shared.campaign.numerals import indian
from mitra_shared.pages.words import Words, read_words
from reporting.domain.days import IST

_FILES: Final = Path(__file__).parent / "languages"


def words_of(language: Language) -> Words:
    """The words of a language."""
    return read_words(_FILES, language)


def percent(part: float, whole: float) -> str:
    """Share in per cent, one decimal below 10."""
    share = 100 * part / whole if whole else 0.0
    return f"{share:.1f} %" if 0 < share < 10 else f"{share:.0f} %"  # noqa: PLR2004 - where a decimal stops mattering


def clock(instant: datetime) -> str:
    """Time of day in India."""
    return instant.astimezone(IST).strftime("%H:%M:%S IST")


def rate(people_a_day: float) -> str:
    """People a day: whole numbers from ten on."""
    is_whole = people_a_day == 0 or people_a_day >= 10  # noqa: PLR2004 - as for shares
    return indian(round(people_a_day)) if is_whole else f"{people_a_day:.1f}"
