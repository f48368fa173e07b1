"""Counter -> place in a status list: every place once, in an order that nobody without the key can tell.

So a place says nothing about when a certificate was issued, or where, and no place has to be looked for.
A Feistel network of eight rounds over the 19 bits of a place; its round functions are tables, made once.
"""

import hmac
from hashlib import blake2b
from typing import Final

_ROUNDS: Final = 8
_LEFT_BITS: Final = 10
_RIGHT_BITS: Final = 9
SIZE: Final = 1 << (_LEFT_BITS + _RIGHT_BITS)
"""Places in a list: 524,288."""

_LEFT_MASK: Final = (1 << _LEFT_BITS) - 1
_RIGHT_MASK: Final = (1 << _RIGHT_BITS) - 1


class Permutation:
    """The order in which the places of one list are taken; making it takes about 10 milliseconds."""

    def __init__(self, key: bytes, list_number: int) -> None:
        """Derive the order of a list from a secret key of at least 16 bytes."""
        own = hmac.digest(key, b"places of status list %d" % list_number, "sha256")
        self._tables = [
            _table(own, round_number, _RIGHT_BITS if round_number % 2 == 0 else _LEFT_BITS)
            for round_number in range(_ROUNDS)
        ]

    def place(self, counter: int) -> int:
        """The place of the certificate that is number `counter` in its list, 0 to 524,287.

        Raises:
            ValueError: the list has no such place.
        """
        if not 0 <= counter < SIZE:
            raise ValueError(f"{counter} is not 0 to {SIZE - 1}: the list is full")
        left, right = counter >> _RIGHT_BITS, counter & _RIGHT_MASK
        for round_number in range(0, _ROUNDS, 2):
            left ^= self._tables[round_number][right] & _LEFT_MASK
            right ^= self._tables[round_number + 1][left] & _RIGHT_MASK
        return left << _RIGHT_BITS | right


def _table(key: bytes, round_number: int, bits: int) -> list[int]:
    """The round function for every half of `bits` bits."""
    person = b"round %d" % round_number
    return [
        int.from_bytes(blake2b(half.to_bytes(2), key=key, person=person, digest_size=2).digest())
        for half in range(1 << bits)
    ]
