"""Text forms of bytes, read strictly: of each value exactly one spelling is accepted.

base64url (JOSE), base32 (the alphanumeric mode of QR codes), base58 (multibase `z`).
"""

from base64 import b32decode, b32encode, urlsafe_b64encode
from binascii import Error as BinasciiError
from binascii import a2b_base64
from typing import Final

_FROM_URL: Final = bytes.maketrans(b"-_", b"+/")
_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE58_PAIRS: Final = [high + low for high in _BASE58 for low in _BASE58]
_BASE58_VALUES: Final = {letter: value for value, letter in enumerate(_BASE58)}


class BadEncoding(ValueError):
    """The text is not the one spelling of any bytes."""


def base64url(content: bytes) -> str:
    """base64url without padding."""
    return urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def from_base64url(text: str) -> bytes:
    """The bytes of a base64url text without padding.

    Raises:
        BadEncoding: it has other characters, padding or spare bits.
    """
    encoded = text.encode("ascii", "replace")
    try:
        if b"+" in encoded or b"/" in encoded or b"=" in encoded:
            raise BadEncoding("not base64url without padding")
        content = a2b_base64(encoded.translate(_FROM_URL) + b"=" * (-len(encoded) % 4), strict_mode=True)
    except BinasciiError:
        raise BadEncoding("not base64url") from None
    # Decoding ignores spare bits, and those of the last group alone: it is encoded again.
    if not text.endswith(base64url(content[len(content) // 3 * 3 :])):
        raise BadEncoding("not base64url without spare bits")
    return content


def base32(content: bytes) -> str:
    """base32 in capitals without padding."""
    return b32encode(content).rstrip(b"=").decode("ascii")


def from_base32(text: str) -> bytes:
    """The bytes of a base32 text in capitals without padding.

    Raises:
        BadEncoding: it has other characters, padding or spare bits.
    """
    try:
        content = b32decode(text.encode("ascii") + b"=" * (-len(text) % 8))
    except (BinasciiError, UnicodeEncodeError):
        raise BadEncoding("not base32") from None
    if base32(content) != text:
        raise BadEncoding("not base32 without padding and spare bits")
    return content


def base58(content: bytes) -> str:
    """base58 in Bitcoin's alphabet."""
    number, pairs = int.from_bytes(content), list[str]()
    while number:
        number, pair = divmod(number, 3364)
        pairs.append(_BASE58_PAIRS[pair])
    zeros = len(content) - len(content.lstrip(b"\0"))
    return "1" * zeros + "".join(reversed(pairs)).lstrip("1")


def from_base58(text: str, size: int) -> bytes:
    """The `size` bytes of a base58 text.

    Raises:
        BadEncoding: it has other characters or is the text of more or fewer bytes.
    """
    if len(text) > 2 * size:
        raise BadEncoding("too long")
    number = 0
    for letter in text:
        value = _BASE58_VALUES.get(letter)
        if value is None:
            raise BadEncoding("not base58")
        number = number * 58 + value
    try:
        content = number.to_bytes(size)
    except OverflowError:
        raise BadEncoding("too long") from None
    if base58(content) != text:
        raise BadEncoding(f"not base58 of {size} bytes")
    return content
