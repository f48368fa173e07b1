"""Text with delimiters (CSV, TSV), read in the child: which encoding, which delimiter, then row by row."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Final

from enrolment.imports.cells import Cell, Fault, FileUnreadable, Unreadable, fault
from enrolment.imports.child_limits import ReadingLimits

_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_DELIMITERS: Final = ",;\t|"
_SAMPLE_LINES: Final = 20
_REMEMBERED: Final = 4_096
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def read_text(file: bytes) -> str:
    """The text of a file.

    Raises:
        FileUnreadable: in an encoding that cannot be told for certain; guessing would change names.
    """
    for mark, encoding in _MARKS:
        if file.startswith(mark):
            return _decoded(file, encoding)
    head = file[:2_000]
    # Most of what stands in a heading is ASCII, whose other byte is zero in UTF-16.
    if head[1::2].count(0) > len(head) // 5:
        return _decoded(file, "utf-16-le")
    if head[::2].count(0) > len(head) // 5:
        return _decoded(file, "utf-16-be")
    return _decoded(file, "utf-8")


def _decoded(file: bytes, encoding: str) -> str:
    try:
        return file.decode(encoding)
    except UnicodeDecodeError:
        raise FileUnreadable(Unreadable.ENCODING) from None


def delimiter_of(text: str) -> str:
    """The delimiter that divides the first lines into the most columns, alike in all of them."""
    lines = text[:50_000].splitlines()[:_SAMPLE_LINES]

    def columns(delimiter: str) -> tuple[int, int]:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        widest = max(widths, default=0)
        return (widths.count(widest) if widest > 1 else 0, widest)

    return max(_DELIMITERS, key=columns)


def delimited_rows(text: str, limits: ReadingLimits) -> Iterator[tuple[int, list[Cell]]]:
    """Rows with their numbers, from 1; blank ones are left out.

    Raises:
        FileUnreadable: too many rows or columns, or a quote that is never closed.
    """
    csv.field_size_limit(max(limits.cell * 100, 100_000))
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text))
    to_cell = remembered_text_cells(limits)
    try:
        for number, row in enumerate(rows, start=1):
            if number > limits.rows + _SAMPLE_LINES:
                raise FileUnreadable(Unreadable.TOO_MANY_ROWS)
            if len(row) > limits.columns:
                raise FileUnreadable(Unreadable.TOO_MANY_COLUMNS)
            if any(row):
                yield number, [to_cell(value) for value in row]
    except csv.Error:
        raise FileUnreadable(Unreadable.NOT_A_SHEET) from None


def remembered_text_cells(limits: ReadingLimits) -> Callable[[str], Cell]:
    """`text_cell` with a memory, since most cells of a sheet say what others said before."""
    return lru_cache(_REMEMBERED)(partial(text_cell, limits=limits))


def text_cell(value: str, limits: ReadingLimits) -> Cell:
    """A text as a cell."""
    value = value.strip()
    if not value:
        return None
    if len(value) > limits.cell:
        return fault(Fault.TOO_LONG)
    # Nearly every cell is, and telling it takes no loop of ours.
    if not value.isprintable() and _CONTROL.search(value):
        return fault(Fault.CONTROL)
    return value
