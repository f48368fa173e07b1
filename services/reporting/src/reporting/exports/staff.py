"""The tables of recruiters: what each enrolled by segment, and day by day."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from mitra_shared.ids import StaffId
from reporting.domain.board import Board
from reporting.exports.table import Column, Kind, Row
from reporting.storage.recruiters import RecruiterCounts

_RECRUITER: Final = Column("recruiter", "Recruiter", Kind.TEXT)
_NAME: Final = Column("name", "Name of the recruiter", Kind.TEXT)
SEGMENT_COLUMNS: Final = (
    _RECRUITER,
    _NAME,
    Column("segment", "Segment", Kind.TEXT),
    Column("segment_name_en", "Name of the segment", Kind.TEXT),
    Column("enrolled", "Enrolled there (gross)"),
    Column("enrolled_in_all", "Enrolled in all (gross)"),
)
DAY_COLUMNS: Final = (
    _RECRUITER,
    _NAME,
    Column("day", "Day", Kind.DAY),
    Column("enrolled", "Enrolled (gross)"),
)


def segment_rows(
    board: Board, recruiters: Iterable[RecruiterCounts], names: Mapping[StaffId, str]
) -> list[Row]:
    """One row for each recruiter and segment."""
    return [
        (
            each.recruiter,
            names.get(each.recruiter),
            segment,
            board.definition.by_code[segment].name.en,
            people,
            each.enrolled,
        )
        for each in recruiters
        for segment, people in sorted(each.segments.items())
    ]


def day_rows(
    recruiters: Iterable[RecruiterCounts], names: Mapping[StaffId, str], days: Sequence[date]
) -> list[Row]:
    """One row for each recruiter and day, also where there was nobody."""
    return [
        (each.recruiter, names.get(each.recruiter), day, each.days.get(day, 0))
        for each in recruiters
        for day in days
    ]
