"""How long name and phone are kept, and when somebody may be erased at the earliest.

The DPDP Rules of 2025 ask that a person is told 48 hours before. Whoever asks to be erased is told at once,
so 48 hours later is the earliest lawful moment.
"""

from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Final

NOTICE: Final = timedelta(hours=48)
"""Between the notice and the erasure."""

OVERDUE: Final = timedelta(hours=1)
"""How late an erasure may be before somebody has to look."""

RECORDS_KEPT: Final = timedelta(days=366)
"""Records of processing: a year, as the law asks for, whatever the length of the year."""


class Why(StrEnum):
    """Why somebody is erased."""

    WITHDRAWN = "withdrawn"
    ASKED = "asked"
    CAMPAIGN_ENDED = "campaign_ended"


def end_of_campaign(target_date: date, zone: tzinfo) -> datetime:
    """The first instant after the campaign's last day, there."""
    return datetime.combine(target_date + timedelta(days=1), time(), zone)


def due_after(notice: datetime) -> datetime:
    """The earliest lawful moment for somebody who was told at `notice`."""
    return notice + NOTICE
