"""Print sheets as they are kept: who is on which page, and what became of the sheet."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from certificates.domain.paper import ReprintReason
from certificates.storage.requests import Request
from mitra_shared.ids import AreaCode, CampaignId, Partition, StaffId


class SegmentScope(NamedTuple):
    """The segment that a sheet is of."""

    partition: Partition
    campaign: CampaignId
    constituency: AreaCode
    segment: AreaCode


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet. `remaining`: how many certificates of the segment it left for later ones when it was made."""

    id: UUID
    partition: Partition
    campaign: CampaignId
    constituency: AreaCode
    segment: AreaCode
    reason: ReprintReason | None
    made_by: StaffId
    made_at: datetime
    count: int
    remaining: int
    printed_at: datetime | None
    printed_by: StaffId | None
    printed: int | None
    dispatched_at: datetime | None
    dispatched_by: StaffId | None
    dispatched: int | None


class Untaken(NamedTuple):
    """A valid credential that may go on a sheet."""

    credential: UUID
    serial: int


_FIELDS: Final = """
    id, partition, campaign, constituency, segment, reason, made_by, made_at, count, remaining,
    printed_at, printed_by, printed, dispatched_at, dispatched_by, dispatched
"""

_FOUND: Final = text(f"select {_FIELDS} from print_sheet where id = :id")  # noqa: S608 - columns of ours
_LOCKED: Final = text(f"select {_FIELDS} from print_sheet where id = :id for update")  # noqa: S608
_ASKED: Final = text(
    f"select request, {_FIELDS} from print_sheet where made_by = :caller and idempotency_key = :key"  # noqa: S608
)
_OF_SEGMENT: Final = text(
    f"select {_FIELDS} from print_sheet where campaign = :campaign and segment = :segment"  # noqa: S608
    " order by made_at desc, id limit :most"
)

_UNTAKEN: Final = """
    from credential as c
    where c.campaign = :campaign and c.segment = :segment and c.revoked_at is null
      and not exists (
        select from sheet_member as taken where taken.credential = c.id and taken.failed is null)
"""
_TAKE: Final = text(f"select c.id, c.serial {_UNTAKEN} order by c.serial limit :most")
_COUNT_UNTAKEN: Final = text(f"select count(*) {_UNTAKEN}")

_INSERT: Final = text(
    """
    insert into print_sheet (id, partition, campaign, constituency, segment, reason, made_by, made_at,
                             idempotency_key, request, count, remaining)
    values (:id, :partition, :campaign, :constituency, :segment, :reason, :made_by, :made_at, :key, :request,
            :count, :remaining)
    """
)
_INSERT_MEMBERS: Final = text(
    """
    insert into sheet_member (sheet, place, credential, reprint)
    select :id, member.place, member.credential, :reprint
    from unnest(cast(:credentials as uuid[])) with ordinality as member(credential, place)
    """
)
_INSERT_JOB: Final = text(
    """
    insert into press_job (sheet, stage, asked_at, total) values (:id, 'waiting', :at, :count)
    """
)


async def find(connection: AsyncConnection, sheet: UUID) -> Sheet | None:
    """The sheet of that id."""
    row = (await connection.execute(_FOUND, {"id": sheet})).one_or_none()
    return None if row is None else _sheet(row)


async def of_job(connection: AsyncConnection, sheet: UUID) -> Sheet:
    """The sheet of a job, which there is."""
    return _sheet((await connection.execute(_FOUND, {"id": sheet})).one())


async def lock(connection: AsyncConnection, sheet: UUID) -> Sheet | None:
    """The sheet of that id, which nobody else changes until the end of the transaction."""
    row = (await connection.execute(_LOCKED, {"id": sheet})).one_or_none()
    return None if row is None else _sheet(row)


async def asked_before(connection: AsyncConnection, request: Request) -> tuple[bytes, Sheet] | None:
    """The sheet that was made for the key of a request, and the digest of the request it was made for."""
    row = (await connection.execute(_ASKED, {"caller": request.caller, "key": request.key})).one_or_none()
    return None if row is None else (row[0], _sheet(row[1:]))


async def of_segment(
    connection: AsyncConnection, campaign: CampaignId, segment: AreaCode, most: int
) -> Sequence[Sheet]:
    """Sheets of a segment, the newest first."""
    rows = await connection.execute(_OF_SEGMENT, {"campaign": campaign, "segment": segment, "most": most})
    return [_sheet(row) for row in rows]


def _sheet(row: Sequence[Any]) -> Sheet:
    """The sheet of a row with the columns of `_FIELDS`."""
    sheet = Sheet(*row)
    return sheet if sheet.reason is None else replace(sheet, reason=ReprintReason(sheet.reason))


async def untaken(connection: AsyncConnection, scope: SegmentScope, most: int) -> Sequence[Untaken]:
    """Valid credentials of a segment that are on no sheet, in the order of their numbers."""
    rows = await connection.execute(
        _TAKE, {"campaign": scope.campaign, "segment": scope.segment, "most": most}
    )
    return [Untaken(*row) for row in rows]


async def count_untaken(connection: AsyncConnection, campaign: CampaignId, segment: AreaCode) -> int:
    """How many valid credentials of a segment are on no sheet."""
    rows = await connection.execute(_COUNT_UNTAKEN, {"campaign": campaign, "segment": segment})
    return int(rows.scalar_one())


async def insert(
    connection: AsyncConnection, sheet: Sheet, members: Collection[UUID], request: Request
) -> None:
    """Write a sheet, its pages in order, and the job of the press."""
    await connection.execute(
        _INSERT,
        {
            "id": sheet.id,
            "partition": sheet.partition,
            "campaign": sheet.campaign,
            "constituency": sheet.constituency,
            "segment": sheet.segment,
            "reason": sheet.reason,
            "made_by": sheet.made_by,
            "made_at": sheet.made_at,
            "key": request.key,
            "request": request.digest,
            "count": sheet.count,
            "remaining": sheet.remaining,
        },
    )
    await connection.execute(
        _INSERT_MEMBERS,
        {"id": sheet.id, "credentials": list(members), "reprint": sheet.reason is not None},
    )
    await connection.execute(_INSERT_JOB, {"id": sheet.id, "at": sheet.made_at, "count": sheet.count})


class Printable(NamedTuple):
    """A certificate that is asked for again, and whether its paper would be valid."""

    credential: UUID
    campaign: CampaignId
    constituency: AreaCode
    segment: AreaCode
    serial: int
    is_valid: bool
    was_on_a_sheet: bool


_BY_NUMBER: Final = text(
    """
    select distinct on (c.segment, c.serial)
           c.id, c.campaign, c.constituency, c.segment, c.serial, c.revoked_at is null as is_valid,
           exists (select from sheet_member as taken where taken.credential = c.id and taken.failed is null)
    from unnest(cast(:segments as text[]), cast(:serials as integer[])) as asked(segment, serial)
    join credential as c using (segment, serial)
    where c.campaign = :campaign
    order by c.segment, c.serial, c.revoked_at is null desc, c.revision desc
    """
)


async def by_number(
    connection: AsyncConnection, campaign: CampaignId, numbers: Sequence[tuple[AreaCode, int]]
) -> Mapping[tuple[AreaCode, int], Printable]:
    """What was signed under these numbers, the valid one of each if there is any."""
    rows = await connection.execute(
        _BY_NUMBER,
        {
            "campaign": campaign,
            "segments": [segment for segment, _ in numbers],
            "serials": [serial for _, serial in numbers],
        },
    )
    return {(row[3], row[4]): Printable(*row) for row in rows}


class Member(NamedTuple):
    """One page of a sheet: what is to be rendered, or why not."""

    place: int
    credential: UUID
    serial: int
    rendered: bool
    failed: str | None
    is_revoked: bool
    recruiter: StaffId | None


_MEMBERS: Final = text(
    """
    select m.place, m.credential, c.serial, m.rendered, m.failed, c.revoked_at is not null as is_revoked,
           certificate.recruiter
    from sheet_member as m
    join credential as c on c.id = m.credential
    left join certificate on certificate.id = c.certificate_id
    where m.sheet = :sheet order by m.place
    """
)


async def members(connection: AsyncConnection, sheet: UUID) -> Sequence[Member]:
    """The pages of a sheet in their order."""
    return [Member(*row) for row in await connection.execute(_MEMBERS, {"sheet": sheet})]


async def people_on(connection: AsyncConnection, sheet: UUID) -> Sequence[UUID]:
    """The Mitra ids of those whose names the files of a sheet show."""
    rows = await connection.scalars(
        text(
            """
            select certificate.mitra_id from sheet_member as m
            join credential as c on c.id = m.credential
            join certificate on certificate.id = c.certificate_id
            where m.sheet = :sheet and m.rendered order by m.place
            """
        ),
        {"sheet": sheet},
    )
    return rows.all()


_PRINTED: Final = text(
    """
    insert into custody (credential, partition, campaign, segment, printed_at, printed_sheet)
    select m.credential, c.partition, c.campaign, c.segment, :at, m.sheet
    from sheet_member as m join credential as c on c.id = m.credential
    where m.sheet = :sheet and m.rendered
    order by m.credential
    on conflict (credential) do nothing
    """
)
_MARK_PRINTED: Final = text(
    "update print_sheet set printed_at = :at, printed_by = :by, printed = :count where id = :sheet"
)
_DISPATCHED: Final = text(
    """
    update custody set dispatched_at = :at, dispatched_sheet = :sheet
    where dispatched_at is null and credential in (
        select held.credential from custody as held
        join sheet_member as m on m.credential = held.credential
        where m.sheet = :sheet and m.rendered order by held.credential for update of held
    )
    """
)
_MARK_DISPATCHED: Final = text(
    "update print_sheet set dispatched_at = :at, dispatched_by = :by, dispatched = :count where id = :sheet"
)


async def mark_printed(connection: AsyncConnection, sheet: UUID, by: StaffId, at: datetime) -> int:
    """Note what was rendered as printed; how many papers had not been before."""
    return await _mark(connection, (_PRINTED, _MARK_PRINTED), sheet, by, at)


async def mark_dispatched(connection: AsyncConnection, sheet: UUID, by: StaffId, at: datetime) -> int:
    """Note what was rendered as sent; how many papers had not been before."""
    return await _mark(connection, (_DISPATCHED, _MARK_DISPATCHED), sheet, by, at)


async def _mark(
    connection: AsyncConnection, statements: tuple[Any, Any], sheet: UUID, by: StaffId, at: datetime
) -> int:
    of_papers, of_sheet = statements
    count = (await connection.execute(of_papers, {"sheet": sheet, "at": at})).rowcount
    await connection.execute(of_sheet, {"sheet": sheet, "at": at, "by": by, "count": count})
    return count
