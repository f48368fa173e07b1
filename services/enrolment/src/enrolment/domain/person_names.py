"""Names of people: any script, normalised, and nothing in them that could deceive the eye."""

from unicodedata import category, is_normalized, normalize

LONGEST_NAME = 120
"""Characters after normalisation."""

_JOINERS = frozenset("\u200c\u200d")
"""ZWNJ and ZWJ: Devanagari, Malayalam and Urdu need them; every other format character is refused."""

_FORBIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Control, format (also right-to-left overrides), surrogate, private, unassigned, line and paragraph ends."""


class UnacceptableName(ValueError):
    """The name cannot be taken; the message says why and does not repeat it."""


def clean_name(raw: str) -> str:
    """`raw` in NFC without surrounding white space.

    Raises:
        UnacceptableName: empty, too long, without a letter, or with characters no name has.
    """
    name = raw.strip()
    if not name.isascii():
        name = name if is_normalized("NFC", name) else normalize("NFC", name)
        if any(category(character) in _FORBIDDEN and character not in _JOINERS for character in name):
            raise UnacceptableName("contains control, format or unassigned characters")
    elif not name.isprintable():
        raise UnacceptableName("contains control characters")
    if not name:
        raise UnacceptableName("is empty")
    if len(name) > LONGEST_NAME:
        raise UnacceptableName(f"is longer than {LONGEST_NAME} characters")
    if not any(map(str.isalpha, name)):
        raise UnacceptableName("contains no letter")
    return name
