"""Whose signatures are believed: the identifier of one issuer and the public keys it publishes.

did.json | JWKS | key file -> TrustedKeys -> verify
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from mitra_shared.credential.did import ED25519_MULTICODEC
from mitra_shared.credential.encoding import BadEncoding, base64url, from_base58
from mitra_shared.credential.issuer import BadPublicUrl, did_of
from mitra_shared.credential.keys import BadIssuerKeys, IssuerKey, IssuerKeys, public_key

_ES256: Final = ECDSA(SHA256())
_HALF: Final = 32
_LARGEST: Final = 1_048_576


class BadTrust(ValueError):
    """The text names no issuer's keys; the message says what it should be."""


@dataclass(frozen=True)
class TrustedKeys:
    """Public keys by key id. `issuer` is a DID."""

    issuer: str
    es256: dict[str, EllipticCurvePublicKey]
    ed25519: dict[str, Ed25519PublicKey]

    @classmethod
    def of(cls, keys: IssuerKeys, public_url: str) -> Self:
        """The issuer's own keys.

        Raises:
            BadPublicUrl: the address is none.
        """
        return cls._from(did_of(public_url), keys.all)

    @classmethod
    def from_json(cls, text: str, public_url: str | None = None) -> Self:
        """Keys from a DID document, or from a JWKS of the issuer at `public_url`.

        Raises:
            BadTrust: it is neither, a key is damaged, or a JWKS comes without an issuer.
        """
        if len(text) > _LARGEST:
            raise BadTrust(f"keys are at most {_LARGEST} characters long")
        try:
            parsed = json.loads(text)
        except (ValueError, RecursionError):
            raise BadTrust("the keys are not JSON; they are a DID document or a JWKS") from None
        if not isinstance(parsed, dict):
            raise BadTrust("the keys are neither a DID document nor a JWKS")
        is_did_document = "verificationMethod" in parsed
        if not is_did_document and public_url is None:
            raise BadTrust("a JWKS does not say whose it is; say the public address of the issuer, too")
        try:
            if is_did_document or public_url is None:
                return cls._from_did_document(parsed)
            return cls._from(did_of(public_url), [public_key(jwk) for jwk in parsed["keys"]])
        except (BadIssuerKeys, BadPublicUrl, BadEncoding) as error:
            raise BadTrust(str(error)) from None
        except (KeyError, TypeError, ValueError, AttributeError):
            raise BadTrust("the keys are neither a DID document nor a JWKS") from None

    @classmethod
    def _from_did_document(cls, document: dict[str, Any]) -> Self:
        did = document["id"]
        assertions = set(document["assertionMethod"])
        methods = [method for method in document["verificationMethod"] if method["id"] in assertions]
        return cls._from(did, [_key_of_method(method, did) for method in methods])

    @classmethod
    def _from(cls, issuer: str, keys: Iterable[IssuerKey]) -> Self:
        known = list(keys)
        return cls(
            issuer,
            {key.kid: key.public for key in known if isinstance(key.public, EllipticCurvePublicKey)},
            {key.kid: key.public for key in known if isinstance(key.public, Ed25519PublicKey)},
        )


def _key_of_method(method: dict[str, Any], did: str) -> IssuerKey:
    kid = method["id"].removeprefix(f"{did}#")
    if method["type"] == "JsonWebKey":
        return public_key(method["publicKeyJwk"] | {"kid": kid})
    prefix = len(ED25519_MULTICODEC)
    raw = from_base58(method["publicKeyMultibase"].removeprefix("z"), prefix + _HALF)
    if not raw.startswith(ED25519_MULTICODEC):
        raise BadEncoding(f"the key {kid!r} is no Ed25519 key")
    return public_key({"kty": "OKP", "crv": "Ed25519", "x": base64url(raw[prefix:]), "kid": kid})


def es256_holds(key: EllipticCurvePublicKey, signature: bytes, message: bytes) -> bool:
    """Whether a signature of 64 bytes (r and s) over `message` is the key's; about 80 microseconds."""
    r, s = int.from_bytes(signature[:_HALF]), int.from_bytes(signature[_HALF:])
    try:
        key.verify(encode_dss_signature(r, s), message, _ES256)
    except InvalidSignature:
        return False
    return True


def ed25519_holds(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    """Whether a signature of 64 bytes over `message` is the key's."""
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True
