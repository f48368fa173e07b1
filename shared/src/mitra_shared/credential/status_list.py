"""Bitstring Status List: one bit for each certificate, 1 when it is revoked, as a signed credential.

    revoked places -> packed -> status_document -> status_signing_input -> a signer -> assemble (vc_jwt)
    token -> read_status_list -> StatusList.revoked(place)

The token is a VC-JWT of its own. Its `iat` tells which of two lists is newer, `validUntil` how long a
verifier without a network may go by it.
"""

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from gzip import compress
from typing import Any, Final

from mitra_shared.credential.document import CONTEXTS, instant_text
from mitra_shared.credential.encoding import BadEncoding, base64url, from_base64url
from mitra_shared.credential.issuer import did_of, status_list_url
from mitra_shared.credential.permutation import SIZE
from mitra_shared.credential.trust import TrustedKeys, es256_holds
from mitra_shared.credential.vc_jwt import NotOurToken, signing_input_of, take_apart

BYTES: Final = SIZE // 8
VALID_SECONDS: Final = 7 * 86_400
LARGEST_TOKEN: Final = 262_144
"""Characters: a list of random bits packs to 90,000."""

_GZIP: Final = 31
_LEVEL: Final = 6


class BadStatusList(Exception):
    """It is no status list of the issuer; the message says why."""


@dataclass(frozen=True)
class StatusList:
    """A list that was verified. Times in Unix seconds; the bits are counted from the left."""

    issuer: str
    number: int
    issued_at: int
    valid_until: int
    bits: bytes

    def revoked(self, place: int) -> bool:
        """Whether the certificate at `place` is revoked.

        Raises:
            IndexError: the list has no such place.
        """
        return bool(self.bits[place >> 3] & 0x80 >> (place & 7))


def packed(revoked: Iterable[int]) -> bytes:
    """The bits of a list in which these places are revoked.

    Raises:
        IndexError: a place is not in the list.
    """
    bits = bytearray(BYTES)
    for place in revoked:
        if place < 0:
            raise IndexError(place)
        bits[place >> 3] |= 0x80 >> (place & 7)
    return bytes(bits)


def encoded(bits: bytes) -> str:
    """The bits compressed, as multibase base64url; the same bits always give the same text."""
    return "u" + base64url(compress(bits, _LEVEL, mtime=0))


def decoded(text: str) -> bytes:
    """The bits of an encoded list; never unpacks more than a list has.

    Raises:
        BadStatusList: it is none of 524,288 bits.
    """
    if len(text) > LARGEST_TOKEN or not text.startswith("u"):
        raise BadStatusList("the list is too long or not multibase base64url")
    try:
        content = from_base64url(text[1:])
        unpacker = zlib.decompressobj(wbits=_GZIP)
        bits = unpacker.decompress(content, BYTES + 1)
    except (BadEncoding, zlib.error):
        raise BadStatusList("the list is not gzip in base64url") from None
    if len(bits) != BYTES or not unpacker.eof or unpacker.unused_data:
        raise BadStatusList(f"the list does not have {SIZE} bits")
    return bits


def status_document(
    public_url: str, issuer_name: str, number: int, bits: bytes, now: float
) -> dict[str, Any]:
    """The credential that carries a list, valid for seven days from `now`.

    Raises:
        BadPublicUrl: the address is none.
    """
    address, issued_at = status_list_url(public_url, number), int(now)
    return {
        "@context": list(CONTEXTS[:1]),
        "id": address,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": {"id": did_of(public_url), "name": issuer_name},
        "validFrom": instant_text(issued_at),
        "validUntil": instant_text(issued_at + VALID_SECONDS),
        "credentialSubject": {
            "id": f"{address}#list",
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": encoded(bits),
        },
        "iss": did_of(public_url),
        "sub": f"{address}#list",
        "iat": issued_at,
        "exp": issued_at + VALID_SECONDS,
    }


def status_signing_input(document: dict[str, Any], kid: str) -> bytes:
    """What the key `kid` signs; `vc_jwt.assemble` makes the token of it and the signature."""
    return signing_input_of(document, document["iss"], kid)


def read_status_list(token: str, trusted: TrustedKeys) -> StatusList:
    """A list whose signature is the issuer's. Whether it has run out, or is the newest, is not judged here.

    Raises:
        BadStatusList: it is none.
    """
    try:
        parts = take_apart(token.strip(), LARGEST_TOKEN)
    except NotOurToken as error:
        raise BadStatusList(str(error)) from None
    issuer, _, kid = parts.kid.partition("#")
    if issuer != trusted.issuer:
        raise BadStatusList("the list is of another issuer")
    key = trusted.es256.get(kid)
    if key is None:
        raise BadStatusList(f"the list is signed with a key that is not known: {kid[:64]!r}")
    if not es256_holds(key, parts.signature, parts.signing_input):
        raise BadStatusList("the list was altered, or signed with another key")
    try:
        return _status_list(json.loads(parts.payload), issuer)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise BadStatusList("the token is the issuer's, but no list of revoked certificates") from None


def _status_list(document: dict[str, Any], issuer: str) -> StatusList:
    subject = document["credentialSubject"]
    is_list = "BitstringStatusListCredential" in document["type"] and subject["statusPurpose"] == "revocation"
    if not is_list or document["iss"] != issuer:
        raise ValueError
    number = document["id"].rpartition("/")[2]
    return StatusList(
        issuer, int(number), int(document["iat"]), int(document["exp"]), decoded(subject["encodedList"])
    )
