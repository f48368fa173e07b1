"""XLSX: a sheet with the rows, and one that says what they are. Written to a file, row by row."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import xlsxwriter

from mitra_shared.formulas import is_formula
from reporting.domain.days import IST
from reporting.exports.table import Kind, Row, Table

MOST_CELLS: Final = 600_000
"""About seven seconds: nothing of a workbook can be sent before its end, and an answer has to begin."""
CHUNK_BYTES: Final = 256 * 1024
INDIAN: Final = r"[>=10000000]##\,##\,##\,##0;[>=100000]##\,##\,##0;##,##0"
"""3,25,000. Counts are never below 0."""
_FORMATS: Final[dict[Kind, dict[str, Any]]] = {
    Kind.TEXT: {},
    Kind.COUNT: {"num_format": INDIAN},
    Kind.NUMBER: {"num_format": "0.00"},
    Kind.SHARE: {"num_format": "0.0%"},
    Kind.DAY: {"num_format": "dd-mm-yyyy"},
    Kind.TRUTH: {},
}
_WIDTHS: Final = {Kind.TEXT: 20, Kind.DAY: 12}
_NARROW, _WIDE = 14, 100


class XlsxForm:
    """A table as a workbook. It holds no formula: text is always written as text."""

    def __init__(self, table: Table, directory: Path) -> None:
        self._table = table
        self._place = TemporaryDirectory(dir=directory, prefix="workbook-")
        self._path = Path(self._place.name) / "table.xlsx"
        self._book = xlsxwriter.Workbook(
            str(self._path), {"constant_memory": True, "tmpdir": self._place.name, "use_zip64": True}
        )
        self._formats = [self._book.add_format(_FORMATS[column.kind]) for column in table.columns]
        # So that a spreadsheet program keeps it as text even when the cell is edited.
        self._text = self._book.add_format({"quote_prefix": True})
        self._next = 1

    def begin(self) -> bytes:
        """The headings; nothing can be sent before the end."""
        as_of = self._table.as_of.astimezone(IST)
        self._book.set_properties({"title": self._table.title, "created": as_of.replace(tzinfo=None)})
        self._sheet = self._book.add_worksheet("data")
        heading = self._book.add_format(
            {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#E8EEF4"}
        )
        self._sheet.freeze_panes(1, 0)
        for place, column in enumerate(self._table.columns):
            self._sheet.set_column(place, place, _WIDTHS.get(column.kind, _NARROW))
        self._sheet.set_row(0, 45)
        for place, column in enumerate(self._table.columns):
            self._sheet.write_string(0, place, column.heading, heading)
        return b""

    def add(self, rows: Sequence[Row]) -> bytes:
        """Write the rows down."""
        for row in rows:
            for place, cell in enumerate(row):
                match cell:
                    case None:
                        continue
                    case str():
                        self._sheet.write_string(
                            self._next, place, cell, self._text if is_formula(cell) else None
                        )
                    case bool():
                        self._sheet.write_boolean(self._next, place, cell)
                    case int() | float():
                        self._sheet.write_number(self._next, place, cell, self._formats[place])
                    case _:
                        self._sheet.write_datetime(self._next, place, cell, self._formats[place])
            self._next += 1
        return b""

    def end(self) -> Iterator[bytes]:
        """The whole file, in pieces."""
        self._sheet.autofilter(0, 0, max(1, self._next - 1), len(self._table.columns) - 1)
        self._tell_about()
        self._book.close()
        with self._path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk

    def _tell_about(self) -> None:
        sheet = self._book.add_worksheet("about")
        wrapped = self._book.add_format({"text_wrap": True, "valign": "top"})
        name = self._book.add_format({"bold": True, "valign": "top"})
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 1, _WIDE, wrapped)
        told = [*self._table.about, *((column.heading, column.name) for column in self._table.columns)]
        for place, (what, text) in enumerate(told):
            sheet.write_string(place, 0, what, name)
            sheet.write_string(place, 1, text, wrapped)

    def close(self) -> None:
        """Remove everything, finished or not."""
        # The library closes the files of its sheets only when it writes the workbook.
        for sheet in self._book.worksheets():
            sheet.row_data_fh.close()
        self._place.cleanup()
