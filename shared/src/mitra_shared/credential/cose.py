"""Facts -> COSE_Sign1 (ES256) over CWT claims: what fits a QR code, and verifies with its bytes alone.

    tag 18 [protected {1: -7, 4: key id}, {}, payload, signature]
    payload {1: issuer's DID, 6: issued at, 7: credential id (16 bytes),
             -70001: {1: holder's name, 2: number, 3: campaign, 4: constituency, 5: segment,
                      6: [status list, bit], 7: language}}

One spelling only (deterministic encoding, RFC 8949 section 4.2.1), written and read by hand: a general
decoder would accept, and build, far more than this.
"""

from functools import lru_cache
from typing import Final, NamedTuple
from uuid import UUID

from mitra_shared.credential.document import REMEMBERED_GROUNDS
from mitra_shared.credential.encoding import base32
from mitra_shared.credential.facts import Facts
from mitra_shared.credential.issuer import did_of, verification_page_url

MEDIA_TYPE: Final = "application/cose"
LARGEST: Final = 4_096
SIGNATURE_BYTES: Final = 64

_UNSIGNED: Final = 0
_BYTES: Final = 2
_TEXT: Final = 3
_TAGGED_ARRAY_OF_FOUR: Final = bytes.fromhex("d284")
_EMPTY_MAP: Final = bytes.fromhex("a0")
_SIGNATURE_HEAD: Final = bytes.fromhex("5840")
_PROTECTED_HEAD: Final = bytes.fromhex("a2012604")
"""Map of two: 1 (algorithm) is -7 (ES256), 4 (key id) follows."""
_CONTEXT: Final = bytes.fromhex("846a") + b"Signature1"
_NO_EXTERNAL_DATA: Final = bytes.fromhex("40")
_ISSUER: Final = bytes.fromhex("a401")
_ISSUED_AT: Final = bytes.fromhex("06")
_CREDENTIAL_ID: Final = bytes.fromhex("0750")
_CLAIM_OF_OURS: Final = bytes.fromhex("3a00011170a701")
"""Key -70001, a map of seven, and the first key of it."""


class NotOurCose(Exception):
    """The bytes are not a COSE_Sign1 of the form made here; the message says what differs."""


class CoseContents(NamedTuple):
    """What a code says. `issuer` is a DID, `issued_at` in Unix seconds, names of areas are English."""

    issuer: str
    issued_at: int
    credential_id: UUID
    holder_name: str
    number: str
    campaign_name: str
    constituency_name: str
    segment_name: str
    list_number: int
    list_index: int
    language: str


class Cose(NamedTuple):
    """A COSE_Sign1 that was taken apart and not verified."""

    kid: str
    contents: CoseContents
    signing_input: bytes
    signature: bytes


def cose_contents(facts: Facts) -> CoseContents:
    """What the code of these facts says.

    Raises:
        BadPublicUrl: the issuer's address is none.
    """
    return CoseContents(
        did_of(facts.issuer),
        int(facts.issued_at.timestamp()),
        facts.credential_id,
        facts.holder_name,
        facts.number,
        facts.campaign_name.en,
        facts.constituency_name.en,
        facts.segment_name.en,
        facts.status.number,
        facts.status.index,
        facts.language,
    )


def cose_payload(contents: CoseContents) -> bytes:
    """The CWT claims set."""
    return b"".join(
        (
            _ISSUER, _of_issuer(contents.issuer),
            _ISSUED_AT, _head(_UNSIGNED, contents.issued_at),
            _CREDENTIAL_ID, contents.credential_id.bytes,
            _CLAIM_OF_OURS, _text(contents.holder_name),
            b"\2", _text(contents.number),
            _of_area(contents.campaign_name, contents.constituency_name, contents.segment_name),
            b"\6\x82", _head(_UNSIGNED, contents.list_number), _head(_UNSIGNED, contents.list_index),
            b"\7", _text(contents.language),
        )
    )  # fmt: skip


def cose_signing_input(payload: bytes, kid: str) -> bytes:
    """The Sig_structure that the key `kid` signs."""
    return b"".join((_CONTEXT, _protected(kid), _NO_EXTERNAL_DATA, _head(_BYTES, len(payload)), payload))


def assemble_cose(payload: bytes, kid: str, signature: bytes) -> bytes:
    """The COSE_Sign1 of a payload and its signature of 64 bytes."""
    head = b"".join((_TAGGED_ARRAY_OF_FOUR, _protected(kid), _EMPTY_MAP, _head(_BYTES, len(payload))))
    return b"".join((head, payload, _SIGNATURE_HEAD, signature))


def qr_text(public_url: str, cose: bytes) -> str:
    """What the QR code says: the verification page with the code as its fragment, which no server gets."""
    return f"{verification_page_url(public_url)}#{base32(cose)}"


def decode_cose(content: bytes) -> Cose:
    """The parts of a COSE_Sign1 of at most 4 KiB.

    Raises:
        NotOurCose: it is none of exactly the form made here.
    """
    if len(content) > LARGEST:
        raise NotOurCose(f"a code has at most {LARGEST} bytes")
    outer = _Reader(content)
    outer.expect(_TAGGED_ARRAY_OF_FOUR, "a COSE_Sign1 with tag 18")
    protected = _Reader(outer.blob())
    protected.expect(_PROTECTED_HEAD, "a protected header of ES256 and a key id")
    kid = _decoded(protected.blob())
    protected.end()
    outer.expect(_EMPTY_MAP, "an empty unprotected header")
    payload = outer.blob()
    outer.expect(_SIGNATURE_HEAD, "a signature of 64 bytes")
    signature = outer.take(SIGNATURE_BYTES)
    outer.end()
    return Cose(kid, _read_payload(payload), cose_signing_input(payload, kid), signature)


def _read_payload(payload: bytes) -> CoseContents:
    claims = _Reader(payload)
    claims.expect(_ISSUER, "four claims, first the issuer")
    issuer = claims.text()
    claims.expect(_ISSUED_AT, "the time of issue")
    issued_at = claims.number(_UNSIGNED)
    claims.expect(_CREDENTIAL_ID, "a credential id of 16 bytes")
    credential_id = UUID(bytes=claims.take(16))
    claims.expect(_CLAIM_OF_OURS, "claim -70001 with seven parts")
    texts = [claims.text()]
    for key in range(2, 6):
        claims.expect(bytes((key,)), f"part {key} of claim -70001")
        texts.append(claims.text())
    claims.expect(b"\6\x82", "a place in a status list")
    list_number, list_index = claims.number(_UNSIGNED), claims.number(_UNSIGNED)
    claims.expect(b"\7", "a language")
    language = claims.text()
    claims.end()
    name, number, campaign, constituency, segment = texts
    return CoseContents(
        issuer, issued_at, credential_id, name, number, campaign, constituency, segment, list_number,
        list_index, language,
    )  # fmt: skip


class _Reader:
    """Reads one deterministic encoding from the front."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def expect(self, content: bytes, what: str) -> None:
        """Skip exactly these bytes."""
        end = self._at + len(content)
        if self._content[self._at : end] != content:
            raise NotOurCose(f"byte {self._at} does not begin {what}")
        self._at = end

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        end = self._at + size
        if end > len(self._content):
            raise NotOurCose(f"it is cut off after {len(self._content)} bytes")
        taken = self._content[self._at : end]
        self._at = end
        return taken

    def number(self, major: int) -> int:
        """The number in the next head, which is of that major type and as short as can be."""
        initial = self.take(1)[0]
        kind, short = initial >> 5, initial & 31
        if kind != major or short > 27:  # noqa: PLR2004 - 24 to 27 say that 1 to 8 bytes follow
            raise NotOurCose(f"byte {self._at - 1} begins something else than expected")
        if short < 24:  # noqa: PLR2004
            return short
        value = int.from_bytes(self.take(1 << (short - 24)))
        if value < 24 or (short > 24 and value < 1 << (8 << (short - 25))):  # noqa: PLR2004
            raise NotOurCose(f"the number before byte {self._at} is not as short as can be")
        return value

    def blob(self) -> bytes:
        """The next byte string."""
        return self.take(self.number(_BYTES))

    def text(self) -> str:
        """The next text string."""
        return _decoded(self.take(self.number(_TEXT)))

    def end(self) -> None:
        """Nothing is left."""
        if self._at != len(self._content):
            raise NotOurCose("more follows where it should end")


def _decoded(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise NotOurCose("a text is not UTF-8") from None


def _head(major: int, value: int) -> bytes:
    """Head of an item: its major type and a number, as short as can be."""
    kind = major << 5
    if value < 24:  # noqa: PLR2004
        return bytes((kind | value,))
    for extra, size in enumerate((1, 2, 4, 8)):
        if value < 1 << (8 * size):
            return bytes((kind | 24 + extra,)) + value.to_bytes(size)
    raise OverflowError(f"{value} is too large for CBOR")


def _text(text: str) -> bytes:
    content = text.encode()
    return _head(_TEXT, len(content)) + content


@lru_cache(maxsize=64)
def _of_issuer(did: str) -> bytes:
    return _text(did)


@lru_cache(maxsize=REMEMBERED_GROUNDS)
def _of_area(campaign: str, constituency: str, segment: str) -> bytes:
    return b"\3" + _text(campaign) + b"\4" + _text(constituency) + b"\5" + _text(segment)


@lru_cache(maxsize=64)
def _protected(kid: str) -> bytes:
    """The protected header as a byte string."""
    encoded = kid.encode()
    header = _PROTECTED_HEAD + _head(_BYTES, len(encoded)) + encoded
    return _head(_BYTES, len(header)) + header
