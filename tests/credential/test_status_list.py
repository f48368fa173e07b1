"""Status lists: small, bounded, signed; and places that nobody can guess."""

import gzip
import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mitra_shared.credential.encoding import base64url
from mitra_shared.credential.permutation import SIZE, Permutation
from mitra_shared.credential.status_list import (
    BYTES,
    VALID_SECONDS,
    BadStatusList,
    decoded,
    encoded,
    packed,
    read_status_list,
    status_document,
    status_signing_input,
)
from mitra_shared.credential.vc_jwt import assemble, signing_input_of, take_apart
from tests.credential.made import ISSUER, NOW, facts, signer, status_token, token, trusted

KEY = b"a key that only the issuer holds"


@settings(deadline=None)
@given(st.sets(st.integers(0, SIZE - 1), max_size=200))
def test_what_is_packed_is_read_back(revoked: set[int]) -> None:
    bits = decoded(encoded(packed(revoked)))
    assert {place for place in revoked if bits[place >> 3] & 0x80 >> (place & 7)} == revoked
    assert sum(map(int.bit_count, bits)) == len(revoked)


def test_bits_are_counted_from_the_left() -> None:
    assert packed([0, 9])[:2] == b"\x80\x40"
    assert packed([SIZE - 1])[-1] == 1


@pytest.mark.parametrize("place", [-1, SIZE])
def test_a_place_outside_the_list_is_an_error(place: int) -> None:
    with pytest.raises(IndexError):
        packed([place])


def test_a_list_of_half_a_million_with_one_in_a_hundred_revoked_is_below_ten_kilobytes() -> None:
    revoked = map(Permutation(KEY, 0).place, range(5_000))
    assert len(encoded(packed(revoked))) * 3 / 4 < 10_000


def test_the_same_bits_always_give_the_same_text() -> None:
    assert encoded(packed([1, 2, 3])) == encoded(packed([3, 2, 1]))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "z" + base64url(gzip.compress(bytes(BYTES))),
        "u" + base64url(bytes(BYTES)),
        "u" + base64url(gzip.compress(bytes(BYTES - 1))),
        "u" + base64url(gzip.compress(bytes(BYTES + 1))),
        "u" + base64url(gzip.compress(bytes(100_000_000))),
        "u" + base64url(gzip.compress(bytes(BYTES))[:-4]),
        "u" + base64url(gzip.compress(bytes(BYTES)) + b"more"),
        "u" + "A" * 300_000,
        "uअ",
    ],
    ids=[
        "empty",
        "base58",
        "no gzip",
        "short",
        "long",
        "a bomb",
        "cut",
        "with a tail",
        "oversized",
        "letters",
    ],
)
def test_what_is_no_list_of_that_size_is_refused(text: str) -> None:
    with pytest.raises(BadStatusList):
        decoded(text)


def test_a_signed_list_says_when_it_was_made_and_until_when_it_holds() -> None:
    found = read_status_list(status_token(7), trusted())
    assert (found.issuer, found.number, found.issued_at) == (ISSUER, 3, int(NOW))
    assert found.valid_until - found.issued_at == VALID_SECONDS
    assert found.revoked(7)
    assert not found.revoked(8)


def test_its_dates_are_said_for_machines_of_either_kind() -> None:
    said = json.loads(take_apart(status_token(), 1_000_000).payload)
    assert (said["validFrom"], said["validUntil"]) == ("2026-11-24T03:18:10Z", "2026-12-01T03:18:10Z")
    assert said["exp"] - said["iat"] == VALID_SECONDS


def test_a_changed_list_is_refused() -> None:
    whole = status_token(7)
    for place in range(0, len(whole), 7):
        changed = whole[:place] + ("A" if whole[place] != "A" else "B") + whole[place + 1 :]
        with pytest.raises(BadStatusList):
            read_status_list(changed, trusted())


def test_a_certificate_is_no_list() -> None:
    with pytest.raises(BadStatusList, match="no list"):
        read_status_list(token(facts()), trusted())


def test_a_list_of_another_issuer_is_refused() -> None:
    document = status_document("https://other.example.org", "Other", 3, packed([]), NOW)
    signed = status_signing_input(document, signer().kid)
    with pytest.raises(BadStatusList, match="another issuer"):
        read_status_list(assemble(signed, signer().sign(signed)), trusted())
    signed = signing_input_of(document, ISSUER, signer().kid)
    with pytest.raises(BadStatusList, match="no list"):
        read_status_list(assemble(signed, signer().sign(signed)), trusted())


def test_every_place_is_taken_once() -> None:
    places = Permutation(KEY, 0).place
    assert len({places(counter) for counter in range(SIZE)}) == SIZE


def test_places_tell_neither_order_nor_list() -> None:
    first, second, stranger = Permutation(KEY, 0), Permutation(KEY, 1), Permutation(KEY[::-1], 0)
    own = [first.place(counter) for counter in range(20_000)]
    again = Permutation(KEY, 0)
    assert own == [again.place(counter) for counter in range(20_000)]
    for other in (second, stranger):
        assert sum(other.place(counter) == place for counter, place in enumerate(own)) < 10
    assert 9_500 < sum(a < b for a, b in pairwise(own)) < 10_500
    assert abs(sum(own) / len(own) / SIZE - 0.5) < 0.01


@pytest.mark.parametrize("counter", [-1, SIZE])
def test_a_list_has_no_place_for_more(counter: int) -> None:
    with pytest.raises(ValueError, match="the list is full"):
        Permutation(KEY, 0).place(counter)
