"""The result file: rows that enrolled nobody, with why and with their cells, for whoever sent them."""

import csv
import io
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.imports.cells import Cell
from enrolment.imports.telling import Teller
from enrolment.seals import Seals
from enrolment.storage import import_rows
from enrolment.storage.row_security import act_as
from mitra_shared.formulas import harmless
from mitra_shared.log import unit_of_work
from mitra_shared.security.tokens import Caller

_AT_ONCE: Final = 1_000
_MARK: Final = "\ufeff"
"""Without it Excel takes the file for one of its own old encodings."""
_OURS: Final = ("row", "outcome", "problems")


@dataclass(frozen=True, slots=True)
class ResultFile:
    """Who asks for which result."""

    upload: Row[Any]
    caller: Caller
    at: datetime


async def result_lines(
    asked: ResultFile, engine: AsyncEngine, seals: Seals, teller: Teller
) -> AsyncIterator[bytes]:
    """The file, a piece at a time. The look at it has to be on record before."""
    headings = teller.layout(asked.upload).get("headings", ())
    columns = (asked.upload.mapping or {}).get("columns", {})
    yield (_MARK + _lines([[*_OURS, *headings]])).encode()
    after = 0
    while True:
        async with unit_of_work(engine) as unit:
            await act_as(unit.connection, asked.caller, asked.upload.campaign, asked.at)
            rows = await import_rows.faulty_after(unit.connection, asked.upload.id, after, at_most=_AT_ONCE)
        if not rows:
            return
        after = rows[-1].row
        lines = []
        for row in rows:
            told = teller.row(row, columns)
            why = "; ".join(
                f"{each.column or each.field}: {each.message} Right is: {each.expected}"
                for each in told.problems
            )
            cells = _cells(row, asked.upload, seals)
            lines.append([str(row.row), told.outcome or "", why, *map(_text, cells)])
        yield _lines(lines).encode()


def _cells(row: Row[Any], upload: Row[Any], seals: Seals) -> Sequence[Cell]:
    if row.sealed is None:
        return ()
    cells: list[Cell] = json.loads(seals.open_row(row.sealed, upload.id, row.row))
    return cells


def _text(cell: Cell) -> str:
    match cell:
        case None | {"fault": _}:
            return ""
        case {"date": day}:
            return day
        case bool():
            return "yes" if cell else "no"
        case float() if cell.is_integer():
            return str(int(cell))
        case _:
            return str(cell)


def _lines(rows: Sequence[Sequence[str]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([harmless(cell) for cell in row] for row in rows)
    return out.getvalue()
