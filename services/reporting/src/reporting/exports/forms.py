"""The forms of a table: chunks of CSV, XLSX or Parquet, written batch by batch in threads.

At no time is more of a table in memory than a batch, or a row group of Parquet. A workbook is written to a
file first, in a directory of its own that is removed whatever happens.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, closing
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol, TypeVar

from reporting.exports.csv_form import CsvForm
from reporting.exports.table import Row, Table
from reporting.exports.xlsx_form import XlsxForm

Made = TypeVar("Made")


class Form(StrEnum):
    """How a table is taken away; the ending of its address."""

    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"


MEDIA_TYPES: Final = {
    Form.CSV: "text/csv; charset=utf-8; header=present",
    Form.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Form.PARQUET: "application/vnd.apache.parquet",
}


class Writing(Protocol):
    """A table that is being written."""

    def begin(self) -> bytes:
        """What stands before the rows."""

    def add(self, rows: Sequence[Row]) -> bytes:
        """What can be sent once these rows are there."""

    def end(self) -> Iterator[bytes]:
        """What is left to be sent after the last row."""

    def close(self) -> None:
        """Let go of everything, also in the middle."""


def _writing(form: Form, table: Table, directory: Path, *, bom: bool) -> Writing:
    match form:
        case Form.CSV:
            return CsvForm(table, bom=bom)
        case Form.XLSX:
            return XlsxForm(table, directory)
        case Form.PARQUET:
            # Arrow takes 40 MB and starts threads: a process that is never asked for Parquet does without.
            from reporting.exports.parquet_form import ParquetForm  # noqa: PLC0415

            return ParquetForm(table)


async def chunks(
    form: Form, table: Table, directory: Path, *, bom: bool = False
) -> AsyncGenerator[bytes, None]:
    """The table in a form.

    Args:
        form: which.
        table: its batches are read once.
        directory: where files may be written for a while.
        bom: whether CSV begins with a byte order mark, by which Excel knows UTF-8.

    Raises:
        OSError: no room, or whatever the batches raise.
    """
    with closing(await undisturbed(lambda: _writing(form, table, directory, bom=bom))) as writing:
        async with aclosing(table.batches) as batches:
            if begun := await undisturbed(writing.begin):
                yield begun
            async for rows in batches:
                if chunk := await undisturbed(lambda rows=rows: writing.add(rows)):  # type: ignore[misc]
                    yield chunk
        rest = writing.end()
        while (last := await undisturbed(lambda: next(rest, None))) is not None:
            yield last


async def undisturbed(call: Callable[[], Made]) -> Made:
    """What `call` gives, from a thread. Whoever is cancelled meanwhile waits for its end first."""
    working = asyncio.ensure_future(asyncio.to_thread(call))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait([working])
        raise
