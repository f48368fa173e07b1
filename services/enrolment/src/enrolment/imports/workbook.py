"""Workbooks (XLSX), read in the child: which sheets there are, then one of them row by row.

The cells are those of calamine, which knows values and no formulas, and gives an error of a formula as if
the cell were empty. So the sheet is looked through for formulas without a calculated value and for errors
first: a cell that has none is told as that, and a formula that was calculated is read as its value.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, Final

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from enrolment.imports.cells import Cell, Fault, FileUnreadable, Unreadable, fault
from enrolment.imports.child_limits import ReadingLimits
from enrolment.imports.delimited import remembered_text_cells

OLD_WORKBOOK: Final = b"\xd0\xcf\x11\xe0"
"""How files of Excel up to 2003 begin, and those with a password."""
_PARTS: Final = 2_000
_RELATIONS: Final = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_SHEETS: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}sheet"
_NO_VALUE: Final = re.compile(
    rb'<c r="([A-Z]{1,3}[0-9]{1,7})"([^>]*)>(?:<f[^>]*/>|<f[^>]*>[^<]*</f>)(?:<v\s*/>|<v></v>)?</c>'
)
_ERROR: Final = re.compile(rb'<c r="([A-Z]{1,3}[0-9]{1,7})"[^>]* t="e"')
_BROKEN: Final = (
    zipfile.BadZipFile, zlib.error, CalamineError, KeyError, ParseError, DefusedXmlException, EOFError,
    OSError, RuntimeError, NotImplementedError,
)  # fmt: skip
"""What the readers say of a file that is no workbook, damaged or locked."""

Sheets = list[tuple[str, bool]]
"""Names, and whether they are hidden."""


class Workbook:
    """An opened workbook. What it holds was not looked at yet."""

    def __init__(self, file: bytes, limits: ReadingLimits) -> None:
        """Open it.

        Raises:
            FileUnreadable: no workbook, broken, or larger unpacked than may be.
        """
        self._limits = limits
        self._text_cell = remembered_text_cells(limits)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(file))
            parts = self._zip.infolist()
            if len(parts) > _PARTS or sum(part.file_size for part in parts) > limits.unpacked:
                raise FileUnreadable(Unreadable.TOO_HEAVY)
            if "xl/workbook.xml" not in self._zip.namelist():
                raise FileUnreadable(Unreadable.NOT_A_SHEET)
            self._book = CalamineWorkbook.from_filelike(io.BytesIO(file))
        except _BROKEN:
            raise FileUnreadable(Unreadable.BROKEN_WORKBOOK) from None
        self.sheets: Sheets = [
            (sheet.name, sheet.visible != SheetVisibleEnum.Visible)
            for sheet in self._book.sheets_metadata
            if sheet.typ == SheetTypeEnum.WorkSheet
        ]

    def rows(self, index: int) -> Iterator[tuple[int, list[Cell]]]:
        """Rows of a sheet with their numbers, from 1; blank ones are left out.

        Raises:
            FileUnreadable: too many rows or columns, or broken.
        """
        name = self.sheets[index][0]
        try:
            unusable = dict(self._without_value(name))
            sheet = self._book.get_sheet_by_name(name)
        except _BROKEN:
            raise FileUnreadable(Unreadable.BROKEN_WORKBOOK) from None
        if sheet.total_height > self._limits.rows + 20:
            raise FileUnreadable(Unreadable.TOO_MANY_ROWS)
        if max(sheet.total_width, sheet.end[1] + 1 if sheet.end else 0) > self._limits.columns:
            raise FileUnreadable(Unreadable.TOO_MANY_COLUMNS)
        unusable |= _merged(sheet)
        by_row: dict[int, list[tuple[int, Fault]]] = {}
        for (row, column), kind in unusable.items():
            by_row.setdefault(row, []).append((column, kind))
        to_cell = self._cell
        # calamine gives all rows, but columns from the first that is used.
        left = [None] * (sheet.start[1] if sheet.start else 0)
        for number, values in enumerate(sheet.iter_rows() if sheet.start else ()):
            cells = [*left, *(None if value == "" else to_cell(value) for value in values)]
            for column, kind in by_row.get(number, ()):
                cells.extend([None] * (column + 1 - len(cells)))
                cells[column] = fault(kind)
            if any(cell is not None for cell in cells):
                yield number + 1, cells

    def _cell(self, value: Any) -> Cell:
        match value:
            case str():
                return self._text_cell(value)
            case float() | bool() | int():
                return value
            case datetime() | date():
                return {"date": value.isoformat()[:10]}
            case _:
                # A time of day or a length of time is nothing that a column asks for.
                return str(value)

    def _without_value(self, name: str) -> Iterator[tuple[tuple[int, int], Fault]]:
        xml = self._zip.read(self._part_of(name))
        if b"<f" in xml:
            for found in _NO_VALUE.finditer(xml):
                yield _place(found[1]), Fault.FORMULA
        if b't="e"' in xml:
            for found in _ERROR.finditer(xml):
                yield _place(found[1]), Fault.ERROR

    def _part_of(self, name: str) -> str:
        """Where in the file the sheet of that name stands."""
        book = fromstring(self._zip.read("xl/workbook.xml"))
        ids = {sheet.get("name"): sheet.get(_RELATION) for sheet in book.iter(_SHEETS)}
        relations = fromstring(self._zip.read("xl/_rels/workbook.xml.rels"))
        targets = {relation.get("Id"): relation.get("Target", "") for relation in relations.iter(_RELATIONS)}
        target = targets[ids[name]]
        return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _merged(sheet: CalamineSheet) -> dict[tuple[int, int], Fault]:
    """Cells whose value belongs to a cell beside or above them."""
    cells: dict[tuple[int, int], Fault] = {}
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        if top > sheet.total_height or left > sheet.total_width:
            continue
        for row in range(top, min(bottom, sheet.total_height) + 1):
            for column in range(left, min(right, sheet.total_width) + 1):
                if (row, column) != (top, left):
                    cells[row, column] = Fault.MERGED
    return cells


def _place(reference: bytes) -> tuple[int, int]:
    """Row and column from 0 of a reference such as `B7`."""
    letters = reference.rstrip(b"0123456789")
    column = 0
    for letter in letters:
        column = column * 26 + letter - 64
    return int(reference[len(letters) :]) - 1, column - 1
