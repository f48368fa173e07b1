"""The pace of messages in bulk: a token bucket, so exact that no 60 seconds ever see more than the limit.

What a process can send at once is shared evenly by the campaigns whose buckets allow it.
"""

from collections.abc import Sequence
from datetime import datetime
from math import ceil
from typing import Final, NamedTuple


class Pace(NamedTuple):
    """The bucket as it was left."""

    tokens: float
    filled_at: datetime


_SLOW: Final = 20


def burst(a_minute: int) -> int:
    """What may go at once: the messages of a second and one more, since senders look once a second."""
    return 1 if a_minute < _SLOW else 1 + ceil(a_minute / 60)


def refilled(pace: Pace, a_minute: int, now: datetime) -> Pace:
    """The bucket at `now`.

    In 60 seconds what was saved up goes besides what comes in; so that both together are no more than
    `a_minute`, what comes in is less by what can be saved up. A clock that is behind that of another process
    fills nothing twice.
    """
    most = burst(a_minute)
    seconds = max(0.0, (now - pace.filled_at).total_seconds())
    tokens = pace.tokens + seconds * (a_minute - most + 1) / 60
    return Pace(min(float(most), tokens), max(now, pace.filled_at))


def shares(room: int, wanted: Sequence[int]) -> list[int]:
    """What each of those gets who want so much: one each in turn, from the first on, until `room` is used up.

    Whoever wants little gets that, and the others share what is left.
    """
    given = [0] * len(wanted)
    while room > 0 and any(have < want for have, want in zip(given, wanted, strict=True)):
        for index, want in enumerate(wanted):
            if room > 0 and given[index] < want:
                given[index] += 1
                room -= 1
    return given
