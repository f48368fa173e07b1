"""What a refresh token is worth when it is presented: the next one, the same one again, or an alarm.

Every refresh token is used once and gives its successor. A session is a family of tokens, one after the
other. A phone whose answer was lost has to ask again with the token it spent, and two tabs may ask at
once; a thief who copied a token will sooner or later present a spent one. The three are told apart like
this:

- The current token is exchanged for its successor.
- The token just before it, within 60 s of that exchange and once only, gives **the same successor**
  again, not another one: whoever asks twice ends up with one token, and no branch of the family is left
  behind to be found 'spent' later. Once more within that time it gives nothing and harms nothing.
- Any other token that we once gave is replayed: the whole family ends and both holders have to sign in.

A token that we never gave says nothing about the session: it is refused, and changes nothing.
"""

from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final, NamedTuple

ACCESS_LIFETIME: Final = timedelta(minutes=10)
REFRESH_LIFETIME: Final = timedelta(days=60)
"""From the last use: phones are offline for long."""
RETRY_WITHIN: Final = timedelta(seconds=60)


class Exchange(Enum):
    """What is done with a token that we gave."""

    ROTATE = auto()
    REPEAT = auto()
    ALREADY_DONE = auto()
    REPLAYED = auto()
    EXPIRED = auto()
    ENDED = auto()


class Family(NamedTuple):
    """What is known of a session when one of its tokens is presented."""

    generation: int
    rotated_at: datetime
    retried: bool
    expires_at: datetime
    has_ended: bool


def judge_token(family: Family, *, generation: int, is_current: bool, now: datetime) -> Exchange:
    """What to do.

    Args:
        family: the session as it stands.
        generation: of the token; the tag on it proves that we gave it.
        is_current: whether it is the very token whose hash the session holds.
        now: the present instant.
    """
    if family.has_ended:
        return Exchange.ENDED
    if now >= family.expires_at:
        return Exchange.EXPIRED
    if is_current:
        return Exchange.ROTATE
    if generation != family.generation - 1 or now - family.rotated_at > RETRY_WITHIN:
        return Exchange.REPLAYED
    return Exchange.ALREADY_DONE if family.retried else Exchange.REPEAT
