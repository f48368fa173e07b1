"""The tables of recruiters: what each enrolled and did by segment, and day by day."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from mitra_shared.ids import StaffId
from reporting.domain.board import Board
from reporting.exports.table import Column, Kind, Row
from reporting.queries import fieldwork_document
from reporting.storage.recruiters import RecruiterCounts

_RECRUITER: Final = Column("recruiter", "Recruiter", Kind.TEXT)
_NAME: Final = Column("name", "Name of the recruiter", Kind.TEXT)
_FIELDWORK: Final = (
    Column("contacts_attempted", "Contacts attempted"),
    Column("contacts_reached", "People reached"),
    Column("meetings_held", "Meetings of outreach"),
    Column("people_met", "People met"),
)
SEGMENT_COLUMNS: Final = (
    _RECRUITER,
    _NAME,
    Column("segment", "Segment", Kind.TEXT),
    Column("segment_name_en", "Name of the segment", Kind.TEXT),
    Column("enrolled", "Enrolled there (gross)"),
    Column("enrolled_in_all", "Enrolled in all (gross)"),
    *_FIELDWORK,
)
DAY_COLUMNS: Final = (
    _RECRUITER,
    _NAME,
    Column("day", "Day", Kind.DAY),
    Column("enrolled", "Enrolled (gross)"),
    *_FIELDWORK,
)


def segment_rows(
    board: Board, recruiters: Iterable[RecruiterCounts], names: Mapping[StaffId, str]
) -> list[Row]:
    """One row for each recruiter and segment where the recruiter did anything."""
    return [
        (
            each.recruiter,
            names.get(each.recruiter),
            segment,
            board.definition.by_code[segment].name.en,
            each.segments.get(segment, 0),
            each.enrolled,
            *fieldwork_document(each.fieldwork_by_segment.get(segment)).values(),
        )
        for each in recruiters
        for segment in sorted(each.segments.keys() | each.fieldwork_by_segment.keys())
    ]


def day_rows(
    recruiters: Iterable[RecruiterCounts], names: Mapping[StaffId, str], days: Sequence[date]
) -> list[Row]:
    """One row for each recruiter and day, also where there was nobody."""
    return [
        (
            each.recruiter,
            names.get(each.recruiter),
            day,
            each.days.get(day, 0),
            *fieldwork_document(each.fieldwork_by_day.get(day)).values(),
        )
        for each in recruiters
        for day in days
    ]
