"""A range of days as requests give it."""

from datetime import date, timedelta
from typing import Annotated, Final, NamedTuple

from fastapi import Query

from mitra_shared.http.problems import wrong_field

EARLIEST: Final = date(2000, 1, 1)

Day = Annotated[date | None, Query(examples=["2026-11-01"])]


class Range(NamedTuple):
    """Days from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def days(self) -> list[date]:
        """Every day of it, oldest first."""
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]


def asked_range(first: date | None, last: date | None, *, today: date, usual: int, most: int) -> Range:
    """The range asked for: until today and `usual` days long unless said otherwise.

    Raises:
        Problem: 422 for days before any campaign or in the future, the wrong way round, or more than `most`.
    """
    for field, day in (("from", first), ("to", last)):
        if day is not None and day < EARLIEST:
            raise wrong_field(field, "is before any campaign", f"{EARLIEST} or later")
    last = today if last is None else last
    first = max(EARLIEST, last - timedelta(days=usual - 1)) if first is None else first
    if last > today:
        raise wrong_field("to", "is in the future", f"at most {today}, today in India")
    if first > last:
        raise wrong_field("from", "is after `to`", f"at most {last}")
    if (last - first).days >= most:
        raise wrong_field("from", "asks for too many days", f"at most {most} days in one answer")
    return Range(first, last)
