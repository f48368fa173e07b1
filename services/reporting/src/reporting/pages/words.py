"""How counts, shares, times and marks are written on screens."""

from datetime import datetime
from typing import Final

from mitra_shared.campaign.definition import Evidence
from reporting.domain.days import IST

EVIDENCE_WORDS: Final = {
    Evidence.NAMED: ("Named", "Named in published reports as one of the 65 seats"),
    Evidence.STATE_REPORT: (
        "State report",
        "Counted in a report about its state; the seat itself was not named",
    ),
    Evidence.ASSUMED: ("Assumed", "Not reported anywhere: assumed, to make up the 65 seats"),
}
"""A short word for each mark, and what it means."""

_FIRST_GROUP: Final = 3


def indian(number: int) -> str:
    """Digits grouped the Indian way: 325000 is 3,25,000."""
    digits = str(abs(number))
    head, tail = digits[:-_FIRST_GROUP], digits[-_FIRST_GROUP:]
    groups = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)][::-1]
    return ("-" if number < 0 else "") + ",".join([*groups, tail])


def percent(part: int, whole: int) -> str:
    """Share in per cent, one decimal below 10."""
    share = 100 * part / whole if whole else 0.0
    return f"{share:.1f} %" if 0 < share < 10 else f"{share:.0f} %"  # noqa: PLR2004 - where a decimal stops mattering


def clock(instant: datetime) -> str:
    """Time of day in India."""
    return instant.astimezone(IST).strftime("%H:%M:%S IST")
