"""How somebody wants pages: in which language, light or dark. Kept in the browser, in two cookies."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, cast, get_args

from mitra_shared.campaign.definition import Language
from reporting.pages.words import LANGUAGES, Words, words_of

LANGUAGE_COOKIE: Final = "mitra_language"
APPEARANCE_COOKIE: Final = "mitra_appearance"
Appearance = Literal["as-the-device", "light", "dark"]
_LONGEST_HEADER: Final = 500


@dataclass(frozen=True, slots=True)
class Preferences:
    """A language, and an appearance."""

    language: Language
    appearance: Appearance

    @property
    def words(self) -> Words:
        """The words of the language."""
        return words_of(self.language)


def preferences_of(cookies: Mapping[str, str], accept_language: str) -> Preferences:
    """What was chosen before; else the language that the browser likes best of ours, and as the device."""
    chosen, appearance = cookies.get(LANGUAGE_COOKIE), cookies.get(APPEARANCE_COOKIE)
    return Preferences(
        cast("Language", chosen) if chosen in LANGUAGES else _liked(accept_language),
        cast("Appearance", appearance) if appearance in get_args(Appearance) else "as-the-device",
    )


def _liked(header: str) -> Language:
    """The first of our languages in an Accept-Language header: browsers list what they like best first."""
    for part in header[:_LONGEST_HEADER].split(","):
        tag = part.partition(";")[0].strip().partition("-")[0].lower()
        if tag in LANGUAGES:
            return cast("Language", tag)
    return "en"
