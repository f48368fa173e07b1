"""A table before it has a form: columns with kinds, rows batch by batch, and what is to be said about it."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final, NamedTuple

BATCH_ROWS: Final = 500


class Kind(StrEnum):
    """What the cells of a column hold; any of them may be empty."""

    TEXT = "text"
    COUNT = "count"
    NUMBER = "number"
    SHARE = "share"
    """1 is the whole."""
    DAY = "day"
    TRUTH = "truth"


class Column(NamedTuple):
    """`name` is for machines and never changes its meaning, `heading` is for people."""

    name: str
    heading: str
    kind: Kind = Kind.COUNT


Cell = str | int | float | date | None
"""`bool` is an `int` here."""
Row = tuple[Cell, ...]
About = tuple[tuple[str, str], ...]
"""What is to be said about a table, by name; the same in every form."""


@dataclass(frozen=True, slots=True)
class Table:
    """What a form writes.

    Attributes:
        title: what it shows, of where.
        file_name: without an ending.
        columns: in their order.
        batches: rows, a list at a time; to be read once.
        most_rows: how many rows may come.
        about: what is to be said about it.
        as_of: when its figures were so.
    """

    title: str
    file_name: str
    columns: Sequence[Column]
    batches: AsyncGenerator[Sequence[Row], None]
    most_rows: int
    about: About
    as_of: datetime


async def in_batches(rows: Sequence[Row]) -> AsyncGenerator[Sequence[Row], None]:
    """Rows that are at hand."""
    for start in range(0, len(rows), BATCH_ROWS):
        yield rows[start : start + BATCH_ROWS]
