"""Finding without storing in clear: keyed hashes of phones and requests, and ids derived from a key.

A phone number has too few digits for a plain hash: whoever copies the table could try them all. With the
key apart from the table they cannot.
"""

import hmac
from base64 import b64decode, b64encode
from os import urandom
from typing import Final, Self
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

_SHORTEST_KEY: Final = 32
_LENGTH_BYTES: Final = 4


class BadLookupKey(ValueError):
    """The text is not base64 of at least 32 bytes."""


def _joined(parts: tuple[bytes | str, ...]) -> bytes:
    """Every part behind its length, so that ("ab", "c") and ("a", "bc") differ."""
    joined = b""
    for part in parts:
        encoded = part.encode() if isinstance(part, str) else part
        joined += len(encoded).to_bytes(_LENGTH_BYTES) + encoded
    return joined


class KeyedHash:
    """HMAC-SHA256 over length-prefixed parts."""

    def __init__(self, key: bytes) -> None:
        """Hash with `key`.

        Raises:
            BadLookupKey: shorter than 32 bytes.
        """
        if len(key) < _SHORTEST_KEY:
            raise BadLookupKey(f"a look-up key has at least {_SHORTEST_KEY} bytes, this one {len(key)}")
        self._key = key
        # To take in the key is most of the work on a short text: done once.
        self._keyed = HMAC(key, SHA256())

    @classmethod
    def from_base64(cls, text: str) -> Self:
        """The hash keyed by base64 `text`.

        Raises:
            BadLookupKey: not base64, or shorter than 32 bytes.
        """
        try:
            key = b64decode(text.strip(), validate=True)
        except ValueError:
            raise BadLookupKey(f"a look-up key is base64 of at least {_SHORTEST_KEY} bytes") from None
        return cls(key)

    def digest(self, *parts: bytes | str) -> bytes:
        """32 bytes for these parts; text counts as its UTF-8 bytes. About 1 microsecond."""
        keyed = self._keyed.copy()
        keyed.update(_joined(parts))
        return keyed.finalize()

    def uuid(self, *parts: bytes | str) -> UUID:
        """The id that `derived_uuid` gives with this key."""
        return derived_uuid(self._key, *parts)


def derived_uuid(key: bytes, *parts: bytes | str) -> UUID:
    """The same UUID (RFC 9562, version 8) for the same key and parts; not guessable without the key."""
    bits = int.from_bytes(hmac.digest(key, _joined(parts), "sha256")[:16])
    bits = bits & ~(0xF << 76) | 8 << 76
    bits = bits & ~(0x3 << 62) | 2 << 62
    return UUID(int=bits)


def new_lookup_key() -> str:
    """A fresh key, base64."""
    return b64encode(urandom(_SHORTEST_KEY)).decode()
