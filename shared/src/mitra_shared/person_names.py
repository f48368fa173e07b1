"""Names of people: any script, normalised, and nothing in them that could deceive the eye.

Who enrols and who corrects a name later go by the same rules, and seal it for the same record.
"""

from typing import Final
from unicodedata import is_normalized, normalize

from mitra_shared.ids import MitraId

LONGEST_NAME: Final = 120
"""Characters after normalisation."""

_SEEN_AS_PRINTABLE: Final = str.maketrans({"\u200c": None, "\u200d": None})
"""ZWNJ and ZWJ: Devanagari, Malayalam and Urdu need them; no other format character is accepted."""


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


def seal_context(mitra_id: MitraId) -> bytes:
    """What a sealed name is bound to (see `mitra_shared.security.sealing`)."""
    return b"name:" + mitra_id.bytes
