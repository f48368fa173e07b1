"""Reads a file in a child process that can be killed: its sheets, and the rows of one, a batch at a time."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import from_json

from enrolment.imports.cells import Cell, FileUnreadable, Unreadable
from enrolment.imports.child_limits import ReadingLimits

_LONGEST_LINE: Final = 16 << 20
Row = tuple[int, list[Cell]]


@dataclass(frozen=True, slots=True)
class FileRead:
    """What a file is, and its rows as they come."""

    format: str
    sheets: list[tuple[str, bool]]
    """Names, and whether they are hidden; none for text."""
    sheet: int
    """The one that is read."""
    batches: AsyncIterator[list[Row]]


@asynccontextmanager
async def read_file(file: bytes, sheet: int | None, limits: ReadingLimits) -> AsyncIterator[FileRead]:
    """Read `file`; the child is gone afterwards, whatever happened.

    Args:
        file: as it was sent.
        sheet: index of the sheet, None for the first that is not hidden.
        limits: of the child.

    Raises:
        FileUnreadable: also while the batches are read, and for whatever makes the child end or hang.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-m", "enrolment.imports.child", limits.to_json(),
        "-" if sheet is None else str(sheet),
        stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={}, limit=_LONGEST_LINE,
    )  # fmt: skip
    feeding = asyncio.create_task(_feed(child, file), name="file for the child")
    try:
        async with asyncio.timeout(2 * limits.seconds):
            about = await _line(child)
            yield FileRead(
                about["format"],
                [(name, hidden) for name, hidden in about["sheets"]],
                about["sheet"],
                _batches(child, limits),
            )
    except TimeoutError:
        raise FileUnreadable(Unreadable.TOO_HEAVY) from None
    finally:
        feeding.cancel()
        if child.returncode is None:
            with suppress(ProcessLookupError):
                child.kill()
        await child.wait()


async def _feed(child: Process, file: bytes) -> None:
    if child.stdin is None:
        raise RuntimeError("the child has no stdin")
    # A child that gave up says why on its stdout.
    with suppress(ConnectionError):
        child.stdin.write(file)
        await child.stdin.drain()
        child.stdin.close()


async def _batches(child: Process, limits: ReadingLimits) -> AsyncIterator[list[Row]]:
    count = 0
    while isinstance(batch := await _line(child), list):
        count += len(batch)
        if count > limits.rows + 1:
            raise FileUnreadable(Unreadable.TOO_MANY_ROWS)
        yield [(number, cells) for number, cells in batch]


async def _line(child: Process) -> Any:
    """The next line of the child.

    Raises:
        FileUnreadable: the child says so, or ended without its last word.
    """
    if child.stdout is None:
        raise RuntimeError("the child has no stdout")
    try:
        line = await child.stdout.readline()
    except ValueError:
        raise FileUnreadable(Unreadable.TOO_HEAVY) from None
    if not line.endswith(b"\n"):
        raise FileUnreadable(Unreadable.TOO_HEAVY)
    told = from_json(line)
    if isinstance(told, dict) and "unreadable" in told:
        raise FileUnreadable(Unreadable(told["unreadable"]))
    return told
