"""Imports: one row each, held by whoever works on it, and its file in sealed parts.

Whoever works holds a lease that every transaction renews first; one that lost it changes nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from enrolment.domain.importing import State
from mitra_shared.ids import CampaignId
from mitra_shared.security.tokens import Caller


class LeaseLost(Exception):
    """The import was cancelled, or somebody else works on it by now."""


async def begin(
    connection: AsyncConnection, upload: UUID, caller: Caller, campaign: CampaignId, at: datetime
) -> None:
    """Note that an upload begins."""
    await connection.execute(
        text(
            """
            insert into sheet_import (id, campaign, constituency, staff, role, session, state, uploaded_at)
            values (:id, :campaign, :area, :staff, :role, :session, 'uploading', :at)
            """
        ),
        {
            "id": upload,
            "campaign": campaign,
            "area": caller.area,
            "staff": caller.subject,
            "role": caller.role.value,
            "session": caller.session,
            "at": at,
        },
    )


async def open_imports(connection: AsyncConnection, caller: Caller) -> int:
    """How many imports of the caller are not at their end; the caller waits for the own other uploads."""
    await connection.execute(
        text("select pg_advisory_xact_lock(hashtext('sheet_import'), hashtext(:staff))"),
        {"staff": caller.subject},
    )
    found = await connection.execute(
        text("select count(*) from sheet_import where staff = :staff and finished_at is null"),
        {"staff": caller.subject},
    )
    number: int = found.scalar_one()
    return number


async def add_part(connection: AsyncConnection, upload: UUID, part: int, sealed: bytes) -> None:
    """Keep one part of the file."""
    await connection.execute(
        text("insert into sheet_import_file (import, part, sealed) values (:id, :part, :sealed)"),
        {"id": upload, "part": part, "sealed": sealed},
    )


async def end_upload(connection: AsyncConnection, upload: UUID, digest: bytes, size: int) -> None:
    """The file is whole."""
    await connection.execute(
        text("update sheet_import set state = 'uploaded', digest = :digest, bytes = :size where id = :id"),
        {"id": upload, "digest": digest, "size": size},
    )


_TOLD: Final = """
    id, campaign, constituency, staff, role, session, state, why, digest, bytes, sheet, layout, mapping,
    preview, rows, faulty, complaints, outcomes, uploaded_at, accepted_at, continues_at, finished_at
"""


async def find(
    connection: AsyncConnection, upload: UUID, staff: str, *, for_update: bool = False
) -> Row[Any] | None:
    """An import of that member of staff."""
    statement = f"select {_TOLD} from sheet_import where id = :id and staff = :staff"  # noqa: S608 - ours
    if for_update:
        statement += " for update"
    return (await connection.execute(text(statement), {"id": upload, "staff": staff})).one_or_none()


async def of_staff(connection: AsyncConnection, staff: str, *, at_most: int) -> Sequence[Row[Any]]:
    """The newest imports of a member of staff."""
    statement = f"""
        select {_TOLD} from sheet_import where staff = :staff order by uploaded_at desc, id limit :at_most
    """  # noqa: S608 - columns of ours
    return (await connection.execute(text(statement), {"staff": staff, "at_most": at_most})).all()


async def earlier_of_file(connection: AsyncConnection, upload: UUID) -> Sequence[UUID]:
    """Imports of the same file that enrolled somebody, as far as whoever asks sees them."""
    found = await connection.execute(
        text(
            """
            select earlier.id from sheet_import as this
            join sheet_import as earlier on earlier.digest = this.digest
                and earlier.constituency = this.constituency
            where this.id = :id and earlier.id <> :id and earlier.accepted_at is not null
            order by earlier.uploaded_at limit 20
            """
        ),
        {"id": upload},
    )
    return found.scalars().all()


async def claim(connection: AsyncConnection, lease: UUID, now: datetime, until: datetime) -> Row[Any] | None:
    """Hold the import that waits longest; previews first, since somebody waits for those."""
    found = await connection.execute(
        text(
            f"""
            update sheet_import set leased_by = :lease, leased_until = :until
            where id = (
                select id from sheet_import
                where state in ('uploaded', 'mapped', 'accepted') and finished_at is null
                    and (leased_until is null or leased_until < :now)
                    and (continues_at is null or continues_at <= :now)
                order by state = 'accepted', uploaded_at, id limit 1 for update skip locked)
            returning {_TOLD}
            """  # noqa: S608 - columns of ours
        ),
        {"lease": lease, "now": now, "until": until},
    )
    return found.one_or_none()


async def renew(connection: AsyncConnection, upload: UUID, lease: UUID, until: datetime) -> None:
    """Go on holding an import; the row stays locked until the end of the transaction.

    Raises:
        LeaseLost: it is not held any more, and the transaction must change nothing.
    """
    renewed = await connection.execute(
        text("update sheet_import set leased_until = :until where id = :id and leased_by = :lease"),
        {"id": upload, "lease": lease, "until": until},
    )
    if renewed.rowcount != 1:
        raise LeaseLost


_JSON: Final = frozenset({"complaints", "outcomes", "mapping"})


async def change(connection: AsyncConnection, upload: UUID, **values: Any) -> None:
    """Set columns of an import, which is locked."""
    settings = ", ".join(f"{name} = :{name}" for name in values)
    statement = text(f"update sheet_import set {settings} where id = :id")  # noqa: S608 - names are ours
    typed = [bindparam(name, type_=JSONB(none_as_null=True)) for name in _JSON & values.keys()]
    await connection.execute(statement.bindparams(*typed), {"id": upload, **values})


async def let_go(connection: AsyncConnection, upload: UUID, state: State, **values: Any) -> None:
    """Set what came of the work, and hold the import no longer."""
    await change(connection, upload, state=state.value, leased_by=None, leased_until=None, **values)


async def file_of(connection: AsyncConnection, upload: UUID) -> Sequence[bytes]:
    """The sealed parts of the file, in order; none once it was deleted."""
    found = await connection.execute(
        text("select sealed from sheet_import_file where import = :id order by part"), {"id": upload}
    )
    return found.scalars().all()


async def delete_file(connection: AsyncConnection, upload: UUID) -> None:
    """Keep nothing of the file."""
    await connection.execute(text("delete from sheet_import_file where import = :id"), {"id": upload})


async def delete(connection: AsyncConnection, upload: UUID) -> None:
    """Keep nothing of an import, its file and its rows."""
    await connection.execute(text("delete from sheet_import where id = :id"), {"id": upload})


async def forget(connection: AsyncConnection, ends: Mapping[str, datetime], *, at_most: int) -> int:
    """Delete what is past its time. Returns how many rows and imports were changed; ask again until 0.

    Args:
        connection: in a transaction of the upkeep.
        ends: `upload`, `accept`, `finish`, `rows` and `records`: what was left before that instant is over.
        at_most: rows changed by each statement.
    """
    changed = 0
    for statement in _FORGET:
        done = await connection.execute(text(statement), {**ends, "at_most": at_most})
        changed += done.rowcount
    return changed


_FORGET: Final = (
    # Uploads that broke off.
    "delete from sheet_import where state = 'uploading' and uploaded_at < :upload",
    """
    update sheet_import set state = 'expired', finished_at = now(), layout = null, mapping = null,
        leased_by = null, leased_until = null
    where state in ('uploaded', 'mapped', 'previewed') and uploaded_at < :accept
    """,
    """
    update sheet_import set state = 'stopped', why = 'out-of-time', finished_at = now(),
        leased_by = null, leased_until = null
    where state = 'accepted' and accepted_at < :finish
    """,
    """
    update sheet_import_row set outcome = 'not_tried' where (import, row) in (
        select each.import, each.row from sheet_import_row as each
        join sheet_import on sheet_import.id = each.import
        where sheet_import.state = 'stopped' and each.outcome is null limit :at_most)
    """,
    """
    delete from sheet_import_file where (import, part) in (
        select part.import, part.part from sheet_import_file as part
        join sheet_import on sheet_import.id = part.import
        where sheet_import.finished_at is not null limit :at_most)
    """,
    """
    delete from sheet_import_row where (import, row) in (
        select each.import, each.row from sheet_import_row as each
        join sheet_import on sheet_import.id = each.import
        where sheet_import.state in ('expired', 'unreadable') limit :at_most)
    """,
    """
    update sheet_import_row set sealed = null, phone_hash = null where (import, row) in (
        select each.import, each.row from sheet_import_row as each
        join sheet_import on sheet_import.id = each.import
        where sheet_import.finished_at < :rows and each.sealed is not null limit :at_most)
    """,
    "update sheet_import set layout = null where finished_at < :rows and layout is not null",
    """
    delete from sheet_import where id in (
        select id from sheet_import where finished_at < :records limit 1)
    """,
)
