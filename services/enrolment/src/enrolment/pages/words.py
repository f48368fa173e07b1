"""How a page speaks: its words in one language, and how days and times are written there.

The words are in `languages/*.toml`; every language has the same ones with the same {places} in them.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final, Literal, cast

from enrolment.clock import INDIA
from mitra_shared.campaign.definition import Language, Names

LANGUAGES: Final[Mapping[Language, str]] = {"en": "English", "hi": "हिन्दी", "ur": "اردو"}
"""The languages of pages, each with its own name for itself."""
LANGUAGE_COOKIE: Final = "mitra_language"
_ISOLATE, _END = "\u2068", "\u2069"
_FILES: Final = Path(__file__).parent / "languages"
_LONGEST_HEADER: Final = 500


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language. `words("due_by", day="28-12-2026")` fills in places."""

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
        if self.direction == "rtl":
            # Numbers and dates beside words of the other direction would be turned around.
            places = {name: f"{_ISOLATE}{value}{_END}" for name, value in places.items()}
        text = self.texts[key]
        return text.format_map(places) if places else text

    def name(self, names: Names | None, code: str) -> str:
        """A name in this language, in English where it has none, or the code."""
        return code if names is None else names.in_language(self.language)


@cache
def words_of(language: Language) -> Words:
    """The words of a language, read once."""
    with (_FILES / f"{language}.toml").open("rb") as file:
        return Words(language, tomllib.load(file))


def liked(cookie: str | None, accept_language: str) -> Words:
    """The words of the language that was chosen before, or that the browser likes best of ours."""
    tags = [part.partition(";")[0].strip() for part in accept_language[:_LONGEST_HEADER].split(",")]
    for tag in (cookie or "", *tags):
        language = tag.partition("-")[0].lower()
        if language in LANGUAGES:
            return words_of(cast("Language", language))
    return words_of("en")


def moment(instant: datetime) -> str:
    """Day and time in India."""
    return instant.astimezone(INDIA).strftime("%d-%m-%Y %H:%M")


def day(instant: datetime) -> str:
    """A day in India."""
    return instant.astimezone(INDIA).strftime("%d-%m-%Y")
