"""What is said of one paper at its hand-over: how it is named, and what can come of it."""

import re
from enum import StrEnum
from typing import Final, NamedTuple

from mitra_shared.ids import AreaCode

_NUMBER: Final = re.compile(r"([A-Z0-9][A-Z0-9-]{0,31})-([0-9]{4,9})")


class HandOverOutcome(StrEnum):
    """What came of one record. The first is the only one that changes anything."""

    HANDED_OVER = "handed_over"
    ALREADY = "already"
    VOID = "void"
    REPLACED = "replaced"
    REVOKED = "revoked"
    OTHER_CONSTITUENCY = "other_constituency"
    UNKNOWN = "unknown"
    ALTERED = "altered"
    NOT_OURS = "not_ours"
    UNREADABLE = "unreadable"
    PROGRAMME_UNKNOWN = "programme_unknown"
    RECORD_REUSED = "record_reused"


class ReprintReason(StrEnum):
    """Why paper is printed again. A list, since words of one's own could tell of a person."""

    MISPRINTED = "misprinted"
    TORN = "torn"
    LOST = "lost"
    NEVER_ARRIVED = "never_arrived"
    OTHER = "other"


class VisibleNumber(NamedTuple):
    """The number people read, taken apart."""

    segment: AreaCode
    serial: int


def read_number(text: str) -> VisibleNumber | None:
    """The visible number in a text such as `S11-AC032-0007`, in any case, blanks around; else None."""
    found = _NUMBER.fullmatch(text.strip().upper())
    if found is None:
        return None
    serial = int(found[2])
    # Only the one spelling that is printed: `00007` is a slip.
    if serial == 0 or found[2] != f"{serial:04d}":
        return None
    return VisibleNumber(AreaCode(found[1]), serial)
