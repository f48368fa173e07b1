"""CSV after RFC 4180: UTF-8, commas, CRLF, one line of names. No cell is taken for a formula."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date

from mitra_shared.formulas import harmless
from reporting.exports.table import Cell, Row, Table


class CsvForm:
    """A table as CSV. What is said about it stands in the head of the answer: CSV has no place for it."""

    def __init__(self, table: Table, *, bom: bool) -> None:
        self._names = [column.name for column in table.columns]
        self._mark = "\ufeff" if bom else ""

    def begin(self) -> bytes:
        """The names of the columns."""
        return (self._mark + _lines([self._names])).encode()

    def add(self, rows: Sequence[Row]) -> bytes:
        """The lines of these rows."""
        return _lines([map(_text, row) for row in rows]).encode()

    def end(self) -> Iterator[bytes]:
        """Nothing is left."""
        return iter(())

    def close(self) -> None:
        """Nothing is held."""


def _lines(rows: Sequence[object]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)  # type: ignore[arg-type]
    return text.getvalue()


def _text(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case date():
            return cell.isoformat()
        case str():
            return harmless(cell)
        case _:
            return str(cell)
