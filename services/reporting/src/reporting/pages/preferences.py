"""How somebody wants pages: in which language, light or dark. Kept in the browser, in two cookies."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, cast, get_args

from mitra_shared.campaign.definition import Language
from mitra_shared.pages.words import LANGUAGE_COOKIE, Words, liked
from reporting.pages.words import words_of

APPEARANCE_COOKIE: Final = "mitra_appearance"
Appearance = Literal["as-the-device", "light", "dark"]


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
    appearance = cookies.get(APPEARANCE_COOKIE)
    return Preferences(
        liked(cookies.get(LANGUAGE_COOKIE), accept_language),
        cast("Appearance", appearance) if appearance in get_args(Appearance) else "as-the-device",
    )
