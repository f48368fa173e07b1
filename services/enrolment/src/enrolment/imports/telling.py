"""What is told of an import and its rows: never a value of a person, and headings to the sender alone."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row

from enrolment.domain.importing import OPTIONAL, Field, Outcome, State
from enrolment.domain.rules import Notice, Rules
from enrolment.import_schemas import (
    ColumnTold,
    ComplaintCount,
    ImportTold,
    RowProblem,
    RowTold,
    SheetMapping,
    SheetTold,
)
from enrolment.imports.complaints import KIND_OF_VALUE, OF_FILE, WORDING, Wording, filled, letters_of
from enrolment.imports.work import mapped_of
from enrolment.seals import Seals

_UNKNOWN: Final = Wording("The row could not be taken.", "see docs/imports.md")


class Teller:
    """Tells of imports in the words of a campaign."""

    def __init__(self, seals: Seals, rules: Rules, notice: Notice) -> None:
        self._seals = seals
        self._rules = rules
        self._notice = notice

    def wording(self, code: str) -> Wording:
        """What is wrong, and what would be right."""
        return filled(WORDING.get(code, _UNKNOWN), self._rules, self._notice)

    def import_(self, row: Row[Any], same_file: Sequence[UUID] = ()) -> ImportTold:
        """One import."""
        layout = self.layout(row)
        mapping = mapped_of(row.mapping, self._seals, row.id)
        about = self._of_end(row)
        outcomes = {Outcome(name): number for name, number in row.outcomes.items()}
        named = mapping.columns.keys() | mapping.values.keys()
        return ImportTold(
            id=row.id,
            state=State(row.state),
            why=row.why,
            message=about.message if about else None,
            expected=about.cure if about else None,
            uploaded_at=row.uploaded_at,
            accepted_at=row.accepted_at,
            continues_at=row.continues_at if row.finished_at is None else None,
            finished_at=row.finished_at,
            bytes=row.bytes,
            format=layout.get("format"),
            sheets=[
                SheetTold(index=index, name=name, hidden=hidden)
                for index, (name, hidden) in enumerate(layout.get("sheets", ()))
            ],
            sheet=row.sheet,
            columns=[
                ColumnTold(
                    index=index,
                    letters=letters_of(index),
                    heading=heading,
                    never_read=index in layout.get("never_read", ()),
                )
                for index, heading in enumerate(layout.get("headings", ()))
            ],
            mapping=SheetMapping(columns=mapping.columns, values=mapping.values),
            unmapped=[each for each in Field if row.preview and each not in OPTIONAL and each not in named],
            preview=row.preview,
            rows=row.rows,
            faulty=row.faulty,
            problems=[self._count(name, number) for name, number in sorted(row.complaints.items())],
            outcomes=outcomes,
            remaining=row.rows - sum(outcomes.values()) if row.accepted_at else row.rows,
            same_file=list(same_file),
        )

    def layout(self, row: Row[Any]) -> Mapping[str, Any]:
        """Sheets and headings, as long as they are kept."""
        if row.layout is None:
            return {}
        opened: dict[str, Any] = json.loads(self._seals.open_row(row.layout, row.id, 0))
        return opened

    def row(self, row: Row[Any], columns: Mapping[str, int]) -> RowTold:
        """One row with everything that stands against it."""
        return RowTold(
            row=row.row,
            outcome=None if row.outcome is None else Outcome(row.outcome),
            problems=[self._problem(Field(name), code, columns) for name, code in row.complaints or ()],
        )

    def _problem(self, field: Field, code: str, columns: Mapping[str, int]) -> RowProblem:
        wording = self.wording(code)
        column = columns.get(field.value)
        return RowProblem(
            field=field,
            column=None if column is None else letters_of(column),
            kind=KIND_OF_VALUE[field],
            code=code,
            message=wording.message,
            expected=wording.cure,
        )

    def _count(self, name: str, number: int) -> ComplaintCount:
        field, _, code = name.partition(":")
        wording = self.wording(code)
        return ComplaintCount(
            field=Field(field), code=code, rows=number, message=wording.message, expected=wording.cure
        )

    def _of_end(self, row: Row[Any]) -> Wording | None:
        if row.why is None:
            return None
        return OF_FILE.get(row.why) or self.wording(row.why)
