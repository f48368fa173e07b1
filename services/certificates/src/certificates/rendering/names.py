"""How a name is shown: its letters exactly as given, without what could reorder or hide other words."""

import unicodedata
from dataclasses import dataclass
from typing import Final

from mitra_shared.campaign.definition import Language

_JOINERS: Final = "\u200c\u200d"
"""Zero-width non-joiner and joiner: spelling, in Devanagari and in Urdu."""
_SCRIPTS: Final[tuple[tuple[str, Language], ...]] = (("DEVANAGARI", "hi"), ("ARABIC", "ur"))


class NothingToShow(ValueError):
    """The name holds no visible character."""


@dataclass(frozen=True, slots=True)
class ShownName:
    """A name for the eye.

    Attributes:
        text: one line without control characters.
        language: whose script most of its letters are of; Latin and all others are `en`.
        right_to_left: the direction of the whole, as its first letter decides.
        stacked_marks: the most marks that one letter carries.
    """

    text: str
    language: Language
    right_to_left: bool
    stacked_marks: int


def shown_name(name: str) -> ShownName:
    """The name as it is set.

    Raises:
        NothingToShow: nothing visible is left of it.
    """
    text = " ".join("".join(_visible(character) for character in name).split())
    if not any(unicodedata.category(character)[0] in "LNPS" for character in text):
        raise NothingToShow("the name has no visible character")
    return ShownName(text, _language(text), _right_to_left(text), _stacked_marks(text))


def _visible(character: str) -> str:
    # Format characters are what overrides, isolates, marks of direction, tags and soft hyphens are.
    match unicodedata.category(character):
        case "Cf":
            return character if character in _JOINERS else ""
        case "Cc" | "Zs" | "Zl" | "Zp":
            return " "
        case _:
            return character


def _right_to_left(text: str) -> bool:
    for character in text:
        match unicodedata.bidirectional(character):
            case "R" | "AL":
                return True
            case "L":
                return False
            case _:
                continue
    return False


def _stacked_marks(text: str) -> int:
    most = count = 0
    for character in text:
        count = count + 1 if unicodedata.combining(character) else 0
        most = max(most, count)
    return most


def _language(text: str) -> Language:
    counts: dict[Language, int] = {"en": 0, "hi": 0, "ur": 0}
    for character in text:
        if unicodedata.category(character)[0] == "L":
            name = unicodedata.name(character, "")
            counts[next((code for script, code in _SCRIPTS if name.startswith(script)), "en")] += 1
    return max(counts, key=lambda code: counts[code])
