"""Rows of imports: sealed cells, what stands against each, and what became of it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from enrolment.domain.importing import Outcome
from enrolment.storage.locks import lock_sheets


class SheetRow(NamedTuple):
    """One row of one import."""

    upload: UUID
    row: int


class Staged(NamedTuple):
    """A row that was read. `complaints` is JSON, None if nothing stands against it."""

    row: int
    sealed: str
    phone_hash: bytes | None
    complaints: str | None


async def stage(connection: AsyncConnection, upload: UUID, rows: Sequence[Staged]) -> None:
    """Keep rows that were read."""
    numbers, sealed, hashes, complaints = zip(*rows, strict=True)
    await connection.execute(
        text(
            """
            insert into sheet_import_row (import, row, sealed, phone_hash, complaints)
            select :id, new.row, new.sealed, new.phone_hash, cast(new.complaints as jsonb)
            from unnest(cast(:rows as integer[]), cast(:sealed as text[]), cast(:hashes as bytea[]),
                        cast(:complaints as text[]))
                as new(row, sealed, phone_hash, complaints)
            """
        ),
        {"id": upload, "rows": numbers, "sealed": sealed, "hashes": hashes, "complaints": complaints},
    )


async def judge_anew(connection: AsyncConnection, upload: UUID, rows: Sequence[Staged]) -> None:
    """Note what stands against rows by another mapping."""
    await connection.execute(
        text(
            """
            update sheet_import_row as old
            set phone_hash = new.phone_hash, complaints = cast(new.complaints as jsonb)
            from unnest(cast(:rows as integer[]), cast(:hashes as bytea[]), cast(:complaints as text[]))
                as new(row, phone_hash, complaints)
            where old.import = :id and old.row = new.row and old.sealed is not null
            """
        ),
        {
            "id": upload,
            "rows": [row.row for row in rows],
            "hashes": [row.phone_hash for row in rows],
            "complaints": [row.complaints for row in rows],
        },
    )


async def unstage(connection: AsyncConnection, upload: UUID) -> None:
    """Keep no row of an import."""
    await connection.execute(text("delete from sheet_import_row where import = :id"), {"id": upload})


async def sealed_after(
    connection: AsyncConnection, upload: UUID, after: int, *, at_most: int
) -> Sequence[Row[Any]]:
    """(row, sealed), in order, of rows whose cells are kept and that have no outcome."""
    found = await connection.execute(
        text(
            """
            select row, sealed from sheet_import_row
            where import = :id and row > :after and outcome is null and sealed is not null
            order by row limit :at_most
            """
        ),
        {"id": upload, "after": after, "at_most": at_most},
    )
    return found.all()


async def emptied(connection: AsyncConnection, asked: Collection[SheetRow]) -> set[SheetRow]:
    """Which of these rows hold no person any more: an erasure emptied them, or the whole import is deleted.

    Until the end of the transaction no erasure empties others.
    """
    await lock_sheets(connection, shared=True)
    found = await connection.execute(
        text(
            """
            select asked.import, asked.row
            from unnest(cast(:imports as uuid[]), cast(:rows as integer[])) as asked(import, row)
            left join sheet_import_row as kept on kept.import = asked.import and kept.row = asked.row
            where kept.sealed is null
            """
        ),
        {"imports": [each.upload for each in asked], "rows": [each.row for each in asked]},
    )
    return {SheetRow(*row) for row in found}


async def settle_without_intake(connection: AsyncConnection, upload: UUID) -> None:
    """Give an outcome to rows that the intake is not asked about.

    That is: what the preview found faulty, and what the same row of the same file enrolled before, in an
    import of the same constituency.
    """
    for statement in _WITHOUT_INTAKE:
        await connection.execute(text(statement), {"id": upload})


_WITHOUT_INTAKE: Final = (
    """
    update sheet_import_row as this
    set outcome = 'enrolled_before', sealed = null, phone_hash = null, complaints = null
    from sheet_import as import, sheet_import as earlier, sheet_import_row as before
    where this.import = :id and import.id = :id and this.outcome is null
        and earlier.digest = import.digest and earlier.campaign = import.campaign
        and earlier.constituency = import.constituency
        and earlier.sheet = import.sheet and earlier.id <> import.id
        and before.import = earlier.id and before.row = this.row
        and before.outcome in ('enrolled', 'enrolled_before')
    """,
    """
    update sheet_import_row set outcome = 'refused'
    where import = :id and outcome is null and complaints is not null
    """,
)


async def settle_emptied(connection: AsyncConnection, upload: UUID, complaints: str) -> None:
    """Note that rows are not tried out of which somebody was erased."""
    await connection.execute(
        text(
            """
            update sheet_import_row set outcome = 'not_tried', complaints = cast(:complaints as jsonb)
            where import = :id and outcome is null and sealed is null
            """
        ),
        {"id": upload, "complaints": complaints},
    )


class Settled(NamedTuple):
    """What became of a row. `complaints` is JSON, None for who is enrolled."""

    row: int
    outcome: Outcome
    complaints: str | None


async def settle(connection: AsyncConnection, upload: UUID, rows: Sequence[Settled]) -> None:
    """Note outcomes; of rows that enrolled somebody nothing else is kept."""
    await connection.execute(
        text(
            """
            update sheet_import_row as old
            set outcome = new.outcome, complaints = cast(new.complaints as jsonb),
                sealed = case when new.complaints is null then null else old.sealed end,
                phone_hash = case when new.complaints is null then null else old.phone_hash end
            from unnest(cast(:rows as integer[]), cast(:outcomes as text[]), cast(:complaints as text[]))
                as new(row, outcome, complaints)
            where old.import = :id and old.row = new.row
            """
        ),
        {
            "id": upload,
            "rows": [row.row for row in rows],
            "outcomes": [row.outcome.value for row in rows],
            "complaints": [row.complaints for row in rows],
        },
    )


async def settle_the_rest(connection: AsyncConnection, upload: UUID, complaints: str) -> None:
    """Note that the remaining rows are not tried."""
    await connection.execute(
        text(
            """
            update sheet_import_row set outcome = 'not_tried', complaints = cast(:complaints as jsonb)
            where import = :id and outcome is null
            """
        ),
        {"id": upload, "complaints": complaints},
    )


async def outcomes(connection: AsyncConnection, upload: UUID) -> dict[str, int]:
    """How many rows have which outcome."""
    found = await connection.execute(
        text(
            """
            select outcome, count(*) as rows from sheet_import_row
            where import = :id and outcome is not null group by outcome
            """
        ),
        {"id": upload},
    )
    return {row.outcome: row.rows for row in found}


async def faulty_after(
    connection: AsyncConnection, upload: UUID, after: int, *, at_most: int
) -> Sequence[Row[Any]]:
    """(row, outcome, complaints, sealed), in order, of rows that something stands against."""
    found = await connection.execute(
        text(
            """
            select row, outcome, complaints, sealed from sheet_import_row
            where import = :id and row > :after and (complaints is not null or outcome = 'not_tried')
            order by row limit :at_most
            """
        ),
        {"id": upload, "after": after, "at_most": at_most},
    )
    return found.all()


async def outcomes_after(
    connection: AsyncConnection, upload: UUID, after: int, *, at_most: int
) -> Sequence[Row[Any]]:
    """(row, outcome, complaints), in order, of all rows."""
    found = await connection.execute(
        text(
            """
            select row, outcome, complaints from sheet_import_row
            where import = :id and row > :after order by row limit :at_most
            """
        ),
        {"id": upload, "after": after, "at_most": at_most},
    )
    return found.all()


async def scrub_imports(connection: AsyncConnection, people: Sequence[Row[Any]]) -> None:
    """Take erased people out of sheets: by the phone out of rows, and with the whole file out of files.

    A file cannot be looked into here. So one goes if a row of it has the phone, and one of the constituency
    goes that was not read yet: both can be sent again.
    """
    await lock_sheets(connection)
    hashes = [person.phone_hash for person in people if person.phone_hash is not None]
    mitras = [person.id for person in people]
    areas = sorted({person.constituency for person in people})
    for statement, values in _scrubbing(hashes, mitras, areas):
        await connection.execute(text(statement), values)


def _scrubbing(
    hashes: Collection[bytes], mitras: Collection[UUID], areas: Collection[str]
) -> Sequence[tuple[str, Mapping[str, Any]]]:
    return (
        (
            """
            delete from sheet_import_file where import in (
                select import from sheet_import_row where phone_hash = any(:hashes))
            """,
            {"hashes": hashes},
        ),
        (
            "update sheet_import_row set sealed = null, phone_hash = null where phone_hash = any(:hashes)",
            {"hashes": hashes},
        ),
        (
            """
            delete from sheet_import_file using sheet_import
            where sheet_import.id = sheet_import_file.import
                and sheet_import.constituency = any(:areas)
                and sheet_import.state in ('uploading', 'uploaded')
            """,
            {"areas": areas},
        ),
        ("delete from paper_consent where mitra = any(:mitras)", {"mitras": mitras}),
    )
