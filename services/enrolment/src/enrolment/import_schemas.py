"""What requests about imports and their answers look like."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field as Limits
from pydantic import StrictBool, StrictInt, StringConstraints

from enrolment.domain.importing import Field, Outcome, State
from enrolment.schemas import Body
from mitra_shared.campaign.definition import Frozen


class SheetTold(Frozen):
    """A sheet of a workbook."""

    index: int
    name: str
    hidden: bool = Limits(description="Hidden sheets are named, and read only if they are chosen.")


class ColumnTold(Frozen):
    """A column of the sheet that was read."""

    index: int
    letters: str = Limits(examples=["B"])
    heading: str
    never_read: bool = Limits(
        description="What nobody is asked for (religion, caste, voter or Aadhaar numbers, votes, parties) is "
        "not taken from a sheet."
    )


class SheetMapping(Body):
    """Where each field is: in a column (index from 0), or one value for the whole sheet."""

    columns: Mapping[Field, Annotated[StrictInt, Limits(ge=0, lt=200)]] = Limits(
        default={}, examples=[{"name": 0, "phone": 1}]
    )
    values: Mapping[Field, Annotated[str, StringConstraints(min_length=1, max_length=200)]] = Limits(
        default={},
        description="What is the same for everybody on the sheet, in the words a cell would have. Name and "
        "phone cannot be.",
        examples=[{"basis": "beneficiary", "notice_version": "2026-11"}],
    )


class ImportMapping(SheetMapping):
    """How the sheet is to be read."""

    sheet: Annotated[StrictInt, Limits(ge=0)] | None = Limits(
        default=None,
        description="Index of another sheet of the workbook. Without `columns` and `values` its headings are "
        "guessed.",
    )


class ImportAcceptance(Body):
    """That the rows which nothing stands against are to be enrolled."""

    preview: StrictInt = Limits(description="Number of the preview that was seen.")
    papers_are_signed: StrictBool = Limits(
        description="Must be true: of everybody on the sheet who is said to consent, you have a paper "
        "signed by that person on the day named, with the notice and the declarations of age and party."
    )


class ComplaintCount(Frozen):
    """How many rows something is wrong with, by field and kind."""

    field: Field
    code: str
    rows: int
    message: str
    expected: str


class ImportTold(Frozen):
    """An import as whoever sent it sees it."""

    id: UUID
    state: State = Limits(
        description="`uploaded` and `mapped` wait to be read, `previewed` for an acceptance; `accepted` rows "
        "go to the intake; `done`, `stopped`, `unreadable` and `expired` are the ends."
    )
    why: str | None = Limits(description="Of `unreadable` and `stopped`: the kind.")
    message: str | None
    expected: str | None = Limits(description="What to do about it.")
    uploaded_at: datetime
    accepted_at: datetime | None
    continues_at: datetime | None = Limits(
        description="The intake takes no more duplicates today; the rest is tried from then on, by itself."
    )
    finished_at: datetime | None
    bytes: int
    format: Literal["csv", "xlsx"] | None
    sheets: list[SheetTold]
    sheet: int | None
    columns: list[ColumnTold]
    mapping: SheetMapping
    unmapped: list[Field] = Limits(description="Fields that are needed and are nowhere.")
    preview: int = Limits(description="Number of the preview; accept names it.")
    rows: int
    faulty: int = Limits(description="Rows that something stands against; they are not enrolled.")
    problems: list[ComplaintCount]
    outcomes: Mapping[Outcome, int] = Limits(description="Rows that have an outcome, by what it is.")
    remaining: int = Limits(description="Rows without an outcome.")
    same_file: list[UUID] = Limits(description="Your earlier imports of the same file that were accepted.")


class ImportsTold(Frozen):
    """Your imports, newest first, at most 100."""

    imports: list[ImportTold]


class RowProblem(Frozen):
    """One thing that is wrong in a row. The value itself is not repeated."""

    field: Field
    column: str | None = Limits(description="Letters of the column; null for what is said for the sheet.")
    kind: str = Limits(description="What the field takes.", examples=["mobile number"])
    code: str = Limits(examples=["digits-lost"])
    message: str
    expected: str


class RowTold(Frozen):
    """A row: its number in the file, what became of it, what stands against it."""

    row: int
    outcome: Outcome | None
    problems: list[RowProblem]


class RowsTold(Frozen):
    """A page of rows."""

    rows: list[RowTold]
    next: int | None = Limits(description="`after` of the next page; null on the last.")
