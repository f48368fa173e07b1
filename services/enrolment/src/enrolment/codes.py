"""One-time codes: six digits that follow from the id of a challenge by a key, so that none is ever stored."""

from datetime import timedelta
from typing import Final, NewType
from uuid import UUID

from mitra_shared.security.lookup import KeyedHash

ChallengeId = NewType("ChallengeId", UUID)
"""Random; stands in the outbox and in the table of codes, and tells nothing without the key."""

VALID_FOR: Final = timedelta(minutes=10)
TRIES: Final = 5
"""With one code."""
CODES_AN_HOUR: Final = 3
CODES_A_DAY: Final = 10
"""Of one receipt: at most 50 guesses a day at a million codes."""
DIGITS: Final = 6


def code_of(challenge: ChallengeId, key: KeyedHash) -> str:
    """The code of a challenge."""
    number = int.from_bytes(key.digest("one-time-code", challenge.bytes)) % 10**DIGITS
    return f"{number:0{DIGITS}}"
