"""How many parts an SMS takes: 3GPP TS 23.038, which every gateway counts and charges by."""

from typing import Final, Literal, NamedTuple

Alphabet = Literal["gsm-7", "ucs-2"]

_GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENDED: Final = frozenset("\f^{}\\[~]|€")
"""Two places each."""
_ALONE: Final[dict[Alphabet, int]] = {"gsm-7": 160, "ucs-2": 70}
_JOINED: Final[dict[Alphabet, int]] = {"gsm-7": 153, "ucs-2": 67}
"""Places of a part among several, which carries a header."""


class SmsSize(NamedTuple):
    """What a text takes."""

    alphabet: Alphabet
    places: int
    """Septets or 16-bit units."""
    parts: int


def sms_size(text: str) -> SmsSize:
    """Alphabet, places and parts of a text."""
    alphabet: Alphabet = "gsm-7" if set(text) <= _GSM_EXTENDED | _GSM else "ucs-2"
    widths = [_width(character, alphabet) for character in text]
    places = sum(widths)
    if places <= _ALONE[alphabet]:
        return SmsSize(alphabet, places, 1)
    parts, left = 1, _JOINED[alphabet]
    for width in widths:
        # Neither an escape nor a surrogate pair is cut in two.
        if width > left:
            parts, left = parts + 1, _JOINED[alphabet]
        left -= width
    return SmsSize(alphabet, places, parts)


def _width(character: str, alphabet: Alphabet) -> int:
    if alphabet == "gsm-7":
        return 2 if character in _GSM_EXTENDED else 1
    return len(character.encode("utf-16-le")) // 2
