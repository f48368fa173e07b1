"""Broadcasts: one text to many people. What a text may be, which states there are, what figures tell."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from math import floor, log
from typing import Final, NewType
from uuid import UUID

BroadcastId = NewType("BroadcastId", UUID)


class BroadcastState(StrEnum):
    """How far a broadcast is."""

    DRAFT = "draft"
    """Waits for its approval."""
    APPROVED = "approved"
    """Waits for its time, or to be prepared."""
    PREPARING = "preparing"
    """People are being noted; the first may be told already."""
    SENDING = "sending"
    DONE = "done"
    CANCELLED = "cancelled"


class Held(StrEnum):
    """Why nothing of a broadcast goes out although it is approved."""

    FROZEN = "frozen"
    """Issuing is frozen (model code of conduct)."""
    QUIET = "quiet"
    """It is night."""
    RATE = "rate"
    """As many went out as may."""


LONGEST_TEXT: Final = 300
APPROVE_WITHIN: Final = timedelta(days=7)
"""From the draft; an older one is cancelled."""
SEND_WITHIN: Final = timedelta(days=7)
"""From the approval, or from the time it was to wait for; what has not gone then is dropped."""
LATEST_START: Final = timedelta(days=30)
MOST_OPEN: Final = 5
"""Broadcasts of one member of staff that are not at their end."""
SHOWN_FROM: Final = 10
EPSILON: Final = 0.5
"""What a figure may tell of one person: five of six are moved by at most three."""

_JOINERS: Final = frozenset("\u200c\u200d")
"""Written in Hindi and Urdu; every other invisible sign is refused."""
_UNFIT: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_LINK: Final = re.compile(
    r"://|\bwww\.|[^\s.\u3002][.\u3002][^\s\d.\u3002]{2}|\b\d{1,3}(?:\.\d{1,3}){3}\b|@", re.IGNORECASE
)
"""What phones make a link of, in compatibility form: other full stops are dots there, or U+3002."""


class UnfitText(ValueError):
    """A text cannot be sent; the message says why, `expected` what would be right."""

    def __init__(self, why: str, expected: str) -> None:
        super().__init__(why)
        self.expected = expected


def clean_text(raw: str) -> str:
    """The text as it is sent: composed, without blanks at its ends.

    Raises:
        UnfitText: see there.
    """
    text = unicodedata.normalize("NFC", raw).strip()
    if not 1 <= len(text) <= LONGEST_TEXT:
        raise UnfitText(f"has {len(text)} characters", f"1 to {LONGEST_TEXT} characters")
    if any(unicodedata.category(sign) in _UNFIT and sign not in _JOINERS for sign in text):
        raise UnfitText("holds a line break or an invisible sign", "one line of plain text")
    if not any(sign.isalpha() for sign in text):
        raise UnfitText("holds no letter", "words")
    if _LINK.search(unicodedata.normalize("NFKC", text)):
        raise UnfitText(
            "holds a link or an address, or has no blank after a full stop",
            "plain words; the link to the person's own page is added to every message",
        )
    return text


def at_most(people: int) -> int:
    """How many people a broadcast reaches at most, in whole tens, from everybody who was ever enrolled.

    Whoever withdraws or wants no messages changes nothing of it, so that it betrays neither.
    """
    return -(-people // SHOWN_FROM) * SHOWN_FROM


def shown(number: int, chance: bytes) -> int | None:
    """A count of messages as it is told: moved by a few, in whole tens, and none at all below ten.

    Whole tens alone would tell of one person wherever the count without that person ends in nine. Moved by
    two-sided geometric noise, every figure that is told may stand for one more or one fewer: it is at most
    1.65 (e to the `EPSILON`) times as likely for the one as for the other.

    Args:
        number: exact.
        chance: 16 secret bytes, the same whenever this figure is told: others each time would average out.

    Source: Ghosh, Roughgarden and Sundararajan, Universally utility-maximizing privacy mechanisms, 2009.
    """
    moved = number + _geometric(chance[:8]) - _geometric(chance[8:16])
    return None if moved < SHOWN_FROM else (moved + SHOWN_FROM // 2) // SHOWN_FROM * SHOWN_FROM


def _geometric(chance: bytes) -> int:
    """From 0 on, each number e to the `EPSILON` times as rare as the one before."""
    return floor(-log((int.from_bytes(chance) + 1) / 2**64) / EPSILON)


def by_outcome(counts: Mapping[tuple[str, str | None], int]) -> dict[str, int]:
    """Messages of a broadcast by what came of them, from their counts by (state, why)."""
    told = dict.fromkeys(("waiting", "sent", "failed", "expired", "cancelled", "no_longer_wanted"), 0)
    for (state, why), number in counts.items():
        if state != "dropped":
            told[state] += number
        else:
            told[why if why in {"expired", "cancelled"} else "no_longer_wanted"] += number
    return told
