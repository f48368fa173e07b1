"""Refresh tokens: opaque to whoever holds them, derived one from the other, and never kept in clear.

    "mrt_" + base64url( session (16 bytes) | generation (4) | secret (32) | tag (16) )

The tag is a keyed hash of the rest: it tells a token that we gave long ago from one that somebody made
up, without keeping a list of all. The secret of the next generation follows from this secret, the
server's key and a salt of that exchange; so the same successor can be given twice, and neither the
database alone nor an old token leads to it.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from os import urandom
from typing import Final
from uuid import UUID

from mitra_shared.security.lookup import KeyedHash

_PREFIX: Final = "mrt_"
_SECRET_BYTES: Final = 32
_TAG_BYTES: Final = 16
_WHOLE: Final = 16 + 4 + _SECRET_BYTES + _TAG_BYTES
LONGEST_REFRESH_TOKEN: Final = len(_PREFIX) + (_WHOLE * 4 + 2) // 3


class NotOurToken(ValueError):
    """We never gave this token."""


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """One token of a session."""

    session: UUID
    generation: int
    secret: bytes

    @property
    def hash(self) -> bytes:
        """What is kept of it. The secret is random enough for a plain hash."""
        return sha256(self._body()).digest()

    def text(self, key: KeyedHash) -> str:
        """What the device is given."""
        body = self._body()
        return _PREFIX + urlsafe_b64encode(body + _tag(body, key)).rstrip(b"=").decode()

    def successor(self, key: KeyedHash, salt: bytes) -> "RefreshToken":
        """The token that comes after this one, always the same for the same salt."""
        secret = key.digest("refresh-token", self._body(), salt)
        return RefreshToken(self.session, self.generation + 1, secret)

    def _body(self) -> bytes:
        return self.session.bytes + self.generation.to_bytes(4) + self.secret


def first_token(session: UUID) -> RefreshToken:
    """The token that a session begins with."""
    return RefreshToken(session, 1, urandom(_SECRET_BYTES))


def new_salt() -> bytes:
    """A salt for one exchange."""
    return urandom(_SECRET_BYTES)


def parse_token(text: str, key: KeyedHash) -> RefreshToken:
    """The token of that text.

    Raises:
        NotOurToken: damaged, or made up.
    """
    if not (text.startswith(_PREFIX) and text.isascii() and len(text) == LONGEST_REFRESH_TOKEN):
        raise NotOurToken
    encoded = text.removeprefix(_PREFIX)
    try:
        whole = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    except ValueError:
        raise NotOurToken from None
    body, tag = whole[:-_TAG_BYTES], whole[-_TAG_BYTES:]
    if len(whole) != _WHOLE or not hmac.compare_digest(tag, _tag(body, key)):
        raise NotOurToken
    return RefreshToken(UUID(bytes=body[:16]), int.from_bytes(body[16:20]), body[20:])


def _tag(body: bytes, key: KeyedHash) -> bytes:
    return key.digest("refresh-tag", body)[:_TAG_BYTES]
