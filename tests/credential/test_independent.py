"""Code that others wrote accepts what is made here and rejects what was tampered with. Nothing is fetched.

openvc reads tokens of the older data model only, so it judges proofs and status lists.
"""

import json
from pathlib import Path
from typing import Any

import cbor2
import cwt
import openbadgeslib.ob3
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cwt.exceptions import VerifyError
from hypothesis import given, settings
from hypothesis import strategies as st
from openbadgeslib.ob3.ldp import OB3LdpVerifier
from openbadgeslib.ob3.verifier import OB3VerificationError, OB3Verifier
from openvc import VerificationResult, verify_credential
from openvc.did.base import DidResolverRegistry
from openvc.did.did_web import DidWebResolver
from openvc.proof.errors import SignatureInvalid
from openvc.status.status_list import CredentialRevoked
from pyld import jsonld

from mitra_shared.credential.cose import cose_contents, cose_payload
from mitra_shared.credential.data_integrity import canonical
from mitra_shared.credential.did import did_document
from mitra_shared.credential.document import contents_of, document_of
from mitra_shared.credential.facts import StatusPlace
from mitra_shared.credential.keys import Algorithm
from mitra_shared.credential.status_list import read_status_list
from mitra_shared.credential.trust import TrustedKeys
from mitra_shared.credential.vc_jwt import take_apart
from tests.credential.made import (
    ISSUER,
    NAMES,
    NOW,
    PUBLIC_URL,
    code,
    facts,
    issuer_keys,
    proven,
    status_token,
    token,
    trusted,
)

CONTEXTS = Path(openbadgeslib.ob3.__file__).parent / "contexts"
CONTEXT_FILES = {
    "https://www.w3.org/ns/credentials/v2": "credentials-v2.json",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json": "ob-v3p0-context-3.0.3.json",
}
OPEN_BADGES = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
BADGES_FOR_OPENVC = {OPEN_BADGES: json.loads((CONTEXTS / CONTEXT_FILES[OPEN_BADGES]).read_text())}
DID_DOCUMENT_URL = "https://mitra.example.org/.well-known/did.json"

in_every_script = pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
names = st.text(
    # pyld does not escape control characters as RDFC-1.0 says.
    st.characters(exclude_categories=["Cs", "Cc"], include_characters="\"\\'<>{}^`|"),
    min_size=1,
    max_size=120,
)


def load_context(url: str, _options: dict[str, Any]) -> dict[str, Any]:
    content = json.loads((CONTEXTS / CONTEXT_FILES[url]).read_text())
    return {"contextUrl": None, "documentUrl": url, "contentType": "application/ld+json", "document": content}


def canonical_by_pyld(document: dict[str, Any]) -> str:
    options = {"algorithm": "URDNA2015", "format": "application/n-quads", "documentLoader": load_context}
    normalised: str = jsonld.normalize(document, options)
    return normalised


def public_pem(algorithm: Algorithm) -> bytes:
    key = issuer_keys().current(algorithm, NOW).public
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def fetched(url: str) -> dict[str, Any]:
    assert url == DID_DOCUMENT_URL
    return did_document(issuer_keys(), PUBLIC_URL)


def verified_list(url: str) -> dict[str, Any]:
    assert url == f"{PUBLIC_URL}/v1/status-lists/3"
    signed = status_token(123_456, now=NOW)
    read_status_list(signed, trusted())
    document: dict[str, Any] = json.loads(take_apart(signed, len(signed)).payload)
    return document


@in_every_script
def test_pyld_finds_the_same_canonical_form(name: str) -> None:
    contents = contents_of(facts(holder_name=name))
    assert canonical_by_pyld(document_of(contents)) == canonical(contents)


@settings(deadline=None, max_examples=25)
@given(name=names, place=st.integers(0, 524_287))
def test_pyld_finds_the_same_canonical_form_of_any_name(name: str, place: int) -> None:
    contents = contents_of(facts(holder_name=name, status=StatusPlace(number=0, index=place)))
    assert canonical_by_pyld(document_of(contents)) == canonical(contents)


@in_every_script
def test_openbadgeslib_accepts_the_token(name: str) -> None:
    found = OB3Verifier(public_pem("ES256"), issuer_did=ISSUER).verify(token(facts(holder_name=name)))
    (identity,) = found.identifiers
    assert (identity.identity_hash, identity.identity_type, identity.hashed) == (name, "name", False)


@in_every_script
def test_openbadgeslib_accepts_the_proof(name: str) -> None:
    verifier = OB3LdpVerifier(public_pem("EdDSA"), issuer_did=ISSUER)
    (identity,) = verifier.verify(proven(facts(holder_name=name))).identifiers
    assert identity.identity_hash == name


def test_openbadgeslib_rejects_another_name_under_the_same_proof() -> None:
    document = proven(facts())
    document["credentialSubject"]["identifier"][0]["identityHash"] = "Somebody Else"
    with pytest.raises(OB3VerificationError, match="signature mismatch"):
        OB3LdpVerifier(public_pem("EdDSA"), issuer_did=ISSUER).verify(document)


def test_openbadgeslib_rejects_a_token_whose_payload_is_anothers() -> None:
    head, _, tail = token(facts()).split(".")
    _, body, _ = token(facts(holder_name="Somebody Else")).split(".")
    with pytest.raises(OB3VerificationError):
        OB3Verifier(public_pem("ES256"), issuer_did=ISSUER).verify(f"{head}.{body}.{tail}")


def by_openvc(document: dict[str, Any]) -> VerificationResult:
    return verify_credential(
        document,
        resolver=DidResolverRegistry([DidWebResolver(fetched)]),
        resolve_status_list=verified_list,
        extra_contexts=BADGES_FOR_OPENVC,
    )


def test_openvc_accepts_the_proof_and_reads_the_status() -> None:
    assert by_openvc(proven(facts(status=StatusPlace(number=3, index=5)))).issuer == ISSUER
    with pytest.raises(CredentialRevoked):
        by_openvc(proven(facts()))


def test_openvc_rejects_a_changed_document() -> None:
    document = proven(facts(status=StatusPlace(number=3, index=5)))
    document["credentialSubject"]["licenseNumber"] = "S11-AC033-0001"
    with pytest.raises(SignatureInvalid):
        by_openvc(document)


@in_every_script
def test_cwt_accepts_the_code(name: str) -> None:
    jwk = dict(issuer_keys().current("ES256", NOW).public_jwk)
    claims = cwt.decode(code(facts(holder_name=name)), cwt.COSEKey.from_jwk(jwk))
    assert isinstance(claims, dict)
    assert claims[1] == ISSUER
    assert claims[-70001] == {
        1: name, 2: "S11-AC033-0007", 3: "Modi Mitra", 4: "Malappuram", 5: "Kondotty",
        6: [3, 123_456], 7: "hi",
    }  # fmt: skip


def test_cwt_rejects_a_changed_code() -> None:
    jwk = dict(issuer_keys().current("ES256", NOW).public_jwk)
    changed = code(facts()).replace(b"0007", b"0008")
    with pytest.raises(VerifyError):
        cwt.decode(changed, cwt.COSEKey.from_jwk(jwk))


@in_every_script
def test_a_general_encoder_writes_the_same_bytes(name: str) -> None:
    payload = cose_payload(cose_contents(facts(holder_name=name)))
    assert cbor2.dumps(cbor2.loads(payload), canonical=True) == payload


def test_the_jwks_of_the_issuer_is_as_good_as_its_did_document() -> None:
    from_jwks = TrustedKeys.from_json(json.dumps(issuer_keys().public_jwks()), PUBLIC_URL)
    assert from_jwks == trusted()
