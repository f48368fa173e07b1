"""Where a programme is held: the name of a place as an invitation has it, not a text about people."""

import re
import unicodedata
from typing import Final

SHORTEST: Final = 3
LONGEST: Final = 120
MOST_PARTS: Final = 4
MOST_WORDS: Final = 6
"""In a part between commas: no sentence is that short."""

_PART: Final = rf"[^\s,،]+( [^\s,،]+){{0,{MOST_WORDS - 1}}}"
PATTERN: Final = rf"^{_PART}([,،] ?{_PART}){{0,{MOST_PARTS - 1}}}$"
EXPECTED: Final = (
    f"the name of a place such as 'Town hall, Kalpetta': {SHORTEST} to {LONGEST} characters, at most"
    f" {MOST_PARTS} parts with commas between, each of at most {MOST_WORDS} words"
)

_FORM: Final = re.compile(PATTERN)
_PHONE: Final = re.compile(r"\d(?:[ -]?\d){6,}")
_JOINERS: Final = frozenset("\u200c\u200d")
"""Written in Hindi and Urdu; every other invisible sign is refused."""
_UNFIT: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class UnfitPlace(ValueError):
    """This is no name of a place; the message says why."""


def clean_place(raw: str) -> str:
    """The place as it is kept: composed, with single blanks.

    Raises:
        UnfitPlace: see there; `EXPECTED` is what would be right.
    """
    # Before blanks are taken together: a line break is no blank.
    if any(unicodedata.category(sign) in _UNFIT and sign not in _JOINERS for sign in raw):
        raise UnfitPlace("holds a line break or an invisible sign")
    place = " ".join(unicodedata.normalize("NFC", raw).split())
    if not SHORTEST <= len(place) <= LONGEST:
        raise UnfitPlace(f"has {len(place)} characters")
    if not any(sign.isalpha() for sign in place):
        raise UnfitPlace("holds no letter")
    if _PHONE.search(place):
        raise UnfitPlace("holds a number as long as that of a phone")
    if _FORM.search(place) is None:
        raise UnfitPlace("has too many words or parts")
    return place
