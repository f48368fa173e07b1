"""The receipt of an enrolment: what the person keeps, and what opens the page of the own data.

It follows from the Mitra's id by a key, so a replay gives the same one and nobody can guess one (60 bits).
The row holds a keyed hash of it: whoever copies the table has no receipt.
"""

from itertools import product
from typing import Final, NewType

from mitra_shared.ids import MitraId
from mitra_shared.security.lookup import KeyedHash

Receipt = NewType("Receipt", str)
"""12 characters of Crockford's base32, in capitals."""

LENGTH: Final = 12
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TRIPLES: Final = tuple(map("".join, product(_CROCKFORD, repeat=3)))
"""Three characters for each 15 bits."""
_AS_MEANT: Final = str.maketrans("OIL", "011", "- ")
_LONGEST_TYPED: Final = 40


def receipt_of(mitra: MitraId, key: KeyedHash) -> Receipt:
    """The receipt of a person."""
    bits = int.from_bytes(key.digest("receipt", mitra.bytes)[:8])
    return Receipt(
        _TRIPLES[bits >> 49]
        + _TRIPLES[bits >> 34 & 0x7FFF]
        + _TRIPLES[bits >> 19 & 0x7FFF]
        + _TRIPLES[bits >> 4 & 0x7FFF]
    )


def receipt_hash(receipt: Receipt, key: KeyedHash) -> bytes:
    """What the row is found by."""
    return key.digest("receipt-of-row", receipt)


def read_receipt(typed: str) -> Receipt | None:
    """A receipt as somebody types it: small letters, hyphens and blanks, O for 0, I and L for 1."""
    if len(typed) > _LONGEST_TYPED:
        return None
    text = typed.upper().translate(_AS_MEANT)
    return Receipt(text) if len(text) == LENGTH and set(text) <= set(_CROCKFORD) else None


def written_receipt(receipt: Receipt) -> str:
    """In groups of four, as it is written on paper: `7K3M-Q0XW-9ZT4`."""
    return "-".join(receipt[start : start + 4] for start in range(0, LENGTH, 4))


def receipt_path(receipt: Receipt) -> str:
    """Where the person's page is."""
    return f"/r/{receipt}"
