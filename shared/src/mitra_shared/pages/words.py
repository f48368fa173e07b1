"""How a page speaks: its words in one language, and how days are written there.

The words are in one TOML file for each language; all files have the same words with the same {places}.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final, Literal, cast

from mitra_shared.campaign.definition import Language, Names

LANGUAGES: Final[Mapping[Language, str]] = {"en": "English", "hi": "हिन्दी", "ur": "اردو"}
"""The languages of pages, each with its own name for itself."""
LANGUAGE_COOKIE: Final = "mitra_language"
ISOLATE, END = "\u2068", "\u2069"
"""Around what stands in a line with a direction of its own (Unicode, annex 9)."""
_LONGEST_HEADER: Final = 500


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
def read_words(folder: Path, language: Language) -> Words:
    """The words of a language from `folder`, read once.

    Raises:
        OSError: there is no file of the language.
        tomllib.TOMLDecodeError: it is no TOML.
    """
    with (folder / f"{language}.toml").open("rb") as file:
        return Words(language, tomllib.load(file))


def liked(cookie: str | None, accept_language: str) -> Language:
    """The language that was chosen before, or the one of ours that the browser likes best, or English."""
    # Browsers list first what they like best.
    for tag in (cookie or "", *accept_language[:_LONGEST_HEADER].split(",")):
        language = tag.partition(";")[0].strip().partition("-")[0].lower()
        if language in LANGUAGES:
            return cast("Language", language)
    return "en"


def day(on: date) -> str:
    """A day as it is written in India."""
    return on.strftime("%d-%m-%Y")
