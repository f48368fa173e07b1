"""Bearer tokens: ES256 JWTs that say who calls, in which role, for which campaign and area.

`mitra token` mints them, and the enrolment api for staff who sign in; every service verifies them with
public keys only. Several keys may be valid at once (rotation): a token names its key by `kid`. A key of the
enrolment api has a `kid` that begins with `access-`, and is good for sessions of staff and nothing else.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from secrets import token_hex
from typing import Any, Final, Literal
from uuid import uuid4

from joserfc import jwt
from joserfc.errors import BadSignatureError, ClaimError, ExpiredTokenError, JoseError
from joserfc.jwk import ECKey
from joserfc.util import urlsafe_b64decode

from mitra_shared.ids import AreaCode, CampaignId, StaffId
from mitra_shared.security.token_keys import ALGORITHM, BadTokenKeys, p256_key, parsed_jwk

AUDIENCE: Final = "mitra"
ISSUER: Final = "mitra"
LEEWAY_SECONDS: Final = 30
"""How far the clocks of services and minters may differ."""

_LONGEST_TOKEN: Final = 4_096
_LONGEST_CLAIM: Final = 200
_REMEMBERED: Final = 8_192

ACCESS_KID: Final = "access-"
"""How the `kid` of a key begins that signs access tokens."""

Reason = Literal[
    "algorithm",
    "audience",
    "expired",
    "forged",
    "issuer",
    "malformed",
    "not-yet-valid",
    "revoked",
    "unknown-key",
]

_REASON_OF_CLAIM: Final[dict[str, Reason]] = {
    "aud": "audience", "iss": "issuer", "nbf": "not-yet-valid", "iat": "not-yet-valid",
}  # fmt: skip


class Role(StrEnum):
    """What a caller is to the campaign."""

    CO_IN_CHARGE = "co_in_charge"
    IN_CHARGE = "in_charge"
    STATE_COORDINATOR = "state_coordinator"
    HEADQUARTERS = "headquarters"
    OPERATOR = "operator"
    SERVICE = "service"


RECRUITERS: Final = frozenset({Role.CO_IN_CHARGE, Role.IN_CHARGE})
"""Who enrols; their area is their constituency."""
STAFF: Final = RECRUITERS | {Role.STATE_COORDINATOR, Role.HEADQUARTERS}
"""The roles of people who sign in."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request, as a verified token says."""

    subject: StaffId
    role: Role
    campaign: CampaignId | None = None
    area: AreaCode | None = None
    token_id: str | None = field(default=None, compare=False)
    """`jti`: one value per minted token."""
    session: str | None = field(default=None, compare=False)
    """`sid`: the sign-in that the token came from; None if an operator minted it."""


class InvalidToken(Exception):
    """A token is refused; `reason` is stable and fit to be told to the caller."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


class TokenVerifier:
    """Verifies tokens against a JWKS and remembers those it has seen until they expire."""

    def __init__(self, jwks_json: str, revoked: Callable[[Caller], bool] | None = None) -> None:
        """Trust the keys of a JWKS.

        Args:
            jwks_json: the keys.
            revoked: whether a token that is valid otherwise is no longer accepted; asked every time.

        Raises:
            BadTokenKeys: not a JWKS of public P-256 keys with distinct `kid`s.
        """
        self.jwks_json = public_jwks(jwks_json, allow_private=False)
        self._keys = {key.kid: key for key in map(ECKey.import_key, json.loads(self.jwks_json)["keys"])}
        self._revoked = revoked
        self._seen: dict[bytes, tuple[Caller, float]] = {}
        self._claims = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": AUDIENCE},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        )

    def verify(self, token: str) -> Caller:
        """Who holds `token`. About 1 microsecond for a remembered token, 0.1 ms for a new one.

        Raises:
            InvalidToken: with the reason.
        """
        caller = self._caller(token)
        if self._revoked is not None and self._revoked(caller):
            raise InvalidToken("revoked")
        return caller

    def _caller(self, token: str) -> Caller:
        digest = sha256(token.encode("utf-8", "surrogatepass")).digest()
        seen = self._seen.get(digest)
        if seen is not None:
            if time.time() < seen[1]:
                return seen[0]
            del self._seen[digest]
        claims = self._verified_claims(token)
        caller = _caller(claims)
        while len(self._seen) >= _REMEMBERED:
            del self._seen[next(iter(self._seen))]
        self._seen[digest] = (caller, claims["exp"])
        return caller

    def _verified_claims(self, token: str) -> dict[str, Any]:
        header = _header(token)
        if header.get("alg") != ALGORITHM:
            raise InvalidToken("algorithm")
        kid = header.get("kid")
        key = self._keys.get(kid) if isinstance(kid, str) else None
        if key is None:
            raise InvalidToken("unknown-key")
        try:
            claims = jwt.decode(token, key, algorithms=[ALGORITHM]).claims
            self._claims.validate(claims)
        except BadSignatureError:
            raise InvalidToken("forged") from None
        except ExpiredTokenError:
            raise InvalidToken("expired") from None
        except ClaimError as error:
            raise InvalidToken(_REASON_OF_CLAIM.get(error.claim, "malformed")) from None
        except (JoseError, ValueError, OverflowError, RecursionError):
            raise InvalidToken("malformed") from None
        if str(kid).startswith(ACCESS_KID) and ("sid" not in claims or claims.get("role") not in STAFF):
            raise InvalidToken("forged")
        return claims


def _header(token: str) -> dict[str, Any]:
    if len(token) > _LONGEST_TOKEN or not token.isascii() or token.count(".") != 2:  # noqa: PLR2004 - JWS compact
        raise InvalidToken("malformed")
    try:
        header = json.loads(urlsafe_b64decode(token.partition(".")[0].encode()))
    except (ValueError, RecursionError):
        raise InvalidToken("malformed") from None
    if not isinstance(header, dict):
        raise InvalidToken("malformed")
    return header


def _caller(claims: dict[str, Any]) -> Caller:
    texts = {name: claims.get(name) for name in ("sub", "role", "campaign", "area", "jti", "sid")}
    for text in texts.values():
        if text is not None and not (isinstance(text, str) and 0 < len(text) <= _LONGEST_CLAIM):
            raise InvalidToken("malformed")
    try:
        role = Role(texts["role"] or "")
    except ValueError:
        raise InvalidToken("malformed") from None
    campaign, area = texts["campaign"], texts["area"]
    return Caller(
        subject=StaffId(texts["sub"] or ""),
        role=role,
        campaign=None if campaign is None else CampaignId(campaign),
        area=None if area is None else AreaCode(area),
        token_id=texts["jti"],
        session=texts["sid"],
    )


def mint(signing_jwk_json: str, caller: Caller, *, lifetime: timedelta) -> str:
    """A token for `caller`, valid from now for `lifetime`; `caller.token_id` or a fresh one is its `jti`.

    Raises:
        BadTokenKeys: the text is not a private P-256 JWK with a `kid`.
    """
    key = private_key(signing_jwk_json)
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": caller.subject,
        "role": caller.role.value,
        "iat": now,
        "exp": now + int(lifetime.total_seconds()),
        "jti": caller.token_id or str(uuid4()),
    }
    if caller.campaign is not None:
        claims["campaign"] = caller.campaign
    if caller.area is not None:
        claims["area"] = caller.area
    if caller.session is not None:
        claims["sid"] = caller.session
    return jwt.encode({"alg": ALGORITHM, "kid": key.kid}, claims, key, algorithms=[ALGORITHM])


def private_key(jwk_json: str) -> ECKey:
    """The key that signs.

    Raises:
        BadTokenKeys: the text is not a private P-256 JWK with a `kid`.
    """
    key = p256_key(parsed_jwk(jwk_json))
    if not key.is_private:
        raise BadTokenKeys("signing needs a private key")
    return key


def new_signing_key(kid: str | None = None) -> str:
    """A fresh private JWK (JSON). `kid` defaults to the day and a random part, as in `2026-11-01-4f2a9c`."""
    name = kid or _new_kid()
    key = ECKey.generate_key("P-256", {"kid": name, "use": "sig", "alg": ALGORITHM}, private=True)
    return json.dumps(key.as_dict(private=True))


def new_access_key() -> str:
    """A fresh private JWK (JSON) that signs access tokens, with a `kid` as in `access-2026-11-01-4f2a9c`."""
    return new_signing_key(ACCESS_KID + _new_kid())


def _new_kid() -> str:
    return f"{time.strftime('%Y-%m-%d', time.gmtime())}-{token_hex(3)}"


def public_jwks(*key_texts: str, allow_private: bool = True) -> str:
    """The JWKS (JSON) of the public halves of all given JWKs and JWKSs, for `MITRA_TOKEN_KEYS`.

    Raises:
        BadTokenKeys: a text is neither, a key is not P-256 or has no `kid`, a `kid` occurs twice, or a key is
            private and `allow_private` is false.
    """
    public: dict[str, dict[str, Any]] = {}
    for parsed in map(parsed_jwk, key_texts):
        for key in map(p256_key, parsed.get("keys", [parsed])):
            if key.is_private and not allow_private:
                raise BadTokenKeys(f"key {key.kid!r} is private; verifying takes public keys only")
            if key.kid in public:
                raise BadTokenKeys(f"the kid {key.kid!r} occurs twice")
            public[str(key.kid)] = dict(key.as_dict(private=False))
    if not public:
        raise BadTokenKeys("there is no key")
    return json.dumps({"keys": list(public.values())})
