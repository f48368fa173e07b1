import json
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitra_shared.security.sealing import (
    BadKeyRing,
    DamagedSeal,
    KeyRing,
    SealError,
    UnknownSealKey,
    WrongSealContext,
    new_key_ring,
    with_new_key,
)

RING = KeyRing("2026-11", {"2026-11": bytes(range(32))})
CONTEXT = b"mitra/0193e2f0/name"
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


@given(text=texts, context=st.binary(max_size=64))
def test_what_is_sealed_opens_again(text: str, context: bytes) -> None:
    assert RING.open(RING.seal(text, context=context), context=context) == text


@given(text=texts.filter(lambda text: len(text) > 3))
def test_a_sealed_text_shows_nothing_of_the_plaintext_and_fits_a_url(text: str) -> None:
    sealed = RING.seal(text, context=CONTEXT)
    assert sealed.isascii()
    assert sealed.replace("-", "").replace("_", "").isalnum()
    assert sealed != RING.seal(text, context=CONTEXT)


@given(data=st.data())
def test_any_altered_character_is_noticed(data: st.DataObject) -> None:
    sealed = RING.seal("रवि कुमार", context=CONTEXT)
    place = data.draw(st.integers(0, len(sealed) - 1))
    other = data.draw(st.characters(codec="latin-1").filter(lambda c: c != sealed[place]))
    with pytest.raises(SealError):
        RING.open(sealed[:place] + other + sealed[place + 1 :], context=CONTEXT)


@given(kept=st.integers(0, 70), tail=st.text(max_size=3))
def test_a_cut_or_lengthened_text_is_damaged(kept: int, tail: str) -> None:
    sealed = RING.seal("Ravi Kumar", context=CONTEXT)
    if sealed[:kept] + tail != sealed:
        with pytest.raises(DamagedSeal):
            RING.open(sealed[:kept] + tail, context=CONTEXT)


@given(context=st.binary(max_size=64).filter(lambda c: c != CONTEXT))
def test_another_context_does_not_open_it(context: bytes) -> None:
    with pytest.raises(WrongSealContext):
        RING.open(RING.seal("Ravi Kumar", context=CONTEXT), context=context)


def test_old_keys_open_and_the_active_one_seals() -> None:
    first_json = new_key_ring("2026-11")
    first = KeyRing.from_json(first_json)
    second = KeyRing.from_json(with_new_key(first_json, "2027-01"))
    old = first.seal("Ravi Kumar", context=CONTEXT)
    assert second.open(old, context=CONTEXT) == "Ravi Kumar"
    with pytest.raises(UnknownSealKey, match="2027-01") as refused:
        first.open(second.seal("Ravi Kumar", context=CONTEXT), context=CONTEXT)
    assert refused.value.key_id == "2027-01"


def test_another_key_of_the_same_id_does_not_open_it() -> None:
    other = KeyRing("2026-11", {"2026-11": bytes(32)})
    with pytest.raises(WrongSealContext):
        other.open(RING.seal("Ravi Kumar", context=CONTEXT), context=CONTEXT)


@pytest.mark.parametrize(
    ("ring", "complaint"),
    [
        ("nonsense", "a key ring is JSON"),
        ("[]", "a key ring is JSON"),
        ('{"active": "a"}', "a key ring is JSON"),
        ('{"active": "a", "keys": {"a": "!!!"}}', "a key ring is JSON"),
        (json.dumps({"active": "a", "keys": {"a": b64encode(b"short-secret").decode()}}), "12 bytes"),
        (json.dumps({"active": "b", "keys": {"a": b64encode(bytes(32)).decode()}}), "active key 'b'"),
        (json.dumps({"active": "a" * 33, "keys": {"a" * 33: b64encode(bytes(32)).decode()}}), "1 to 32"),
    ],
)
def test_a_bad_ring_is_refused_in_words_without_key_material(ring: str, complaint: str) -> None:
    with pytest.raises(BadKeyRing, match=complaint) as refused:
        KeyRing.from_json(ring)
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_key_id_is_given_once() -> None:
    with pytest.raises(BadKeyRing, match="already"):
        with_new_key(new_key_ring("2026-11"), "2026-11")
