"""Days of the field: calendar days in India, and when one is over for good."""

from datetime import date, datetime, timedelta, timezone
from typing import Final

IST: Final = timezone(timedelta(hours=5, minutes=30), "IST")
SETTLING: Final = timedelta(hours=1)
"""A day closes this long after its midnight, so that what was committed at its very end has been counted."""


def day_of(instant: datetime) -> date:
    """The day in India of an aware instant."""
    return instant.astimezone(IST).date()


def last_closed_day(now: datetime) -> date:
    """The newest day whose figures no longer grow, seen at the aware instant `now`."""
    return (now.astimezone(IST) - SETTLING).date() - timedelta(days=1)
