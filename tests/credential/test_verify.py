"""Verification: what is ours and whole is valid, any change is noticed, and no input raises."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mitra_shared.credential.cose import (
    LARGEST,
    NotOurCose,
    assemble_cose,
    cose_contents,
    cose_payload,
    cose_signing_input,
    decode_cose,
    qr_text,
)
from mitra_shared.credential.encoding import base32, base64url, from_base64url
from mitra_shared.credential.status_list import VALID_SECONDS, read_status_list
from mitra_shared.credential.taking_apart import Form
from mitra_shared.credential.trust import BadTrust, TrustedKeys
from mitra_shared.credential.vc_jwt import assemble, signing_input_of
from mitra_shared.credential.verify import Outcome, StatusCheck, verify
from tests.credential.made import (
    ISSUER,
    NAMES,
    NOW,
    PUBLIC_URL,
    code,
    facts,
    issuer_keys,
    proven,
    signer,
    status_token,
    token,
    trusted,
)

FORMS: dict[str, tuple[Form, Callable[[Any], Any]]] = {
    "JWT": (Form.JWT, token),
    "JWT as bytes, with a line end": (Form.JWT, lambda of: f"{token(of)}\n".encode()),
    "COSE": (Form.COSE, code),
    "COSE as base32": (Form.COSE, lambda of: base32(code(of))),
    "text of the QR code": (Form.COSE, lambda of: qr_text(PUBLIC_URL, code(of))),
    "parsed document": (Form.DATA_INTEGRITY, proven),
    "document as text": (Form.DATA_INTEGRITY, lambda of: json.dumps(proven(of), indent=2)),
}
in_every_form = pytest.mark.parametrize(("form", "make"), FORMS.values(), ids=FORMS)

REJECTED = {Outcome.ALTERED, Outcome.UNKNOWN_KEY, Outcome.OTHER_ISSUER, Outcome.UNREADABLE}


@in_every_form
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_certificate_is_valid_and_says_what_was_put_in(
    form: Form, make: Callable[[Any], Any], name: str
) -> None:
    of = facts(holder_name=name)
    verdict = verify(make(of), trusted())
    assert (verdict.outcome, verdict.form, verdict.status.check) == (
        Outcome.VALID, form, StatusCheck.NOT_CHECKED
    )  # fmt: skip
    says = verdict.says
    assert says is not None
    assert (says.holder_name, says.number, says.credential_id) == (name, of.number, of.credential_id)
    assert (says.campaign, says.constituency, says.segment) == ("Modi Mitra", "Malappuram", "Kondotty")
    assert (says.issuer, says.issued_at) == (ISSUER, int(NOW))
    assert (says.list_number, says.list_index) == (of.status.number, of.status.index)


@in_every_form
def test_a_revoked_certificate_is_told_with_the_date_of_the_list(
    form: Form, make: Callable[[Any], Any]
) -> None:
    revoked = read_status_list(status_token(123_456), trusted())
    verdict = verify(make(facts()), trusted(), revoked, NOW + 60)
    assert (verdict.outcome, verdict.form, verdict.status.as_of) == (Outcome.REVOKED, form, int(NOW))
    others = read_status_list(status_token(123_455, 123_457), trusted())
    verdict = verify(make(facts()), trusted(), others, NOW + 60)
    assert (verdict.outcome, verdict.status.check) == (Outcome.VALID, StatusCheck.CHECKED)


def test_a_list_that_has_run_out_still_revokes_but_proves_nothing_else() -> None:
    late = NOW + VALID_SECONDS
    verdict = verify(token(facts()), trusted(), read_status_list(status_token(), trusted()), late)
    assert (verdict.outcome, verdict.status.check) == (Outcome.VALID, StatusCheck.LIST_EXPIRED)
    assert "has run out" in verdict.reason
    verdict = verify(token(facts()), trusted(), read_status_list(status_token(123_456), trusted()), late)
    assert (verdict.outcome, verdict.status.check) == (Outcome.REVOKED, StatusCheck.LIST_EXPIRED)


def test_another_list_says_nothing() -> None:
    another = read_status_list(status_token(123_456, number=4), trusted())
    verdict = verify(token(facts()), trusted(), another, NOW)
    assert (verdict.outcome, verdict.status.check) == (Outcome.VALID, StatusCheck.NOT_CHECKED)


def test_every_flipped_bit_of_a_code_is_noticed() -> None:
    whole = code(facts())
    for place in range(len(whole) * 8):
        changed = bytearray(whole)
        changed[place >> 3] ^= 1 << (place & 7)
        assert verify(bytes(changed), trusted()).outcome in REJECTED, place


def test_every_changed_character_of_a_token_is_noticed() -> None:
    whole = token(facts())
    for place, letter in enumerate(whole):
        for other in {chr(ord(letter) ^ 1), "A", "."} - {letter}:
            changed = whole[:place] + other + whole[place + 1 :]
            assert verify(changed, trusted()).outcome in REJECTED, (place, other)


def test_every_changed_value_of_a_proven_document_is_noticed() -> None:
    whole = json.dumps(proven(facts()), ensure_ascii=False)
    for place, letter in enumerate(whole):
        changed = whole[:place] + ("x" if letter != "x" else "y") + whole[place + 1 :]
        assert verify(changed, trusted()).outcome in REJECTED, (place, letter)


@in_every_form
def test_a_truncated_certificate_is_unreadable(form: Form, make: Callable[[Any], Any]) -> None:
    whole = make(facts())
    if isinstance(whole, dict):
        whole = json.dumps(whole)
    assert form in Form
    for size in {0, 1, 8, len(whole) // 2, len(whole) - 4}:
        assert verify(whole[:size], trusted()).outcome in {Outcome.UNREADABLE, Outcome.ALTERED}


@in_every_form
def test_a_key_that_is_not_published_is_named(form: Form, make: Callable[[Any], Any]) -> None:
    nobody = replace(trusted(), es256={}, ed25519={})
    verdict = verify(make(facts()), nobody)
    kid = signer("EdDSA" if form is Form.DATA_INTEGRITY else "ES256").kid
    assert (verdict.outcome, verdict.kid, verdict.says) == (Outcome.UNKNOWN_KEY, kid, None)
    assert kid in verdict.reason


@in_every_form
def test_a_certificate_of_another_issuer_is_told_from_an_altered_one(
    form: Form, make: Callable[[Any], Any]
) -> None:
    another = replace(trusted(), issuer="did:web:other.example.org")
    verdict = verify(make(facts()), another)
    assert (verdict.outcome, verdict.form, verdict.says) == (Outcome.OTHER_ISSUER, form, None)
    assert ISSUER in verdict.reason


@in_every_form
def test_the_same_key_id_with_another_key_is_an_altered_certificate(
    form: Form, make: Callable[[Any], Any]
) -> None:
    stranger = TrustedKeys.of(_other_keys(), PUBLIC_URL)
    es256, ed25519 = next(iter(stranger.es256.values())), next(iter(stranger.ed25519.values()))
    swapped = replace(trusted(), es256={signer().kid: es256}, ed25519={signer("EdDSA").kid: ed25519})
    verdict = verify(make(facts()), swapped)
    assert (verdict.outcome, verdict.form, verdict.says) == (Outcome.ALTERED, form, None)


def _other_keys() -> Any:
    from mitra_shared.credential.keys import IssuerKeys, new_issuer_keys  # noqa: PLC0415

    return IssuerKeys.from_json(new_issuer_keys(NOW))


def test_what_else_the_issuer_signed_is_no_certificate() -> None:
    assert verify(status_token(), trusted()).outcome is Outcome.UNREADABLE
    signed = signing_input_of({"iss": ISSUER, "sub": "somebody"}, ISSUER, signer().kid)
    verdict = verify(assemble(signed, signer().sign(signed)), trusted())
    assert (verdict.outcome, verdict.says) == (Outcome.UNREADABLE, None)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "typ": "vc+jwt"},
        {"alg": "HS256", "typ": "vc+jwt"},
        {"alg": "ES256", "typ": "JWT"},
        {"alg": "ES256", "typ": "vc+jwt", "crit": ["b64"], "b64": False},
        {"alg": "ES256", "typ": "vc+jwt", "kid": 7},
        ["alg"],
    ],
)
def test_a_token_with_another_header_is_unreadable(header: Any) -> None:
    if isinstance(header, dict):
        header = {"kid": f"{ISSUER}#{signer().kid}"} | header
    body = token(facts()).split(".")[1]
    signed = f"{base64url(json.dumps(header).encode())}.{body}".encode()
    verdict = verify(assemble(signed, signer().sign(signed)), trusted())
    assert verdict.outcome is Outcome.UNREADABLE


def test_a_document_that_says_a_thing_twice_is_unreadable() -> None:
    text = json.dumps(proven(facts()))
    doubled = text.replace('"licenseNumber":', '"licenseNumber": "S11-AC033-0001", "licenseNumber":')
    assert verify(doubled, trusted()).outcome is Outcome.UNREADABLE


def test_the_key_of_another_document_cannot_be_lent() -> None:
    document = proven(facts(issuer="https://other.example.org"))
    document["proof"]["verificationMethod"] = f"{ISSUER}#{signer('EdDSA').kid}"
    assert verify(document, trusted()).outcome in REJECTED


def test_spare_bits_of_a_signature_are_no_second_spelling() -> None:
    whole = token(facts())
    assert from_base64url(whole.rpartition(".")[2])
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = letters.index(whole[-1])
    for spare in range(1, 16):
        assert verify(whole[:-1] + letters[last ^ spare], trusted()).outcome is Outcome.UNREADABLE


@pytest.mark.parametrize(
    "given_text",
    [
        "", " ", "#", "https://mitra.example.org/v", "https://mitra.example.org/v#", "HELLO", "{}", "{", "[]",
        "null", "{" * 20_000, '{"a":' * 9_000, "a.b.c", "..", "A" * 70_000, b"\xd2", b"\xff" * 100, "\ud800",
        b"\xd2\x84" + b"\x5b" + b"\xff" * 8, {"proof": []}, {"@context": {}}, "WIFI:S:home;T:WPA;P:secret;;",
        "अ" * 500,
    ],
)  # fmt: skip
def test_a_foreign_code_is_unreadable(given_text: Any) -> None:
    verdict = verify(given_text, trusted())
    assert (verdict.outcome, verdict.says) == (Outcome.UNREADABLE, None)
    assert len(verdict.reason) < 300


@settings(deadline=None)
@given(st.text(max_size=400) | st.binary(max_size=400))
def test_no_input_raises(anything: str | bytes) -> None:
    assert verify(anything, trusted()).outcome in REJECTED


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_no_cut_or_changed_code_raises(data: st.DataObject) -> None:
    whole = code(facts())
    start, end = data.draw(st.integers(0, len(whole))), data.draw(st.integers(0, len(whole)))
    changed = whole[:start] + data.draw(st.binary(max_size=20)) + whole[end:]
    assert verify(changed, trusted()).outcome in (REJECTED if changed != whole else {Outcome.VALID})


@settings(deadline=None, max_examples=100)
@given(
    st.dictionaries(
        st.sampled_from(
            ["@context", "id", "type", "issuer", "proof", "credentialSubject", "credentialStatus"]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=20),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
            ),
            max_leaves=8,
        ),
    )
)
def test_no_document_raises(part: dict[str, Any]) -> None:
    assert verify(proven(facts()) | part, trusted()).outcome in REJECTED | {Outcome.VALID}


def test_an_oversized_code_is_refused_before_it_is_read() -> None:
    with pytest.raises(NotOurCose, match="at most 4096 bytes"):
        decode_cose(b"\xd2" * (LARGEST + 1))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (b"\x03\x6aModi Mitra", b"\x02\x6aModi Mitra", "part 3 of claim"),
        (b"\x6aModi Mitra", b"\x78\x0aModi Mitra", "as short as can be"),
        (b"\x6aModi Mitra", b"\x7fjModi Mitra\xff", "something else"),
        (b"\x6aModi Mitra", b"\x4aModi Mitra", "something else"),
        (b"Kondotty", b"Kondott\xff", "not UTF-8"),
        (b"\x07\x62hi", b"\x07\x62hi\xf6", "more follows"),
    ],
)
def test_a_payload_of_another_form_is_refused_with_the_difference(
    old: bytes, new: bytes, complaint: str
) -> None:
    payload = cose_payload(cose_contents(facts()))
    assert old in payload
    changed = payload.replace(old, new)
    signature = signer().sign(cose_signing_input(changed, signer().kid))
    with pytest.raises(NotOurCose, match=complaint):
        decode_cose(assemble_cose(changed, signer().kid, signature))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (b"\xd2\x84", b"\xd1\x84", "tag 18"),
        (b"\xa2\x01\x26\x04", b"\xa2\x04\x26\x01", "protected header"),
        (b"\xa0", b"\xa1\x04\x40", "empty unprotected"),
    ],
)
def test_a_code_of_another_form_is_refused_with_the_difference(
    old: bytes, new: bytes, complaint: str
) -> None:
    whole = code(facts())
    assert old in whole
    with pytest.raises(NotOurCose, match=complaint):
        decode_cose(whole.replace(old, new, 1))


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"keys": 7}', '{"keys": [{}]}', '{"verificationMethod": 1}', "{" * 100_000,
     '{"id": "did:web:a", "assertionMethod": ["x"], "verificationMethod": [{"id": "x"}]}'],
)  # fmt: skip
def test_keys_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(BadTrust):
        TrustedKeys.from_json(text, PUBLIC_URL)


def test_a_jwks_without_an_issuer_is_refused() -> None:
    with pytest.raises(BadTrust, match="does not say whose it is"):
        TrustedKeys.from_json(json.dumps(issuer_keys().public_jwks()))
