"""Hand-overs as they are kept: found by record and by paper, written once for each paper."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from certificates.domain.paper import VisibleNumber
from mitra_shared.ids import AreaCode, CampaignId, Partition, StaffId


class Paper(NamedTuple):
    """What is known of one paper when it is handed over.

    `valid_number` is that of the certificate's valid paper: another one, if this one was replaced.
    """

    credential: UUID
    partition: Partition
    campaign: CampaignId
    constituency: AreaCode
    segment: AreaCode
    serial: int
    is_valid: bool
    was_printed: bool
    valid_number: VisibleNumber | None


class HandedOver(NamedTuple):
    """A paper that is in the hands of its holder."""

    record: UUID
    credential: UUID
    programme: UUID | None
    by: StaffId
    device_at: datetime
    recorded_at: datetime
    was_printed: bool


_PAPER: Final = """
    c.id, c.partition, c.campaign, c.constituency, c.segment, c.serial, c.revoked_at is null as is_valid,
    exists (select from custody where custody.credential = c.id) as was_printed,
    valid.segment as valid_segment, valid.serial as valid_serial
"""
_VALID: Final = """
    left join lateral (
        select other.segment, other.serial from credential as other
        where other.certificate_id = c.certificate_id and other.revoked_at is null limit 1
    ) as valid on true
"""
_BY_CREDENTIAL: Final = text(
    f"""
    select {_PAPER} from credential as c {_VALID}
    where c.id = any(:ids) order by c.id for share of c
    """  # noqa: S608 - constants of ours
)
_BY_NUMBER: Final = text(
    f"""
    with named as (
        select distinct on (c.segment, c.serial) c.id
        from unnest(cast(:segments as text[]), cast(:serials as integer[])) as asked(segment, serial)
        join credential as c using (segment, serial)
        where c.campaign = :campaign and c.constituency = :constituency
        order by c.segment, c.serial, c.revoked_at is null desc, c.revision desc
    )
    select {_PAPER} from credential as c {_VALID}
    where c.id in (select id from named) order by c.id for share of c
    """  # noqa: S608 - constants of ours
)

_BY_RECORD: Final = text(
    """
    select record, credential, programme, handed_by, device_at, recorded_at, was_printed
    from hand_over where record = any(:ids)
    """
)
_OF_PAPERS: Final = text(
    """
    select record, credential, programme, handed_by, device_at, recorded_at, was_printed
    from hand_over where credential = any(:ids)
    """
)

_INSERT: Final = text(
    """
    insert into hand_over (record, credential, partition, campaign, segment, programme, handed_by, device_at,
                           recorded_at, scanned, was_printed)
    select new.record, new.credential, :partition, :campaign, new.segment, new.programme, :handed_by,
           new.device_at, :recorded_at, new.scanned, new.was_printed
    from unnest(cast(:records as uuid[]), cast(:credentials as uuid[]), cast(:segments as text[]),
                cast(:programmes as uuid[]), cast(:device_ats as timestamptz[]),
                cast(:scanneds as boolean[]), cast(:was_printeds as boolean[]))
        as new(record, credential, segment, programme, device_at, scanned, was_printed)
    order by new.credential
    on conflict do nothing
    returning record
    """
)


async def papers(connection: AsyncConnection, credentials: Collection[UUID]) -> Mapping[UUID, Paper]:
    """The papers of these ids; none of them is revoked until the end of the transaction."""
    rows = await connection.execute(_BY_CREDENTIAL, {"ids": list(credentials)})
    return {row[0]: _paper(row) for row in rows}


async def papers_by_number(
    connection: AsyncConnection,
    campaign: CampaignId,
    constituency: AreaCode,
    numbers: Collection[VisibleNumber],
) -> Mapping[VisibleNumber, Paper]:
    """The papers of a constituency under these numbers, the valid one of each if there is any."""
    rows = await connection.execute(
        _BY_NUMBER,
        {
            "campaign": campaign,
            "constituency": constituency,
            "segments": [number.segment for number in numbers],
            "serials": [number.serial for number in numbers],
        },
    )
    found = map(_paper, rows)
    return {VisibleNumber(paper.segment, paper.serial): paper for paper in found}


def _paper(row: Row[Any]) -> Paper:
    valid = None if row.valid_segment is None else VisibleNumber(row.valid_segment, row.valid_serial)
    fields: tuple[Any, ...] = (*row[:8], valid)
    return Paper(*fields)


async def by_record(connection: AsyncConnection, records: Collection[UUID]) -> Mapping[UUID, HandedOver]:
    """What was handed over under these records."""
    rows = await connection.execute(_BY_RECORD, {"ids": list(records)})
    return {row[0]: HandedOver(*row) for row in rows}


async def of_papers(connection: AsyncConnection, credentials: Collection[UUID]) -> Mapping[UUID, HandedOver]:
    """Who handed these papers over and when, as far as that was done."""
    rows = await connection.execute(_OF_PAPERS, {"ids": list(credentials)})
    return {row[1]: HandedOver(*row) for row in rows}


class Given(NamedTuple):
    """A paper to be written down as handed over."""

    record: UUID
    paper: Paper
    programme: UUID | None
    device_at: datetime
    scanned: bool


async def insert(
    connection: AsyncConnection, given: Sequence[Given], by: StaffId, now: datetime
) -> Collection[UUID]:
    """Write hand-overs of one constituency. Returns the records that were the first for their paper."""
    if not given:
        return ()
    written = await connection.execute(
        _INSERT,
        {
            "partition": given[0].paper.partition,
            "campaign": given[0].paper.campaign,
            "handed_by": by,
            "recorded_at": now,
            "records": [each.record for each in given],
            "credentials": [each.paper.credential for each in given],
            "segments": [each.paper.segment for each in given],
            "programmes": [each.programme for each in given],
            "device_ats": [each.device_at for each in given],
            "scanneds": [each.scanned for each in given],
            "was_printeds": [each.paper.was_printed for each in given],
        },
    )
    return set(written.scalars())


_KNOWN_SEGMENTS: Final = text(
    "select segment, constituency from segment where campaign = :campaign and segment = any(:segments)"
)
_VOID: Final = text(
    """
    select v.segment, v.serial from unnest(cast(:segments as text[]), cast(:serials as integer[]))
        as asked(segment, serial)
    join void_number as v using (segment, serial) where v.campaign = :campaign
    """
)
_CAMPAIGNS: Final = text(
    "select distinct campaign from segment where constituency = :constituency order by 1"
)


async def homes(
    connection: AsyncConnection, campaign: CampaignId, segments: Collection[AreaCode]
) -> Mapping[AreaCode, AreaCode]:
    """The constituency of each of these segments that the campaign has."""
    rows = await connection.execute(_KNOWN_SEGMENTS, {"campaign": campaign, "segments": list(segments)})
    return {row[0]: row[1] for row in rows}


async def void_numbers(
    connection: AsyncConnection, campaign: CampaignId, numbers: Collection[VisibleNumber]
) -> Collection[VisibleNumber]:
    """Those of these numbers that were given up for another one."""
    rows = await connection.execute(
        _VOID,
        {
            "campaign": campaign,
            "segments": [number.segment for number in numbers],
            "serials": [number.serial for number in numbers],
        },
    )
    return {VisibleNumber(*row) for row in rows}


async def campaigns_of(connection: AsyncConnection, constituency: AreaCode) -> Sequence[CampaignId]:
    """The campaigns that have this constituency."""
    rows = await connection.execute(_CAMPAIGNS, {"constituency": constituency})
    return [CampaignId(row[0]) for row in rows]
