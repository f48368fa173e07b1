"""Pace: how fast an area enrols, how fast it has to, and where that puts it.

The present pace is the mean of the last `WINDOW` closed days (of fewer, where the campaign is younger): two
whole weeks, so that no weekday weighs more than another. Enrolled counts are gross, as everything live.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from math import ceil
from typing import Final, NamedTuple

WINDOW: Final = 14
FEWEST_DAYS: Final = 7
"""Closed days before a pace is judged."""
AHEAD: Final = 1.1
BEHIND: Final = 0.9
"""Present over needed pace, from which an area is ahead, and below which it falls behind."""


class Standing(StrEnum):
    """Where an area stands against its target."""

    REACHED = "reached"
    AHEAD = "ahead"
    ON_COURSE = "on course"
    BEHIND = "behind"
    OVERDUE = "overdue"
    TOO_EARLY = "too early to say"


class Pace(NamedTuple):
    """People a day, present and needed.

    `needed` is None once the date is over, `present` before any day has closed.
    """

    target: int
    enrolled: int
    remaining: int
    days_left: int
    needed: float | None
    present: float | None
    standing: Standing


def pace(
    daily: Mapping[date, int], *, enrolled: int, target: int, starts_on: date, target_date: date, closed: date
) -> Pace:
    """The pace of an area.

    Args:
        daily: people enrolled by day; a day that is missing had nobody.
        enrolled: how many there are now.
        target: how many there are to be by `target_date`.
        starts_on: first day of the campaign.
        target_date: last day of the campaign.
        closed: the newest day whose figure no longer grows.
    """
    remaining = max(0, target - enrolled)
    days_left = max(0, (target_date - closed).days)
    needed = remaining / days_left if days_left else None
    days = min(WINDOW, (closed - begun(daily, starts_on)).days + 1)
    present = None
    if days > 0:
        present = sum(daily.get(closed - timedelta(days=back), 0) for back in range(days)) / days
    return Pace(
        target, enrolled, remaining, days_left, needed, present, _standing(remaining, needed, present, days)
    )


def begun(daily: Mapping[date, int], starts_on: date) -> date:
    """The first day that counts: that of the first enrolment, and no earlier than the campaign."""
    return max(starts_on, min(daily, default=starts_on))


def _standing(remaining: int, needed: float | None, present: float | None, days: int) -> Standing:
    if remaining == 0:
        return Standing.REACHED
    if needed is None:
        return Standing.OVERDUE
    if present is None or days < FEWEST_DAYS:
        return Standing.TOO_EARLY
    if present >= AHEAD * needed:
        return Standing.AHEAD
    return Standing.ON_COURSE if present >= BEHIND * needed else Standing.BEHIND


def straight_on(pace_now: Pace, closed: date) -> date | None:
    """The day on which the target is reached if the present pace goes on; None: never, or nobody knows."""
    if pace_now.remaining == 0 or not pace_now.present:
        return None
    days = ceil(pace_now.remaining / pace_now.present)
    return closed + timedelta(days=days) if days < 100 * 366 else None
