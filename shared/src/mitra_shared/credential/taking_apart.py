"""Any text or bytes -> a claim: who is said to have signed what, and how to find out whether it is so."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

from mitra_shared.credential.cose import LARGEST as LARGEST_COSE
from mitra_shared.credential.cose import NotOurCose, decode_cose
from mitra_shared.credential.data_integrity import read_secured
from mitra_shared.credential.document import Contents
from mitra_shared.credential.document_reading import NotOurDocument
from mitra_shared.credential.encoding import BadEncoding, from_base32
from mitra_shared.credential.issuer import did_of
from mitra_shared.credential.trust import TrustedKeys, ed25519_holds, es256_holds
from mitra_shared.credential.vc_jwt import NotOurToken, read_payload, take_apart

LARGEST: Final = 65_536
"""Bytes or characters of anything that is looked at."""


class Form(StrEnum):
    """How the certificate was secured."""

    JWT = "vc+jwt"
    COSE = "cose"
    DATA_INTEGRITY = "eddsa-rdfc-2022"


@dataclass(frozen=True, slots=True)
class Says:
    """What a certificate itself says, as its issuer signed it. `issuer` is a DID; names of areas are English.

    `language` is in the code alone; `state` and `segment_code` are in the document alone.
    """

    holder_name: str
    number: str
    campaign: str
    constituency: str
    segment: str
    issuer: str
    issued_at: int
    credential_id: UUID
    list_number: int
    list_index: int
    state: str | None = None
    segment_code: str | None = None
    language: str | None = None


class Claim(NamedTuple):
    """A certificate that was taken apart.

    Attributes:
        issuer: a DID, as the certificate has it.
        holds: whether the key `kid` of the trusted issuer signed it; that key must be known.
        read: what it says, once the signature is known to hold; raises `Unreadable`.
    """

    form: Form
    issuer: str
    kid: str
    holds: Callable[[], bool]
    read: Callable[[], Says]


class Unreadable(Exception):
    """It is no certificate of a form that is known here; the message says what differs, and no name."""


def claim_of(given: str | bytes | dict[str, Any], trusted: TrustedKeys) -> Claim:
    """Who is said to have signed what.

    Raises:
        Unreadable: it is no certificate in any form.
    """
    try:
        return _claim(given, trusted)
    except (NotOurToken, NotOurCose, NotOurDocument, BadEncoding) as error:
        raise Unreadable(str(error)) from None
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None


def _claim(given: str | bytes | dict[str, Any], trusted: TrustedKeys) -> Claim:
    if isinstance(given, dict):
        return _document(given, trusted)
    if len(given) > LARGEST:
        raise Unreadable(f"it is longer than {LARGEST} bytes")
    if isinstance(given, bytes):
        if given[:1] == b"\xd2":
            return _code(given, trusted)
        try:
            given = given.decode()
        except UnicodeDecodeError:
            raise Unreadable("it is neither text nor a COSE_Sign1") from None
    return _from_text(given.strip().removeprefix("\ufeff"), trusted)


def _from_text(text: str, trusted: TrustedKeys) -> Claim:
    if text.startswith("{"):
        return _document(_parsed(text), trusted)
    if text.count(".") == 2 and "#" not in text and "/" not in text:  # noqa: PLR2004 - the dots of a JWT
        return _token(text, trusted)
    code = text.rpartition("#")[2]
    if len(code) > 2 * LARGEST_COSE:
        raise Unreadable(f"a code has at most {LARGEST_COSE} bytes")
    if not code:
        raise Unreadable("it is empty")
    return _code(from_base32(code), trusted)


def _token(text: str, trusted: TrustedKeys) -> Claim:
    parts = take_apart(text)
    issuer, _, kid = parts.kid.partition("#")
    return Claim(
        Form.JWT,
        issuer,
        kid,
        lambda: es256_holds(trusted.es256[kid], parts.signature, parts.signing_input),
        lambda: _of_token(parts.payload, issuer),
    )


def _of_token(payload: bytes, issuer: str) -> Says:
    try:
        return _said(read_payload(payload), issuer)
    except NotOurToken as error:
        raise Unreadable(str(error)) from None


def _code(content: bytes, trusted: TrustedKeys) -> Claim:
    cose = decode_cose(content)
    said = cose.contents
    says = Says(
        said.holder_name, said.number, said.campaign_name, said.constituency_name, said.segment_name,
        said.issuer, said.issued_at, said.credential_id, said.list_number, said.list_index,
        language=said.language,
    )  # fmt: skip
    return Claim(
        Form.COSE,
        said.issuer,
        cose.kid,
        lambda: es256_holds(trusted.es256[cose.kid], cose.signature, cose.signing_input),
        lambda: says,
    )


def _document(parsed: dict[str, Any], trusted: TrustedKeys) -> Claim:
    secured = read_secured(parsed)
    issuer, _, kid = secured.kid.partition("#")
    return Claim(
        Form.DATA_INTEGRITY,
        issuer,
        kid,
        lambda: ed25519_holds(trusted.ed25519[kid], secured.signature, secured.hash_data),
        lambda: _said(secured.contents, issuer),
    )


def _said(contents: Contents, issuer: str) -> Says:
    ground = contents.ground
    if did_of(ground.issuer) != issuer:
        raise Unreadable("the key of one issuer signed the certificate of another")
    return Says(
        contents.holder_name, contents.number, ground.campaign_name, ground.constituency_name,
        ground.segment_name, issuer, contents.issued_at, contents.credential_id, contents.list_number,
        contents.list_index,
        state=ground.state_name, segment_code=ground.segment,
    )  # fmt: skip


def _parsed(text: str) -> dict[str, Any]:
    try:
        parsed = json.loads(text, object_pairs_hook=_without_doubles)
    except ValueError:
        raise Unreadable("it begins like JSON and is none") from None
    if not isinstance(parsed, dict):
        raise Unreadable("it is no JSON object")
    return parsed


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    parsed = dict(pairs)
    if len(parsed) < len(pairs):
        raise Unreadable("a name occurs twice in an object")
    return parsed
