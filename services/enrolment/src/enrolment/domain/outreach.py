"""Outreach that staff report: of which days, and where. What they did is counts; nobody is named."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final, NamedTuple

from enrolment.domain.areas import constituency_of
from enrolment.domain.refusals import Reason, Refusal
from enrolment.domain.rules import Rules
from mitra_shared.ids import AreaCode

DAYS_BACK: Final = 31
"""How long ago a day may be that is reported or corrected."""
MOST_MEETINGS: Final = 50
MOST_PEOPLE_MET: Final = 10_000


class Outreach(NamedTuple):
    """Meetings held by one member of staff on one day in one segment, and people met there and at homes."""

    meetings: int
    people_met: int


NOTHING: Final = Outreach(0, 0)
NOTHING_TO_REPORT: Final = Refusal(
    Reason.NOTHING_TO_REPORT,
    "meetings",
    "Nothing was reported of this day and segment, so there is nothing to take back.",
    "a meeting or a person met; 0 and 0 replace an earlier report",
)


def check_report(
    rules: Rules, *, segment: str, day: date, area: AreaCode | None, starts_on: date, today: date
) -> tuple[Refusal, ...]:
    """Every objection to a report: a segment elsewhere, a day that is not reported today."""
    return tuple(_objections(rules, segment, day, area, starts_on, today))


def _objections(
    rules: Rules, segment: str, day: date, area: AreaCode | None, starts_on: date, today: date
) -> Iterator[Refusal]:
    constituency = constituency_of(rules, segment, area=area)
    if isinstance(constituency, Refusal):
        yield constituency
    earliest = max(starts_on, today - timedelta(days=DAYS_BACK))
    if today < starts_on:
        yield Refusal(
            Reason.DAY_NOT_REPORTED,
            "day",
            "The campaign has not begun.",
            f"a day from {starts_on} on, once it has come",
        )
    elif not earliest <= day <= today:
        yield Refusal(
            Reason.DAY_NOT_REPORTED,
            "day",
            "The day is in the future." if day > today else "The day is too long ago.",
            f"a day from {earliest} to {today} in India",
        )
