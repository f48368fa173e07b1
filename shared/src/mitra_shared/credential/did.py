"""The DID document of the issuer: what `did:web` resolves to, with every key that ever signed."""

from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from mitra_shared.credential.encoding import base58
from mitra_shared.credential.issuer import did_of
from mitra_shared.credential.keys import IssuerKey, IssuerKeys

ED25519_MULTICODEC: Final = bytes.fromhex("ed01")
CONTEXTS: Final = (
    "https://www.w3.org/ns/did/v1",
    "https://w3id.org/security/jwk/v1",
    "https://w3id.org/security/multikey/v1",
)


def did_document(keys: IssuerKeys, public_url: str) -> dict[str, Any]:
    """The document at `/.well-known/did.json`. All keys may assert: old certificates stay valid for ever.

    ES256 keys are `JsonWebKey`, as JOSE wants them; Ed25519 keys `Multikey`, as Data Integrity does.

    Raises:
        BadPublicUrl: the address is none.
    """
    did = did_of(public_url)
    methods = [verification_method(key, did) for key in keys.all]
    return {
        "@context": list(CONTEXTS),
        "id": did,
        "verificationMethod": methods,
        "assertionMethod": [method["id"] for method in methods],
    }


def verification_method(key: IssuerKey, did: str) -> dict[str, Any]:
    """One key as the document has it."""
    common = {"id": f"{did}#{key.kid}", "controller": did}
    if isinstance(key.public, Ed25519PublicKey):
        multibase = "z" + base58(ED25519_MULTICODEC + key.public.public_bytes_raw())
        return common | {"type": "Multikey", "publicKeyMultibase": multibase}
    return common | {"type": "JsonWebKey", "publicKeyJwk": dict(key.public_jwk)}
