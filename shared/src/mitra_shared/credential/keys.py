"""The issuer's keys: a JSON text of ES256 and Ed25519 keys, each with a dated id and when it becomes active.

    {"keys": [{"active_from": 1795662000, "jwk": {"kid": "2026-11-24-4f2a9c", "crv": "P-256", ...}}, ...]}

New keys are published before they are active, so who verifies knows them before the first signature. A key is
never taken out: what it signed stays valid for ever. Only its private half goes, when its successor has been
active for a while. A key without its private half that is the newest of its kind signs elsewhere (`signing`).
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from secrets import token_hex
from typing import Any, Final, Literal, Self, TypeAlias, cast

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeyParameters, OKPKey

from mitra_shared.security.secret_files import read_secret

Algorithm: TypeAlias = Literal["ES256", "EdDSA"]
ALGORITHMS: Final[tuple[Algorithm, ...]] = ("ES256", "EdDSA")
DELAY_SECONDS: Final = 60
"""From the publication of a key to its first signature, and from that to the end of its predecessor."""

ISSUER_KEYS: Final = "issuer/keys.json"
"""Where the file is in `MITRA_SECRETS_DIR`, unless `MITRA_ISSUER_KEYS` names it."""

_CURVES: Final[Mapping[str, Algorithm]] = {"P-256": "ES256", "Ed25519": "EdDSA"}
LARGEST_FILE: Final = 1_048_576
_MOST_KEYS: Final = 1_000
_LONGEST_KID: Final = 64
_PRIVATE_KEYS: Final = (EllipticCurvePrivateKey, Ed25519PrivateKey)

PrivateKey: TypeAlias = EllipticCurvePrivateKey | Ed25519PrivateKey
PublicKey: TypeAlias = EllipticCurvePublicKey | Ed25519PublicKey


class BadIssuerKeys(ValueError):
    """The text is no usable set of issuer's keys. The message never repeats key material."""


class NoActiveKey(Exception):
    """No key of an algorithm is active yet."""


class RotationPending(Exception):
    """A new key waits for its time; another one would be the next but one."""


@dataclass(frozen=True, repr=False)
class IssuerKey:
    """One key. `active_from` in Unix seconds; `private` is None once retired, or if it signs elsewhere."""

    kid: str
    algorithm: Algorithm
    active_from: int
    public: PublicKey
    private: PrivateKey | None
    public_jwk: Mapping[str, str]

    def __repr__(self) -> str:
        """Says which key, and nothing of it."""
        return f"IssuerKey({self.kid!r}, {self.algorithm}, private={self.private is not None})"


class IssuerKeys:
    """All keys of the issuer, in the order in which they become active."""

    def __init__(self, keys: Sequence[IssuerKey]) -> None:
        """Take keys as they are read.

        Raises:
            BadIssuerKeys: there are none or too many, or a `kid` occurs twice.
        """
        if not keys or len(keys) > _MOST_KEYS:
            raise BadIssuerKeys(f"there are {len(keys)} keys; 1 to {_MOST_KEYS} can be read")
        self.all = tuple(sorted(keys, key=lambda key: key.active_from))
        self._by_kid = {key.kid: key for key in self.all}
        if len(self._by_kid) < len(self.all):
            raise BadIssuerKeys("a kid occurs twice")

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The keys in a text.

        Raises:
            BadIssuerKeys: it is none of the form above; the message says which key is wrong, and how.
        """
        return cls([_read(entry, place) for place, entry in enumerate(_entries(text), 1)])

    @classmethod
    def load(cls, path: Path) -> Self:
        """The keys in a file.

        Raises:
            BadIssuerKeys: its text is none.
            UnsafeSecretFile: others may read or write it.
            OSError: it cannot be read.
        """
        try:
            text = read_secret(path, largest=LARGEST_FILE)
        except UnicodeDecodeError:
            raise BadIssuerKeys("not UTF-8") from None
        return cls.from_json(text)

    def current(self, algorithm: Algorithm, now: float) -> IssuerKey:
        """The key that signs at `now` (Unix seconds): the newest active one, private half here or not.

        Raises:
            NoActiveKey: none of that algorithm is active.
        """
        active = [key for key in self.all if key.algorithm == algorithm and key.active_from <= now]
        if not active:
            raise NoActiveKey(f"no {algorithm} key is active")
        return active[-1]

    def by_kid(self, kid: str) -> IssuerKey | None:
        """The key of that id, active or not."""
        return self._by_kid.get(kid)

    @cached_property
    def fingerprint(self) -> tuple[tuple[str, bool], ...]:
        """Tells one state of the keys from another: ids, and which private halves are here."""
        return tuple((key.kid, key.private is not None) for key in self.all)

    def public_jwks(self) -> dict[str, Any]:
        """The JWKS of all public halves, oldest first."""
        return {"keys": [dict(key.public_jwk) for key in self.all]}

    def newest(self, algorithm: Algorithm) -> IssuerKey | None:
        """The key of an algorithm that becomes or became active last."""
        return next((key for key in reversed(self.all) if key.algorithm == algorithm), None)


def new_issuer_keys(now: float) -> str:
    """The text of a first key of each algorithm, active at once."""
    return _written([_new_entry(algorithm, int(now), now) for algorithm in ALGORITHMS])


def rotate(text: str, now: float, delay: int = DELAY_SECONDS) -> str:
    """The text with a new key for each algorithm whose newest key is here, active after `delay` seconds.

    Predecessors that are no longer needed lose their private halves.

    Raises:
        BadIssuerKeys: it is no text of keys.
        RotationPending: a key is still to become active, or no newest key has its private half here.
    """
    keys = IssuerKeys.from_json(text)
    _refuse_if_pending(keys, now)
    here = [a for a in ALGORITHMS if (newest := keys.newest(a)) is None or newest.private is not None]
    if not here:
        raise RotationPending("all keys sign elsewhere; make the new key there and publish it")
    fresh = [_new_entry(algorithm, int(now) + delay, now) for algorithm in here]
    return _written([*_entries(retire(text, now, delay)), *fresh])


def publish(text: str, jwk_text: str, now: float, delay: int = DELAY_SECONDS) -> str:
    """The text with the public half of a key that signs elsewhere, active after `delay` seconds.

    Raises:
        BadIssuerKeys: a text is not what it should be, or a key of that `kid` is known.
        RotationPending: a key is still to become active.
    """
    _refuse_if_pending(IssuerKeys.from_json(text), now)
    try:
        jwk = json.loads(jwk_text)
    except ValueError:
        raise BadIssuerKeys("the key to publish is not JSON") from None
    entry = {"active_from": int(now) + delay, "jwk": jwk}
    if _read(entry, 1).private is not None:
        raise BadIssuerKeys("the key to publish is private; only its public half belongs here")
    published = _written([*_entries(text), entry])
    IssuerKeys.from_json(published)
    return published


def retire(text: str, now: float, delay: int = DELAY_SECONDS) -> str:
    """The text without private halves of keys whose successor has been active for `delay` seconds.

    Raises:
        BadIssuerKeys: it is no text of keys.
    """
    keys = IssuerKeys.from_json(text)
    needed = set[str]()
    for algorithm in ALGORITHMS:
        own = [key for key in keys.all if key.algorithm == algorithm]
        settled = [place for place, key in enumerate(own) if key.active_from + delay <= now]
        needed |= {key.kid for key in own[settled[-1] if settled else 0 :]}
    return _written(
        [entry if entry["jwk"]["kid"] in needed else _without_private(entry) for entry in _entries(text)]
    )


def public_key(jwk: Mapping[str, Any]) -> IssuerKey:
    """A public key as others publish it: active from the start of time.

    Raises:
        BadIssuerKeys: it is no JWK of P-256 or Ed25519 with a `kid`.
    """
    return replace(_read({"active_from": 0, "jwk": dict(jwk)}, 1), private=None)


def _refuse_if_pending(keys: IssuerKeys, now: float) -> None:
    pending = [key.active_from for key in keys.all if key.active_from > now]
    if pending:
        raise RotationPending(f"a new key becomes active in {round(max(pending) - now)} s; wait until then")


def _new_entry(algorithm: Algorithm, active_from: int, now: float) -> dict[str, Any]:
    kid = f"{time.strftime('%Y-%m-%d', time.gmtime(now))}-{token_hex(3)}"
    options: KeyParameters = {"kid": kid, "use": "sig", "alg": algorithm}
    if algorithm == "ES256":
        key: ECKey | OKPKey = ECKey.generate_key("P-256", options, private=True)
    else:
        key = OKPKey.generate_key("Ed25519", options, private=True)
    return {"active_from": active_from, "jwk": key.as_dict(private=True)}


def _without_private(entry: dict[str, Any]) -> dict[str, Any]:
    return entry | {"jwk": {name: value for name, value in entry["jwk"].items() if name != "d"}}


def _written(entries: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps({"keys": list(entries)}, separators=(",", ":"))


def _entries(text: str) -> list[dict[str, Any]]:
    try:
        entries = json.loads(text)["keys"]
    except (ValueError, KeyError, TypeError, RecursionError):
        # The cause would repeat the text, and with it the keys.
        raise BadIssuerKeys('not JSON of the form {"keys": [...]}') from None
    if not isinstance(entries, list):
        raise BadIssuerKeys('"keys" is not a list')
    return entries


def _read(entry: object, place: int) -> IssuerKey:
    if not isinstance(entry, dict) or set(entry) != {"active_from", "jwk"}:
        raise BadIssuerKeys(f'key {place} is not of the form {{"active_from": <seconds>, "jwk": {{...}}}}')
    active_from, jwk = entry["active_from"], entry["jwk"]
    if not isinstance(active_from, int) or isinstance(active_from, bool):
        raise BadIssuerKeys(f"active_from of key {place} is not a whole number of Unix seconds")
    algorithm = _CURVES.get(str(jwk.get("crv"))) if isinstance(jwk, dict) else None
    if algorithm is None:
        raise BadIssuerKeys(f"key {place} is no JWK of P-256 or Ed25519")
    kid = jwk.get("kid")
    if not (isinstance(kid, str) and kid.isascii() and kid.isprintable() and 0 < len(kid) <= _LONGEST_KID):
        raise BadIssuerKeys(f"key {place} has no kid of 1 to {_LONGEST_KID} ASCII characters")
    try:
        imported = (ECKey if algorithm == "ES256" else OKPKey).import_key(cast("dict[str, Any]", jwk))
        private = imported.private_key if imported.is_private else None
        public = imported.public_key
        public_jwk = {name: str(value) for name, value in imported.as_dict(private=False).items()}
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise BadIssuerKeys(f"key {kid!r} is damaged") from None
    if isinstance(private, _PRIVATE_KEYS) and private.public_key() != public:
        raise BadIssuerKeys(f"the halves of key {kid!r} do not belong together")
    public_jwk |= {"kid": kid, "use": "sig", "alg": algorithm}
    return IssuerKey(
        kid, algorithm, active_from, cast("PublicKey", public), cast("PrivateKey | None", private), public_jwk
    )
