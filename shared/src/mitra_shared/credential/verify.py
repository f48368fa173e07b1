"""Any text or bytes -> a verdict: is it a certificate of this issuer, unaltered, and not revoked?

    JWT | COSE | base32 | QR text | JSON-LD -> taken apart -> issuer, key, signature -> status -> Verdict

One function, which raises on no input. A verdict shows what a certificate says only where its signature
holds.
"""

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from mitra_shared.credential.status_list import StatusList
from mitra_shared.credential.taking_apart import Claim, Form, Says, Unreadable, claim_of
from mitra_shared.credential.trust import TrustedKeys

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
        claim = claim_of(given, trusted)
    except Unreadable as error:
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
    except Unreadable as error:
        return Verdict(
            Outcome.UNREADABLE, f"It is signed by the issuer, but no certificate: {error}.", claim.form
        )
    return _judged(claim, says, status_list, time.time() if as_of is None else as_of)


def _judged(claim: Claim, says: Says, status_list: StatusList | None, now: float) -> Verdict:
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
