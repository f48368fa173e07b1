"""`python -m enrolment.imports.child LIMITS SHEET`: reads one file from stdin, writes its cells to stdout.

A process of its own without secrets, that binds itself to its limits first: whatever a file makes the
parsers do ends here. Lines of JSON: what the file is, then lists of
`[number, cells]`, one for each row, then the end.
"""

import resource
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from pydantic_core import to_json

from enrolment.imports.cells import Cell, FileUnreadable, Unreadable
from enrolment.imports.child_limits import ReadingLimits

_ZIP: Final = b"PK"
_ROWS_A_LINE: Final = 250
_CODE_TOO_HEAVY: Final = 3

Rows = Iterator[tuple[int, list[Cell]]]


def main(limits: ReadingLimits, sheet: int | None) -> None:
    """Read the file; anything beyond the limits ends the process."""
    for what, most in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_CPU, limits.seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    try:
        about, rows = _opened(sys.stdin.buffer.read(), limits, sheet)
        _write(about)
        while batch := list(islice(rows, _ROWS_A_LINE)):
            _write(batch)
        _write({"end": True})
    except FileUnreadable as error:
        _write({"unreadable": error.why.value})
    except MemoryError:
        # To write anything takes memory too.
        raise SystemExit(_CODE_TOO_HEAVY) from None


def _opened(file: bytes, limits: ReadingLimits, sheet: int | None) -> tuple[dict[str, Any], Rows]:
    from enrolment.imports import delimited, workbook  # noqa: PLC0415 - loaded within the limits

    if not file.strip(b"\x00\t\r\n \xef\xbb\xbf\xff\xfe"):
        raise FileUnreadable(Unreadable.EMPTY)
    if file.startswith(workbook.OLD_WORKBOOK):
        raise FileUnreadable(Unreadable.OLD_WORKBOOK)
    if not file.startswith(_ZIP):
        return {"format": "csv", "sheets": [], "sheet": 0}, delimited.delimited_rows(
            delimited.read_text(file), limits
        )
    book = workbook.Workbook(file, limits)
    chosen = sheet
    if chosen is None:
        chosen = next((index for index, (_, hidden) in enumerate(book.sheets) if not hidden), -1)
    if not 0 <= chosen < len(book.sheets):
        raise FileUnreadable(Unreadable.NO_SUCH_SHEET)
    return {"format": "xlsx", "sheets": book.sheets, "sheet": chosen}, book.rows(chosen)


def _write(value: object) -> None:
    sys.stdout.buffer.write(to_json(value) + b"\n")


if __name__ == "__main__":
    main(ReadingLimits.from_json(sys.argv[1]), None if sys.argv[2] == "-" else int(sys.argv[2]))
