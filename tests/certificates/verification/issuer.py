"""An issuer of the tests' own: signs codes and status lists as the formats say, with `cryptography` alone."""

import base64
import gzip
import json
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

BITS = 524_288
KEY_ID = "2026-11-24-4f2a9c"


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def base32(data: bytes) -> str:
    return base64.b32encode(data).rstrip(b"=").decode()


def from_base32(text: str) -> bytes:
    return base64.b32decode(text + "=" * (-len(text) % 8))


def code_of(address: str) -> str:
    """The base32 in the address of a QR code."""
    return address.partition("#")[2]


def sign(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    """ES256: 32 bytes of r, 32 of s."""
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)


def said(**changes: Any) -> dict[int, Any]:
    """The part of a payload that tells of the certificate; `changes` by name."""
    names = ("name", "number", "campaign", "constituency", "segment", "status", "language")
    values = {
        "name": "Asha Devi",
        "number": "S11-AC032-0007",
        "campaign": "Modi Mitra",
        "constituency": "Wayanad",
        "segment": "Kalpetta",
        "status": [0, 4711],
        "language": "en",
    } | changes
    return {position: values[name] for position, name in enumerate(names, start=1)}


@dataclass
class Issuer:
    """Keys by id, under one address."""

    url: str
    keys: dict[str, ec.EllipticCurvePrivateKey] = field(
        default_factory=lambda: {KEY_ID: ec.generate_private_key(ec.SECP256R1())}
    )

    @property
    def did(self) -> str:
        return "did:web:" + self.url.partition("://")[2].replace(":", "%3A")

    def did_document(self) -> dict[str, Any]:
        """With a key of another kind in between, as the real one has."""
        ed25519 = {"kty": "OKP", "crv": "Ed25519", "x": base64url(b"\x01" * 32)}
        keys = {"2026-11-24-other1": ed25519} | {kid: jwk_of(key) for kid, key in self.keys.items()}
        return {
            "@context": ["https://www.w3.org/ns/did/v1"],
            "id": self.did,
            "verificationMethod": [
                {"id": f"{self.did}#{kid}", "type": "JsonWebKey", "controller": self.did, "publicKeyJwk": jwk}
                for kid, jwk in keys.items()
            ],
        }

    def cose(
        self,
        *,
        key_id: str = KEY_ID,
        claims: dict[int, Any] | None = None,
        payload: bytes | None = None,
        credential_id: UUID | None = None,
        **changes: Any,
    ) -> bytes:
        """A COSE_Sign1; `claims` replace those of the payload, `payload` all of it."""
        body = {
            1: self.did,
            6: 1_793_000_000,
            7: (credential_id or uuid4()).bytes,
            -70001: said(**changes),
        } | (claims or {})
        payload = cbor2.dumps(body, canonical=True) if payload is None else payload
        header = cbor2.dumps({1: -7, 4: key_id.encode()}, canonical=True)
        signature = sign(self.keys[key_id], cbor2.dumps(["Signature1", header, b"", payload]))
        return cbor2.dumps(cbor2.CBORTag(18, [header, {}, payload, signature]), canonical=True)

    def address(self, **changes: Any) -> str:
        """What stands in the QR code."""
        return f"{self.url}/v#{base32(self.cose(**changes))}"

    def status_list(
        self,
        number: int = 0,
        *revoked: int,
        made_at: int | None = None,
        valid_for: int = 7 * 86_400,
        key_id: str = KEY_ID,
        encoded: str | None = None,
        **changes: Any,
    ) -> str:
        """A VC-JWT; `changes` replace members of the payload."""
        made_at = int(time.time()) if made_at is None else made_at
        url = f"{self.url}/v1/status-lists/{number}"
        payload = {
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "id": url,
            "type": ["VerifiableCredential", "BitstringStatusListCredential"],
            "issuer": self.did,
            "iss": self.did,
            "iat": made_at,
            "validFrom": instant(made_at),
            "validUntil": instant(made_at + valid_for),
            "credentialSubject": {
                "id": f"{url}#list",
                "type": "BitstringStatusList",
                "statusPurpose": "revocation",
                "encodedList": encoded or encoded_list(bits(*revoked)),
            },
        } | changes
        header = {"alg": "ES256", "typ": "vc+jwt", "kid": f"{self.did}#{key_id}"}
        signed = ".".join(base64url(json.dumps(part).encode()) for part in (header, payload))
        return f"{signed}.{base64url(sign(self.keys[key_id], signed.encode()))}"


def jwk_of(key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    numbers = key.public_key().public_numbers()
    return {
        "kty": "EC",
        "crv": "P-256",
        "x": base64url(numbers.x.to_bytes(32)),
        "y": base64url(numbers.y.to_bytes(32)),
    }


def bits(*set_: int) -> bytes:
    """A list with those bits set, the first being the leftmost."""
    found = bytearray(BITS // 8)
    for index in set_:
        found[index // 8] |= 0x80 >> index % 8
    return bytes(found)


def encoded_list(data: bytes) -> str:
    return "u" + base64url(gzip.compress(data, 6))


def instant(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
