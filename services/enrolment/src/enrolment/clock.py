"""Time as the service sees it: instants in UTC, days as they are in India."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

INDIA: Final = timezone(timedelta(hours=5, minutes=30), "IST")

INDIA_ZONE: Final = "Asia/Kolkata"
"""The same, as databases call it."""

Clock = Callable[[], datetime]
"""Gives the present instant, with its offset; handed to whatever needs one."""


def system_clock() -> datetime:
    """The present instant in UTC."""
    return datetime.now(UTC)


def india_day(instant: datetime) -> date:
    """The day it is in India at `instant`."""
    return instant.astimezone(INDIA).date()


def start_of_india_day(instant: datetime) -> datetime:
    """The midnight in India that began the day of `instant`."""
    return datetime.combine(india_day(instant), datetime.min.time(), INDIA)


def seconds_left_of_day(instant: datetime) -> int:
    """Seconds from `instant` to the next midnight in India, at least 1."""
    local = instant.astimezone(INDIA)
    midnight = datetime.combine(local.date() + timedelta(days=1), datetime.min.time(), INDIA)
    return max(1, int((midnight - local).total_seconds()))
