"""The jobs of the press: who works on which sheet under a lease, and where the finished rendering lies."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

LEASE_SECONDS: Final = 20
"""How long a job is left alone after its worker was last heard of."""


class Stage(StrEnum):
    """How far a sheet is. The last four are at rest."""

    WAITING = "waiting"
    OPENING = "opening"
    TYPESETTING = "typesetting"
    READY = "ready"
    GONE = "gone"
    EMPTY = "empty"
    FAILED = "failed"


class Job(NamedTuple):
    """What the press does or did for a sheet. `sealed_key` opens the files of `rendering`."""

    sheet: UUID
    stage: Stage
    prepared: int
    total: int
    attempts: int
    rendering: UUID | None
    sealed_key: str | None
    expires_at: datetime | None
    trouble: str | None


_FIELDS: Final = "sheet, stage, prepared, total, attempts, rendering, sealed_key, expires_at, trouble"

_FOUND: Final = text(f"select {_FIELDS} from press_job where sheet = :sheet")  # noqa: S608 - columns of ours

_CLAIM: Final = text(
    f"""
    update press_job
    set stage = 'opening', worker = :worker, lease_until = now() + make_interval(secs => :lease),
        prepared = 0, attempts = attempts + 1, trouble = null
    where sheet = (
        select sheet from press_job
        where stage = 'waiting' or (stage in ('opening', 'typesetting') and lease_until < now())
        order by asked_at limit 1 for update skip locked
    )
    returning {_FIELDS}
    """  # noqa: S608 - columns of ours
)

_RENEW: Final = text(
    """
    update press_job
    set stage = :stage, prepared = :prepared, total = :total,
        lease_until = now() + make_interval(secs => :lease)
    where sheet = :sheet and worker = :worker
    """
)

_REST: Final = text(
    """
    update press_job
    set stage = :stage, worker = null, lease_until = null, trouble = :trouble,
        attempts = case :stage when 'waiting' then 0 else attempts end
    where sheet = :sheet and worker = :worker
    """
)

_FAIL_MEMBERS: Final = text(
    """
    update sheet_member as m set failed = told.why
    from unnest(cast(:places as integer[]), cast(:whys as text[])) as told(place, why)
    where m.sheet = :sheet and m.place = told.place and m.failed is null
    """
)

_FINISH: Final = text(
    """
    update press_job
    set stage = 'ready', worker = null, lease_until = null, trouble = null, attempts = 0, prepared = total,
        rendering = :rendering, sealed_key = :sealed_key, bytes = :bytes,
        expires_at = now() + make_interval(secs => :seconds)
    where sheet = :sheet and worker = :worker
      and not exists (
        select from sheet_member as m join credential as c on c.id = m.credential
        where m.sheet = :sheet and m.place = any(:places) and c.revoked_at is not null)
    """
)

_RENDERED: Final = text(
    "update sheet_member set rendered = true where sheet = :sheet and place = any(:places) and not rendered"
)

_AGAIN: Final = text(
    """
    update press_job set stage = 'waiting', asked_at = now(), attempts = 0, prepared = 0, trouble = null,
           rendering = null, sealed_key = null, expires_at = null, bytes = 0
    where sheet = :sheet and stage in ('ready', 'gone', 'empty', 'failed')
    """
)

_DROP: Final = """
    update press_job set stage = 'gone', rendering = null, sealed_key = null, expires_at = null, bytes = 0
    where sheet in (select sheet from press_job where {which} for update skip locked)
"""
_EXPIRE: Final = text(_DROP.format(which="stage = 'ready' and expires_at < now()"))
_SHRINK: Final = text(
    _DROP.format(
        which="""sheet in (
            select sheet from (
                select sheet, sum(bytes) over (order by expires_at desc, sheet) as so_far
                from press_job where stage = 'ready') as kept
            where so_far > :most)"""
    )
)
_KEPT: Final = text("select rendering from press_job where stage = 'ready'")
_WAS_RENDERED: Final = text("select exists (select from sheet_member where sheet = :sheet and rendered)")


async def of_sheet(connection: AsyncConnection, sheet: UUID) -> Job:
    """The job of a sheet that there is: it was made with it."""
    row = (await connection.execute(_FOUND, {"sheet": sheet})).one()
    return Job(row[0], Stage(row[1]), *row[2:])


async def was_rendered(connection: AsyncConnection, sheet: UUID) -> bool:
    """Whether any page of the sheet was ready to be printed."""
    return bool((await connection.execute(_WAS_RENDERED, {"sheet": sheet})).scalar_one())


async def claim(connection: AsyncConnection, worker: UUID) -> Job | None:
    """Take the job that waits longest, or one whose worker has not been heard of; None if there is none."""
    row = (await connection.execute(_CLAIM, {"worker": worker, "lease": LEASE_SECONDS})).one_or_none()
    return None if row is None else Job(row[0], Stage(row[1]), *row[2:])


async def renew(
    connection: AsyncConnection, sheet: UUID, worker: UUID, stage: Stage, prepared: int, total: int
) -> bool:
    """Tell how far it is, and keep the lease. Returns whether it is still held."""
    renewed = await connection.execute(
        _RENEW,
        {
            "sheet": sheet,
            "worker": worker,
            "stage": stage.value,
            "prepared": prepared,
            "total": total,
            "lease": LEASE_SECONDS,
        },
    )
    return renewed.rowcount == 1


async def rest(
    connection: AsyncConnection, sheet: UUID, worker: UUID, stage: Stage, trouble: str | None = None
) -> None:
    """Give a job back: to wait, or because there is nothing or no way to render it."""
    await connection.execute(
        _REST, {"sheet": sheet, "worker": worker, "stage": stage.value, "trouble": trouble}
    )


async def fail_members(connection: AsyncConnection, sheet: UUID, failed: Mapping[int, str]) -> None:
    """Note by place why pages cannot be rendered: from now on a later sheet may take them."""
    await connection.execute(
        _FAIL_MEMBERS, {"sheet": sheet, "places": list(failed), "whys": list(failed.values())}
    )


class Finished(NamedTuple):
    """A rendering that lies in the work directory, and the places that are on its pages."""

    rendering: UUID
    sealed_key: str
    bytes: int
    places: Sequence[int]
    keep_seconds: int


async def finish(connection: AsyncConnection, sheet: UUID, worker: UUID, finished: Finished) -> bool:
    """Make a rendering the sheet's own. Returns False if the lease or the right to print a page was lost."""
    done = await connection.execute(
        _FINISH,
        {
            "sheet": sheet,
            "worker": worker,
            "rendering": finished.rendering,
            "sealed_key": finished.sealed_key,
            "bytes": finished.bytes,
            "seconds": finished.keep_seconds,
            "places": list(finished.places),
        },
    )
    if done.rowcount == 1:
        await connection.execute(_RENDERED, {"sheet": sheet, "places": list(finished.places)})
    return done.rowcount == 1


async def ask_again(connection: AsyncConnection, sheet: UUID) -> None:
    """Have a sheet made again whose rendering is gone; one that is at work is left alone."""
    await connection.execute(_AGAIN, {"sheet": sheet})


async def drop_old(connection: AsyncConnection, most_bytes: int) -> None:
    """Give up renderings that have expired, and the oldest of those that take more than `most_bytes`."""
    await connection.execute(_EXPIRE)
    await connection.execute(_SHRINK, {"most": most_bytes})


async def kept(connection: AsyncConnection) -> Collection[UUID]:
    """The renderings whose files are needed."""
    return set((await connection.execute(_KEPT)).scalars())
