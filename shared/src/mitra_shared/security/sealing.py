"""Names and phones at rest and in events: sealed with AES-256-GCM under a ring of named keys.

A command seals before the unit of work stores or emits; only whoever holds the ring can open. The sealed
text is base64url without padding of

    version (1 byte) | length of key id (1) | key id | nonce (12) | ciphertext and tag | CRC-32 (4)

The context (which record and field the text belongs to) is authenticated and not stored, so a sealed value
copied to another record does not open. The checksum tells storage damage from a wrong context.
"""

import json
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Mapping
from os import urandom
from typing import Final, Self
from zlib import crc32

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION: Final = 1
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_CHECKSUM_BYTES: Final = 4
_KEY_BYTES: Final = 32
_LONGEST_KEY_ID: Final = 32
_TO_URL: Final = bytes.maketrans(b"+/", b"-_")
_FROM_URL: Final = bytes.maketrans(b"-_", b"+/")


class BadKeyRing(ValueError):
    """The text is not a usable key ring. The message says what is wrong and never repeats key material."""


class SealError(Exception):
    """A sealed text cannot be opened."""


class DamagedSeal(SealError):
    """The text is cut, altered by accident, or no sealed text at all."""


class UnknownSealKey(SealError):
    """The text is intact, but its key is not in the ring."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"sealed with key {key_id!r}, which is not in the ring")
        self.key_id = key_id


class WrongSealContext(SealError):
    """The text is intact, but was sealed for another record or field, or with another key of the same id."""


class KeyRing:
    """Sealing keys by id: the active one seals, all of them open."""

    def __init__(self, active: str, keys: Mapping[str, bytes]) -> None:
        """Build a ring.

        Args:
            active: id of the key that seals.
            keys: 32 bytes per key id; ids are 1 to 32 ASCII characters.

        Raises:
            BadKeyRing: a key has another length, an id is unsuitable, or the active key is missing.
        """
        for key_id, key in keys.items():
            if not (key_id.isascii() and 1 <= len(key_id) <= _LONGEST_KEY_ID):
                raise BadKeyRing(f"key ids have 1 to {_LONGEST_KEY_ID} ASCII characters")
            if len(key) != _KEY_BYTES:
                raise BadKeyRing(f"key {key_id!r} has {len(key)} bytes; a sealing key has {_KEY_BYTES}")
        if active not in keys:
            raise BadKeyRing(f"the active key {active!r} is not among the keys")
        self.active = active
        self._ciphers = {key_id.encode(): AESGCM(key) for key_id, key in keys.items()}
        self._head = bytes((_VERSION, len(active))) + active.encode()
        self._seal = self._ciphers[active.encode()].encrypt

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The ring in `{"active": "2026-11", "keys": {"2026-11": "<base64 of 32 bytes>"}}`.

        Raises:
            BadKeyRing: `text` is not such a ring.
        """
        try:
            ring = json.loads(text)
            active, encoded = ring["active"], dict(ring["keys"])
            keys = {
                key_id: b64decode(key, altchars=b"-_" if set(key) & set("-_") else None, validate=True)
                for key_id, key in encoded.items()
            }
        except (ValueError, TypeError, KeyError):
            # The cause would repeat the text, and with it the keys.
            raise BadKeyRing(
                'a key ring is JSON: {"active": "<key id>", "keys": {"<key id>": "<base64 of 32 bytes>"}}'
            ) from None
        return cls(active, keys)

    def seal(self, plaintext: str, *, context: bytes) -> str:
        """`plaintext` under the active key, openable with the same `context` only. About 4 microseconds."""
        return _as_text(self.seal_bytes(plaintext.encode(), context=context))

    def seal_bytes(self, plaintext: bytes, *, context: bytes) -> bytes:
        """As `seal`, of bytes and to the bytes that stand behind the text: for parts of files."""
        nonce = urandom(_NONCE_BYTES)
        head = self._head
        blob = head + nonce + self._seal(nonce, plaintext, head + context)
        return blob + crc32(blob).to_bytes(_CHECKSUM_BYTES)

    def open(self, sealed: str, *, context: bytes) -> str:
        """The plaintext of `sealed`.

        Raises:
            DamagedSeal: not a sealed text, or damaged.
            UnknownSealKey: sealed with a key this ring does not hold.
            WrongSealContext: sealed for another context.
        """
        return self.open_bytes(_whole(sealed), context=context).decode()

    def open_bytes(self, sealed: bytes, *, context: bytes) -> bytes:
        """The bytes that `seal_bytes` sealed; raises as `open` does."""
        blob, head_end = _parts(sealed)
        head = blob[:head_end]
        cipher = self._ciphers.get(head[2:])
        if cipher is None:
            raise UnknownSealKey(head[2:].decode("ascii", "replace"))
        body = head_end + _NONCE_BYTES
        try:
            return cipher.decrypt(blob[head_end:body], blob[body:], head + context)
        except InvalidTag:
            raise WrongSealContext(
                "sealed for another record or field, or with another key of that id"
            ) from None


def _as_text(blob: bytes) -> str:
    # base64.urlsafe_b64encode takes twice as long for the short texts that these are.
    return b2a_base64(blob, newline=False).translate(_TO_URL).rstrip(b"=").decode()


def _whole(sealed: str) -> bytes:
    """The bytes behind a sealed text."""
    try:
        whole = a2b_base64(sealed.encode("ascii").translate(_FROM_URL) + b"=" * (-len(sealed) % 4))
    except (Base64Error, UnicodeEncodeError):
        raise DamagedSeal("not base64url") from None
    # Decoding skips foreign characters and ignores spare bits: only the one spelling that we write counts.
    if _as_text(whole) != sealed:
        raise DamagedSeal("not the base64url text that was written")
    return whole


def _parts(whole: bytes) -> tuple[bytes, int]:
    """The checked bytes without their checksum, and where the head (version, key id) ends."""
    blob, checksum = whole[:-_CHECKSUM_BYTES], whole[-_CHECKSUM_BYTES:]
    if crc32(blob).to_bytes(_CHECKSUM_BYTES) != checksum:
        raise DamagedSeal("the checksum does not fit: cut off or altered")
    if not blob or blob[0] != _VERSION:
        raise DamagedSeal("of an unknown version")
    head_end = 2 + int.from_bytes(blob[1:2])
    if len(blob) < head_end + _NONCE_BYTES + _TAG_BYTES:
        raise DamagedSeal("too short")
    return blob, head_end


def new_key_ring(key_id: str) -> str:
    """JSON of a ring with one fresh key."""
    return _ring_json(key_id, {key_id: b64encode(urandom(_KEY_BYTES)).decode()})


def with_new_key(ring_json: str, key_id: str) -> str:
    """JSON of the ring with one more, now active, key; what older keys sealed still opens.

    Raises:
        BadKeyRing: not a ring, or it has a key of that id already.
    """
    KeyRing.from_json(ring_json)
    keys: dict[str, str] = json.loads(ring_json)["keys"]
    if key_id in keys:
        raise BadKeyRing(f"the ring has a key {key_id!r} already")
    return _ring_json(key_id, {**keys, key_id: b64encode(urandom(_KEY_BYTES)).decode()})


def _ring_json(active: str, keys: Mapping[str, str]) -> str:
    text = json.dumps({"active": active, "keys": keys})
    KeyRing.from_json(text)
    return text
