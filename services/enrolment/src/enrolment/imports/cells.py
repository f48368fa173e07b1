"""Cells as the child writes them and the parent reads them: JSON, with an object for what is no plain value.

A cell is a string, a number, a truth value, null, `{"date": "2026-11-03"}`, or `{"fault": "merged-cell"}`
for one that has no value that could be used.
"""

from collections.abc import Mapping
from enum import StrEnum

Cell = str | float | bool | Mapping[str, str] | None


class Fault(StrEnum):
    """Why a cell has no value that can be used."""

    MERGED = "merged-cell"
    FORMULA = "formula-without-value"
    ERROR = "cell-error"
    TOO_LONG = "too-long"
    CONTROL = "control-characters"


def fault(kind: Fault) -> Cell:
    """The cell that says so."""
    return {"fault": kind.value}


class Unreadable(StrEnum):
    """Why a file cannot be read at all."""

    EMPTY = "file-empty"
    NO_ROWS = "no-rows"
    NOT_A_SHEET = "not-a-sheet"
    OLD_WORKBOOK = "old-workbook"
    BROKEN_WORKBOOK = "broken-workbook"
    ENCODING = "unknown-encoding"
    TOO_MANY_ROWS = "too-many-rows"
    TOO_MANY_COLUMNS = "too-many-columns"
    TOO_HEAVY = "too-heavy"
    NO_SUCH_SHEET = "no-such-sheet"
    NO_HEADINGS = "no-headings"


class FileUnreadable(Exception):
    """The file cannot be read, for that reason."""

    def __init__(self, why: Unreadable) -> None:
        super().__init__(why.value)
        self.why = why
