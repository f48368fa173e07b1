"""The preview: a file is read or its rows are judged by another mapping; nobody is enrolled.

Reading seals every row under the import and deletes the file, unless another sheet of it may still be asked
for. From then on the rows are all there is.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncConnection

from enrolment.domain.importing import Field, State
from enrolment.imports.ahead import one_ahead
from enrolment.imports.cells import Cell, FileUnreadable, Unreadable
from enrolment.imports.file_reader import FileRead, Row, read_file
from enrolment.imports.headings import guess, heading_row, never_read
from enrolment.imports.interpreting import DUPLICATE_IN_FILE, Interpreter
from enrolment.imports.rows import Complaint
from enrolment.imports.work import AT_A_STRETCH, Held, mapped_of, told
from enrolment.storage import import_rows, imports
from enrolment.storage.import_rows import Staged
from enrolment.storage.locks import lock_sheets

FILE_GONE = "file-gone"


@dataclass(slots=True)
class _Judging:
    """Judges row after row of one sheet, and counts."""

    held: Held
    interpreter: Interpreter
    rows: int = 0
    faulty: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    phones: Counter[bytes] = field(default_factory=Counter)

    def staged(self, number: int, cells: Sequence[Cell], sealed: str) -> Staged:
        seals, rules = self.held.shop.seals, self.interpreter.rules
        row = self.interpreter.read(cells)
        complaints = list(row.complaints)
        phone_hash = None if row.phone is None else seals.phone_hash(rules.campaign, row.phone)
        if phone_hash is not None:
            self.phones[phone_hash] += 1
            if self.phones[phone_hash] > rules.people_per_phone:
                complaints.append(Complaint(Field.PHONE, DUPLICATE_IN_FILE))
        self.rows += 1
        self.faulty += bool(complaints)
        if complaints:
            self.codes.update({f"{complaint.field}:{complaint.code}" for complaint in complaints})
        return Staged(number, sealed, phone_hash, told(complaints))

    def counts(self) -> dict[str, Any]:
        """For the import."""
        return {"rows": self.rows, "faulty": self.faulty, "complaints": dict(self.codes)}


async def read_upload(held: Held) -> None:
    """Read the file of an import, and judge its rows by the mapping it has or that is guessed.

    Raises:
        LeaseLost: the import is somebody else's, or gone.
        SQLAlchemyError, OSError: the database is away.
    """
    async with held.changing() as connection:
        parts = await imports.file_of(connection, held.id)
        await import_rows.unstage(connection, held.id)
    file = b"".join(held.shop.seals.open_part(part, held.id, number) for number, part in enumerate(parts))
    if held.shop.seals.file_digest(held.row.campaign, sha256(file).digest()) != held.row.digest:
        await _unreadable(held, FILE_GONE)
        return
    try:
        async with read_file(file, held.row.sheet, held.shop.limits) as read:
            await _stage(held, read)
    except FileUnreadable as error:
        await _unreadable(held, error.why.value)


async def _stage(held: Held, read: FileRead) -> None:
    first = await anext(read.batches, None)
    if first is None:
        raise FileUnreadable(Unreadable.EMPTY)
    index = heading_row([cells for _, cells in first])
    if index is None:
        raise FileUnreadable(Unreadable.NO_HEADINGS)
    headings = first[index][1]
    mapping = held.row.mapping or {
        "columns": {name.value: column for name, column in guess(headings).items()}
    }
    judging = _Judging(held, held.interpreter(mapped_of(mapping, held.shop.seals, held.id)))
    left_out = never_read(headings)
    rows = first[index + 1 :]

    async def judged() -> list[Staged] | None:
        while len(rows) < held.shop.at_once and (batch := await anext(read.batches, None)):
            rows.extend(batch)
        staged = [
            judging.staged(number, cells, held.seal(number, cells))
            async for number, cells in _one_by_one(rows, left_out)
        ]
        rows.clear()
        return staged or None

    async with aclosing(one_ahead(judged)) as batches:
        async for staged in batches:
            async with held.changing() as connection:
                await import_rows.stage(connection, held.id, staged)
    if not judging.rows:
        raise FileUnreadable(Unreadable.NO_ROWS)
    layout = {
        "never_read": sorted(left_out),
        "sheets": read.sheets,
        "headings": [_heading(cell) for cell in headings],
        "format": read.format,
    }
    async with held.changing() as connection:
        # Whoever is erased from here on is found in the rows.
        await lock_sheets(connection, shared=True)
        if not await imports.file_of(connection, held.id):
            # Somebody was erased meanwhile, and may be in it.
            await import_rows.unstage(connection, held.id)
            await _end(held, connection, FILE_GONE)
            return
        if len(read.sheets) <= 1:
            await imports.delete_file(connection, held.id)
        await imports.let_go(
            connection,
            held.id,
            State.PREVIEWED,
            layout=held.shop.seals.seal_row(to_json(layout).decode(), held.id, 0),
            sheet=read.sheet,
            mapping=mapping,
            preview=held.row.preview + 1,
            **judging.counts(),
        )


def _heading(cell: Cell) -> str:
    return cell if isinstance(cell, str) else ""


async def _one_by_one(rows: Sequence[Row], left_out: frozenset[int]) -> AsyncIterator[Row]:
    """Rows without what is not taken from a sheet; others get a turn between them."""
    for index, (number, cells) in enumerate(rows):
        if index % AT_A_STRETCH == 0:
            await asyncio.sleep(0)
        for column in left_out:
            if column < len(cells):
                cells[column] = None
        yield number, cells


async def judge_again(held: Held) -> None:
    """Judge the rows of an import by the mapping it has now; raises as `read_upload` does."""
    judging = _Judging(held, held.interpreter(held.mapped()))
    after = 0
    while True:
        async with held.changing() as connection:
            rows = await import_rows.sealed_after(connection, held.id, after, at_most=held.shop.at_once)
            if not rows:
                break
            judged = [judging.staged(row.row, held.open(row.row, row.sealed), row.sealed) for row in rows]
            await import_rows.judge_anew(connection, held.id, judged)
        after = rows[-1].row
    async with held.changing() as connection:
        preview = held.row.preview + 1
        await imports.let_go(connection, held.id, State.PREVIEWED, preview=preview, **judging.counts())


async def _unreadable(held: Held, why: str) -> None:
    async with held.changing() as connection:
        await import_rows.unstage(connection, held.id)
        await _end(held, connection, why)


async def _end(held: Held, connection: AsyncConnection, why: str) -> None:
    """Nothing of the file is kept, only that it was not readable."""
    await imports.delete_file(connection, held.id)
    await imports.let_go(
        connection, held.id, State.UNREADABLE, why=why, finished_at=held.shop.clock(), rows=0, faulty=0
    )
