"""What is out of the ordinary in the counts, for somebody to look at. A flag is a question, never a charge.

- *many in an hour*: a recruiter enrolled `BUSY_HOUR` or more in one hour, and `TIMES_USUAL` times as many as
  in the busiest tenth of the own other hours (at least `USUAL_AT_LEAST`);
- *flat week*: nobody in `FLAT_DAYS` closed days, in an area that enrolled in the four weeks before;
- *jump* and *fall*: the newest closed day is farther from the median of the four weeks before than `SPREADS`
  times their spread (1.4826 x median absolute deviation), and by at least `LEAST_CHANGE` people.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from statistics import median
from typing import Final, NamedTuple

from mitra_shared.ids import AreaCode, StaffId

BUSY_HOUR: Final = 25
TIMES_USUAL: Final = 3
USUAL_AT_LEAST: Final = 5
FLAT_DAYS: Final = 7
WEEKS: Final = 28
"""Days that a day is compared with."""
FEWEST_DAYS: Final = 14
SPREADS: Final = 5.0
SPREAD_OF_NORMAL: Final = 1.4826
LEAST_CHANGE: Final = 20


class Kind(StrEnum):
    """What is unusual."""

    BUSY_HOUR = "many in an hour"
    FLAT_WEEK = "flat week"
    JUMP = "jump"
    FALL = "fall"


class Flag(NamedTuple):
    """Something to look at: `people` where `usual` would have been ordinary.

    `recruiter` and `hour` are told of a busy hour only.
    """

    kind: Kind
    area: AreaCode
    day: date
    people: int
    usual: float
    recruiter: StaffId | None = None
    hour: int | None = None


class RecruiterHour(NamedTuple):
    """People one recruiter enrolled in one segment in one hour."""

    recruiter: StaffId
    area: AreaCode
    day: date
    hour: int
    people: int


def busy_hours(hours: Iterable[RecruiterHour], since: date) -> Iterator[Flag]:
    """Flags of recruiters' hours from `since` on; the earlier ones only tell what is usual."""
    of_recruiter: dict[StaffId, list[RecruiterHour]] = {}
    for each in hours:
        of_recruiter.setdefault(each.recruiter, []).append(each)
    for own in of_recruiter.values():
        counts = sorted(each.people for each in own)
        for each in own:
            if each.day < since or each.people < BUSY_HOUR:
                continue
            others = list(counts)
            others.remove(each.people)
            usual = max(USUAL_AT_LEAST, others[int(0.9 * len(others))] if others else 0)
            if each.people >= TIMES_USUAL * usual:
                yield Flag(Kind.BUSY_HOUR, each.area, each.day, each.people, usual, each.recruiter, each.hour)


def unusual_day(area: AreaCode, daily: Mapping[date, int], *, begun: date, closed: date) -> Flag | None:
    """What is unusual about an area up to the closed day `closed`, if anything is."""
    before = _days(daily, max(begun, closed - timedelta(days=WEEKS)), closed - timedelta(days=1))
    week = _days(daily, closed - timedelta(days=FLAT_DAYS - 1), closed)
    earlier = _days(daily, closed - timedelta(days=FLAT_DAYS + WEEKS), closed - timedelta(days=FLAT_DAYS))
    if not any(week) and any(earlier):
        return Flag(Kind.FLAT_WEEK, area, closed, 0, median(earlier))
    if len(before) < FEWEST_DAYS:
        return None
    usual = median(before)
    spread = SPREAD_OF_NORMAL * median(abs(each - usual) for each in before)
    change = daily.get(closed, 0) - usual
    if abs(change) < max(LEAST_CHANGE, SPREADS * spread):
        return None
    return Flag(Kind.JUMP if change > 0 else Kind.FALL, area, closed, daily.get(closed, 0), usual)


def _days(daily: Mapping[date, int], first: date, last: date) -> Sequence[int]:
    return [daily.get(first + timedelta(days=n), 0) for n in range((last - first).days + 1)]
