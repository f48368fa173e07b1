"""Certificates for tests: facts in three scripts, keys made once, everything signed as the service will."""

import json
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from mitra_shared.campaign.definition import Names
from mitra_shared.credential.cose import assemble_cose, cose_contents, cose_payload, cose_signing_input
from mitra_shared.credential.data_integrity import hash_data, with_proof
from mitra_shared.credential.did import did_document
from mitra_shared.credential.document import contents_of
from mitra_shared.credential.facts import Facts, StatusPlace
from mitra_shared.credential.keys import Algorithm, IssuerKeys, new_issuer_keys
from mitra_shared.credential.signing import LocalSigner
from mitra_shared.credential.status_list import packed, status_document, status_signing_input
from mitra_shared.credential.trust import TrustedKeys
from mitra_shared.credential.vc_jwt import assemble, signing_input
from mitra_shared.ids import AreaCode, CampaignId

PUBLIC_URL = "https://mitra.example.org"
ISSUER = "did:web:mitra.example.org"
ISSUED_AT = datetime(2026, 11, 24, 3, 18, 10, tzinfo=UTC)
NOW = ISSUED_AT.timestamp()

NAMES = {
    "latin": "Ayesha Begum",
    "devanagari": "आयशा बेगम",
    "urdu": "عائشہ بیگم",
    "quotes": 'Ayesha "Asha" O\'Neil \\ Begum',
    "joiners": "क्‍ष \N{ZERO WIDTH NON-JOINER}ज्ञ \N{ARABIC LETTER ALEF}\N{ARABIC FATHATAN}",
    "markup": "<b>&amp; %s %(name)s {0} </script>",
    "outside the first plane": "\N{EMOJI MODIFIER FITZPATRICK TYPE-4}\N{BRAHMI LETTER A}",
    "directions": "\N{RIGHT-TO-LEFT OVERRIDE}abc\N{POP DIRECTIONAL FORMATTING}",
    "separators": "a\N{LINE SEPARATOR}b\N{NEXT LINE}c",
    "one letter": "अ",
    "longest": "م" * 120,
}


def facts(**changes: Any) -> Facts:
    """A certificate of Kondotty, with changes."""
    values: dict[str, Any] = {
        "credential_id": UUID("4f2a9c11-7d10-4c55-8a3e-0d6b5f3f9a21"),
        "issuer": PUBLIC_URL,
        "campaign": CampaignId("modi-mitra"),
        "campaign_name": Names(en="Modi Mitra", hi="मोदी मित्र", ur="مودی متر"),
        "holder_name": NAMES["devanagari"],
        "language": "hi",
        "number": "S11-AC033-0007",
        "state_name": Names(en="Kerala", hi="केरल", ur="کیرالہ"),
        "constituency": AreaCode("S11-PC06"),
        "constituency_name": Names(en="Malappuram", hi="मलप्पुरम"),
        "segment": AreaCode("S11-AC033"),
        "segment_name": Names(en="Kondotty"),
        "issued_at": ISSUED_AT,
        "status": StatusPlace(number=3, index=123_456),
    }
    return Facts(**values | changes)


@cache
def issuer_keys() -> IssuerKeys:
    """The keys of the issuer in all tests of a process."""
    return IssuerKeys.from_json(new_issuer_keys(NOW))


def signer(algorithm: Algorithm = "ES256") -> LocalSigner:
    """The key that signs."""
    key = issuer_keys().current(algorithm, NOW)
    assert key.private is not None
    return LocalSigner(key, key.private)


@cache
def trusted() -> TrustedKeys:
    """What a stranger learns from the DID document."""
    return TrustedKeys.from_json(json.dumps(did_document(issuer_keys(), PUBLIC_URL)))


def token(of: Facts) -> str:
    """VC-JWT."""
    signed = signing_input(contents_of(of), signer().kid)
    return assemble(signed, signer().sign(signed))


def code(of: Facts) -> bytes:
    """COSE_Sign1."""
    payload = cose_payload(cose_contents(of))
    return assemble_cose(payload, signer().kid, signer().sign(cose_signing_input(payload, signer().kid)))


def proven(of: Facts) -> dict[str, Any]:
    """Document with a Data Integrity proof."""
    contents, ed25519 = contents_of(of), signer("EdDSA")
    signed = hash_data(contents, ed25519.kid, int(NOW))
    return with_proof(contents, ed25519.kid, int(NOW), ed25519.sign(signed))


def status_token(*revoked: int, number: int = 3, now: float = NOW) -> str:
    """A signed status list in which these places are revoked."""
    document = status_document(PUBLIC_URL, "Modi Mitra", number, packed(revoked), now)
    signed = status_signing_input(document, signer().kid)
    return assemble(signed, signer().sign(signed))
