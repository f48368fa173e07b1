"""Any text or bytes -> a verdict: is it a certificate of this issuer, unaltered, and not revoked?

    JWT | COSE | base32 | QR text | JSON-LD -> taken apart -> issuer, key, signature -> status -> Verdict

One function, which raises on no input. A verdict shows what a certificate says only where its signature
holds.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

from mitra_shared.credential.cose import LARGEST as LARGEST_COSE
from mitra_shared.credential.cose import NotOurCose, decode_cose
from mitra_shared.credential.data_integrity import read_secured
from mitra_shared.credential.document import Contents, NotOurDocument
from mitra_shared.credential.encoding import BadEncoding, from_base32
from mitra_shared.credential.issuer import did_of
from mitra_shared.credential.status_list import StatusList
from mitra_shared.credential.trust import TrustedKeys, ed25519_holds, es256_holds
from mitra_shared.credential.vc_jwt import NotOurToken, read_payload, take_apart

LARGEST: Final = 65_536
"""Bytes or characters of anything that is looked at."""

_LONGEST_SHOWN: Final = 100


class Outcome(StrEnum):
    """What a verification finds."""

    VALID = "valid"
    REVOKED = "revoked"
    ALTERED = "altered"
    UNKNOWN_KEY = "unknown_key"
    OTHER_ISSUER = "other_issuer"
    UNREADABLE = "unreadable"


class StatusCheck(StrEnum):
    """What is known about revocation."""

    CHECKED = "checked"
    LIST_EXPIRED = "list_expired"
    NOT_CHECKED = "not_checked"


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


@dataclass(frozen=True, slots=True)
class Status:
    """What the list says. `as_of`: when the list was made; `valid_until`: when it runs out; Unix seconds."""

    check: StatusCheck
    as_of: int | None = None
    valid_until: int | None = None


NOT_CHECKED: Final = Status(StatusCheck.NOT_CHECKED)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome, why in one sentence, and for valid and revoked certificates what they say."""

    outcome: Outcome
    reason: str
    form: Form | None = None
    kid: str | None = None
    says: Says | None = None
    status: Status = NOT_CHECKED


class _Claim(NamedTuple):
    """A certificate that was taken apart: who is said to have signed what, and how to find out."""

    form: Form
    issuer: str
    kid: str
    holds: Callable[[], bool]
    read: Callable[[], Says]


class _Unreadable(Exception):
    """The message becomes the reason."""


def verify(
    given: str | bytes | dict[str, Any],
    trusted: TrustedKeys,
    status_list: StatusList | None = None,
    as_of: float | None = None,
) -> Verdict:
    """What a certificate is worth; about 100 microseconds, and no exception for any input.

    Args:
        given: VC-JWT, COSE as bytes or base32, text of the QR code, or document with proof as text or parsed.
        trusted: the issuer and its keys.
        status_list: a list that was read with the same keys; one of another number is not used.
        as_of: Unix time at which the list must not have run out; now by default.
    """
    try:
        claim = _taken_apart(given, trusted)
    except (_Unreadable, NotOurToken, NotOurCose, NotOurDocument, BadEncoding, RecursionError) as error:
        return Verdict(Outcome.UNREADABLE, f"This is no certificate that can be read: {error}.")
    if claim.issuer != trusted.issuer:
        shown = claim.issuer[:_LONGEST_SHOWN]
        return Verdict(
            Outcome.OTHER_ISSUER,
            f"It names another issuer, {shown!r}.",
            claim.form,
            claim.kid[:_LONGEST_SHOWN],
        )
    known = trusted.ed25519 if claim.form is Form.DATA_INTEGRITY else trusted.es256
    if claim.kid not in known:
        shown = claim.kid[:_LONGEST_SHOWN]
        return Verdict(
            Outcome.UNKNOWN_KEY, f"It names a key that is not known here, {shown!r}.", claim.form, shown
        )
    if not claim.holds():
        return Verdict(
            Outcome.ALTERED, "The signature does not fit: something in it was changed.", claim.form, claim.kid
        )
    try:
        says = claim.read()
    except (NotOurToken, NotOurDocument) as error:
        return Verdict(
            Outcome.UNREADABLE, f"It is signed by the issuer, but no certificate: {error}.", claim.form
        )
    return _judged(claim, says, status_list, time.time() if as_of is None else as_of)


def _judged(claim: _Claim, says: Says, status_list: StatusList | None, now: float) -> Verdict:
    status, revoked = NOT_CHECKED, False
    if (
        status_list is not None
        and (status_list.issuer, status_list.number) == (says.issuer, says.list_number)
        and says.list_index < len(status_list.bits) * 8
    ):
        check = StatusCheck.CHECKED if now < status_list.valid_until else StatusCheck.LIST_EXPIRED
        status = Status(check, status_list.issued_at, status_list.valid_until)
        revoked = status_list.revoked(says.list_index)
    if revoked:
        reason = "The issuer signed it, and has revoked it since."
        return Verdict(Outcome.REVOKED, reason, claim.form, claim.kid, says, status)
    return Verdict(Outcome.VALID, _REASON_OF_STATUS[status.check], claim.form, claim.kid, says, status)


_REASON_OF_STATUS: Final = {
    StatusCheck.CHECKED: "The issuer signed it, nothing was changed, and it is not revoked.",
    StatusCheck.LIST_EXPIRED: (
        "The issuer signed it and nothing was changed; it was not revoked when the list was made, "
        "but that list has run out."
    ),
    StatusCheck.NOT_CHECKED: (
        "The issuer signed it and nothing was changed; whether it was revoked was not checked."
    ),
}


def _taken_apart(given: str | bytes | dict[str, Any], trusted: TrustedKeys) -> _Claim:
    if isinstance(given, dict):
        return _document(given, trusted)
    if len(given) > LARGEST:
        raise _Unreadable(f"it is longer than {LARGEST} bytes")
    if isinstance(given, bytes):
        if given[:1] == b"\xd2":
            return _code(given, trusted)
        try:
            given = given.decode()
        except UnicodeDecodeError:
            raise _Unreadable("it is neither text nor a COSE_Sign1") from None
    return _from_text(given.strip().removeprefix("\ufeff"), trusted)


def _from_text(text: str, trusted: TrustedKeys) -> _Claim:
    if text.startswith("{"):
        return _document(_parsed(text), trusted)
    if text.count(".") == 2 and "#" not in text and "/" not in text:  # noqa: PLR2004 - the dots of a JWT
        return _token(text, trusted)
    code = text.rpartition("#")[2]
    if len(code) > 2 * LARGEST_COSE:
        raise _Unreadable(f"a code has at most {LARGEST_COSE} bytes")
    if not code:
        raise _Unreadable("it is empty")
    return _code(from_base32(code), trusted)


def _token(text: str, trusted: TrustedKeys) -> _Claim:
    parts = take_apart(text)
    issuer, _, kid = parts.kid.partition("#")
    return _Claim(
        Form.JWT,
        issuer,
        kid,
        lambda: es256_holds(trusted.es256[kid], parts.signature, parts.signing_input),
        lambda: _said(read_payload(parts.payload), issuer),
    )


def _code(content: bytes, trusted: TrustedKeys) -> _Claim:
    cose = decode_cose(content)
    said = cose.contents
    says = Says(
        said.holder_name, said.number, said.campaign_name, said.constituency_name, said.segment_name,
        said.issuer, said.issued_at, said.credential_id, said.list_number, said.list_index,
        language=said.language,
    )  # fmt: skip
    return _Claim(
        Form.COSE,
        said.issuer,
        cose.kid,
        lambda: es256_holds(trusted.es256[cose.kid], cose.signature, cose.signing_input),
        lambda: says,
    )


def _document(parsed: dict[str, Any], trusted: TrustedKeys) -> _Claim:
    secured = read_secured(parsed)
    issuer, _, kid = secured.kid.partition("#")
    return _Claim(
        Form.DATA_INTEGRITY,
        issuer,
        kid,
        lambda: ed25519_holds(trusted.ed25519[kid], secured.signature, secured.hash_data),
        lambda: _said(secured.contents, issuer),
    )


def _said(contents: Contents, issuer: str) -> Says:
    ground = contents.ground
    if did_of(ground.issuer) != issuer:
        raise NotOurDocument("the key of one issuer signed the certificate of another")
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
        raise _Unreadable("it begins like JSON and is none") from None
    if not isinstance(parsed, dict):
        raise _Unreadable("it is no JSON object")
    return parsed


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    parsed = dict(pairs)
    if len(parsed) < len(pairs):
        raise _Unreadable("a name occurs twice in an object")
    return parsed
