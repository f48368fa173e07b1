"""The words of the pages, and how days and times are written on them."""

from datetime import datetime
from pathlib import Path
from typing import Final

from enrolment.clock import INDIA, india_day
from mitra_shared.campaign.definition import Language
from mitra_shared.pages.words import Words, day, read_words

_FILES: Final = Path(__file__).parent / "languages"


def words_of(language: Language) -> Words:
    """The words of a language."""
    return read_words(_FILES, language)


def moment(instant: datetime) -> str:
    """Day and time in India."""
    return instant.astimezone(INDIA).strftime("%d-%m-%Y %H:%M")


def day_of(instant: datetime) -> str:
    """A day in India."""
    return day(india_day(instant))
