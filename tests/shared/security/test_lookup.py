import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitra_shared.security.lookup import BadLookupKey, KeyedHash, derived_uuid, new_lookup_key

KEY = bytes(range(32))
parts = st.lists(st.text(st.characters(exclude_categories=["Cs"])) | st.binary(), max_size=4)


def as_bytes(part: str | bytes) -> bytes:
    return part.encode() if isinstance(part, str) else part


@given(one=parts, other=parts)
def test_two_lists_of_parts_have_the_same_digest_only_if_they_are_the_same(
    one: list[str | bytes], other: list[str | bytes]
) -> None:
    hash_ = KeyedHash(KEY)
    same = [as_bytes(p) for p in one] == [as_bytes(p) for p in other]
    assert (hash_.digest(*one) == hash_.digest(*other)) is same


def test_the_digest_needs_the_key() -> None:
    assert KeyedHash(KEY).digest("+919812345678") != KeyedHash(bytes(32)).digest("+919812345678")
    assert len(KeyedHash(KEY).digest("+919812345678")) == 32


def test_digests_are_those_that_rows_were_kept_under() -> None:
    assert KeyedHash(KEY).digest("phone", "modi-mitra", "+919812345678").hex() == (
        "8dff37cac99bde61597a4ba631fb3ff18a3dd60f5e153f994f2ce36f90898acd"
    )


@given(parts=parts)
def test_a_derived_uuid_is_of_version_8_and_repeatable(parts: list[str | bytes]) -> None:
    found = derived_uuid(KEY, *parts)
    assert found.version == 8
    assert found.variant == "specified in RFC 4122"
    assert found == KeyedHash(KEY).uuid(*parts)


def test_a_released_derivation_never_changes() -> None:
    assert str(derived_uuid(KEY, "certificate", b"\x01")) == "1c4fada4-e5ce-81c6-a28a-fc1e6e3071ce"


@pytest.mark.parametrize("text", ["", "short", "%%%%", "QUJD"])
def test_a_key_that_is_short_or_not_base64_is_refused(text: str) -> None:
    with pytest.raises(BadLookupKey):
        KeyedHash.from_base64(text)


def test_a_new_key_is_usable() -> None:
    assert KeyedHash.from_base64(new_lookup_key()).digest("a")
