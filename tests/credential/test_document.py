"""Documents: pinned by golden files for ever, the same on every way to make them, and read back strictly."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4, uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mitra_shared.credential.cose import cose_contents, cose_payload
from mitra_shared.credential.data_integrity import canonical
from mitra_shared.credential.document import (
    contents_of,
    document_of,
    document_text,
    subject_id,
)
from mitra_shared.credential.document_reading import NotOurDocument, read_document
from mitra_shared.credential.facts import Facts
from mitra_shared.credential.issuer import BadPublicUrl, did_of
from mitra_shared.credential.vc_jwt import payload
from tests.credential.made import NAMES, PUBLIC_URL, facts

GOLDEN = Path(__file__).parent / "golden"
CASES = ("kondotty", "rampur")
"""Rampur lies in Rampur, and its issuer has a port."""

names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=120)


@pytest.mark.parametrize("case", CASES)
def test_a_released_format_never_changes(case: str) -> None:
    of = Facts.from_json((GOLDEN / f"{case}.facts.json").read_text())
    made = {
        f"{case}.document.json": document_text(contents_of(of)).encode(),
        f"{case}.payload.json": payload(contents_of(of)),
        f"{case}.nquads": canonical(contents_of(of)).encode(),
        f"{case}.cose-payload.hex": cose_payload(cose_contents(of)).hex().encode(),
    }
    assert made == {name: (GOLDEN / name).read_bytes() for name in made}


def test_stored_facts_come_back_whole() -> None:
    assert Facts.from_json(facts().to_json()) == facts()


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_the_name_appears_exactly_as_given(name: str) -> None:
    document = document_of(contents_of(facts(holder_name=name)))
    assert document["credentialSubject"]["identifier"][0]["identityHash"] == name


@settings(deadline=None)
@given(name=names)
def test_the_quick_way_makes_the_same_document(name: str) -> None:
    contents = contents_of(facts(holder_name=name))
    text = document_text(contents)
    assert text == json.dumps(document_of(contents), ensure_ascii=False, separators=(",", ":"))
    assert read_document(json.loads(text)) == contents


def test_the_payload_is_the_document_and_the_registered_claims() -> None:
    document = document_of(contents_of(facts()))
    claims = json.loads(payload(contents_of(facts())))
    assert {name: claims.pop(name) for name in ("iss", "sub", "jti", "nbf", "iat")} == {
        "iss": document["issuer"]["id"],
        "sub": document["credentialSubject"]["id"],
        "jti": document["id"],
        "nbf": 1795490290,
        "iat": 1795490290,
    }
    assert claims == document


def test_it_holds_only_what_a_certificate_may_say() -> None:
    words = document_text(contents_of(facts())).lower()
    for word in ("phone", "recruit", "scheme", "beneficiary", "admirer", "religion", "caste", "voter"):
        assert word not in words


def test_a_subject_is_named_anew_in_every_credential() -> None:
    first, second = uuid4(), uuid4()
    assert subject_id(first) == str(uuid5(first, "holder")) != subject_id(second)


def _changed(path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    document = document_of(contents_of(facts()))
    node: Any = document
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    return document


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("id",), "urn:uuid:4F2A9C11-7D10-4C55-8A3E-0D6B5F3F9A21"),
        (("issuer", "url"), "https://other.example.org"),
        (("issuer", "url"), "https://mitra.example.org/"),
        (("validFrom",), "2026-11-24T03:18:10+00:00"),
        (("validUntil",), "2030-01-01T00:00:00Z"),
        (("credentialSubject", "identifier", 0, "hashed"), 0),
        (("credentialSubject", "identifier", 0, "hashed"), True),
        (("credentialSubject", "identifier", 0, "identityHash"), "\0number\0"),
        (("credentialSubject", "identifier", 0, "identityHash"), "\ud800"),
        (("credentialSubject", "identifier", 0, "identityHash"), ["a"]),
        (("credentialSubject", "achievement", "tag"), []),
        (("credentialSubject", "achievement", "tag", 0), "campaign:x> <y"),
        (("credentialSubject", "achievement", "tag", 1), "state:Goa"),
        (("credentialSubject", "achievement", "description"), "Given for nothing."),
        (("credentialSubject",), None),
        (("credentialStatus", "statusListIndex"), "9" * 5_000),
        (("credentialStatus", "statusListIndex"), "+123456"),
        (("@context",), ["https://www.w3.org/ns/credentials/v2"]),
    ],
)
def test_a_document_of_another_form_is_refused(path: tuple[str | int, ...], value: object) -> None:
    with pytest.raises(NotOurDocument):
        read_document(_changed(path, value))


def test_a_refusal_does_not_repeat_the_name() -> None:
    with pytest.raises(NotOurDocument) as refused:
        read_document(_changed(("credentialSubject", "identifier", 0, "identityHash"), "Ayesha\0"))
    assert "Ayesha" not in str(refused.value)
    assert refused.value.__suppress_context__


@pytest.mark.parametrize(
    ("address", "did"),
    [
        (PUBLIC_URL, "did:web:mitra.example.org"),
        ("http://127.0.0.1:8011", "did:web:127.0.0.1%3A8011"),
        ("https://mitra.example.org:8443", "did:web:mitra.example.org%3A8443"),
    ],
)
def test_the_issuer_is_named_after_its_address(address: str, did: str) -> None:
    assert did_of(address) == did


@pytest.mark.parametrize(
    "address",
    [
        "", "mitra.example.org", "https://", "ftp://a", "https://a/", "https://a/b", "https://A", "https://a:x",
        "https://a:99999", "https://u@a", "https://a?b", "https://a#b", "https://a b", "https://" + "a" * 300,
        "https://a:080",
    ],
)  # fmt: skip
def test_an_address_that_cannot_name_an_issuer_is_refused_with_what_would_be_right(address: str) -> None:
    with pytest.raises(BadPublicUrl, match=r"e\.g\. https://mitra\.example\.org"):
        did_of(address)
