"""Names of people: any script, normalised, and nothing in them that could deceive the eye.

Who enrols and who corrects a name later go by the same rules, and seal it for the same record.
"""

from typing import Final
from unicodedata import category, is_normalized, normalize

from mitra_shared.ids import MitraId

LONGEST_NAME: Final = 120
"""Characters after normalisation."""
MOST_WORDS: Final = 8
"""Of the name of a person, initials among them. Long names of the South have seven; a sentence has more."""
RIGHT_NAME: Final = f"1 to {LONGEST_NAME} letters of any script, in at most {MOST_WORDS} words"
"""What is told to who sent a name of a person that cannot be taken."""

_SEEN_AS_PRINTABLE: Final = str.maketrans({"\u200c": None, "\u200d": None})
"""ZWNJ and ZWJ: Devanagari, Malayalam and Urdu need them; no other format character is accepted."""

_BETWEEN_LETTERS: Final = str.maketrans(dict.fromkeys(" .'\u2019\u2018\u00b7-\u2010\u200c\u200d\u0970"))
"""Blank, full stop, apostrophes, hyphens, middle dot, joiners, and the Devanagari sign that shortens."""
_BETWEEN_WORDS: Final = str.maketrans(dict.fromkeys(".\u00b7-\u2010\u0970", " "))
"""Of those, what words end at, so that hyphens make no sentence of one word."""


class UnacceptableName(ValueError):
    """The name cannot be taken; the message says why and does not repeat it."""


def clean_name(raw: str) -> str:
    """`raw` in NFC without surrounding white space.

    Raises:
        UnacceptableName: empty, too long, without a letter, or with characters no name has: control, format
            (also right-to-left overrides), private, unassigned, line ends, blanks other than the space.
    """
    name = raw.strip()
    if not is_normalized("NFC", name):
        name = normalize("NFC", name)
    if not name:
        raise UnacceptableName("is empty")
    if len(name) > LONGEST_NAME:
        raise UnacceptableName(f"is longer than {LONGEST_NAME} characters")
    if not (name.isprintable() or name.translate(_SEEN_AS_PRINTABLE).isprintable()):
        raise UnacceptableName("contains control or format characters, or blanks other than the space")
    if not any(map(str.isalpha, name)):
        raise UnacceptableName("contains no letter")
    return name


def clean_person_name(raw: str) -> str:
    """A name as `clean_name` gives it, of letters and what stands between them in names.

    So that nothing can be told in place of a name: no digits, no signs to list things with, no sentence.

    Raises:
        UnacceptableName: also for any other character, and for more than `MOST_WORDS` words.
    """
    name = clean_name(raw)
    bare = name.translate(_BETWEEN_LETTERS)
    if not bare.isalpha() and not all(map(_is_letter_or_mark, bare)):
        raise UnacceptableName("contains digits or signs that names do not have")
    if len(name.translate(_BETWEEN_WORDS).split()) > MOST_WORDS:
        raise UnacceptableName(f"has more than {MOST_WORDS} words")
    return name


def _is_letter_or_mark(character: str) -> bool:
    return category(character)[0] in "LM"


def seal_context(mitra_id: MitraId) -> bytes:
    """What a sealed name is bound to (see `mitra_shared.security.sealing`)."""
    return b"name:" + mitra_id.bytes
