"""What can be read: certificates, the places of a segment, its queue, and numbers that a replay lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from certificates.domain.certificate import State
from mitra_shared.ids import AreaCode, CampaignId, CertificateId, MitraId, Partition, Position


@dataclass(frozen=True, slots=True)
class CertificateFound:
    """One certificate. `ahead`: how many wait before it, while it is waitlisted."""

    state: State
    id: CertificateId
    campaign: CampaignId
    mitra_id: MitraId
    constituency: AreaCode
    segment: AreaCode
    serial: int | None
    revision: int
    ahead: int | None
    enrolled_at: datetime
    issued_at: datetime | None
    revoked_at: datetime | None


_CERTIFICATE: Final = text(
    """
    select state, id, campaign, mitra_id, constituency, segment, serial, revision,
           case when state = 'waitlisted' then (
               select count(*) from certificate as earlier
               where earlier.partition = c.partition and earlier.campaign = c.campaign
                 and earlier.pool = c.pool and earlier.state = 'waitlisted'
                 and (earlier.queue_position, earlier.enrolled_position)
                     < (c.queue_position, c.enrolled_position)
           ) end as ahead,
           enrolled_at, issued_at, revoked_at
    from certificate as c where id = :id
    """
)


async def find_certificate(
    connection: AsyncConnection, certificate_id: CertificateId
) -> CertificateFound | None:
    """The certificate of that id."""
    row = (await connection.execute(_CERTIFICATE, {"id": certificate_id})).one_or_none()
    if row is None:
        return None
    state, *fields = row
    return CertificateFound(State(state), *fields)


class Standing(NamedTuple):
    """How one person's certificate stands. `handed_over_at`: its valid paper, by the service's clock."""

    mitra_id: MitraId
    state: State
    segment: AreaCode
    serial: int | None
    issued_at: datetime | None
    handed_over_at: datetime | None
    revoked_at: datetime | None


_STANDINGS: Final = text(
    """
    select c.mitra_id, c.state, c.segment, c.serial, c.issued_at, (
               select max(h.recorded_at) from credential as paper
               join hand_over as h on h.credential = paper.id
               where paper.certificate_id = c.id and paper.revoked_at is null
           ) as handed_over_at, c.revoked_at
    from certificate as c
    where c.mitra_id = any(:mitras) and c.campaign = :campaign and c.constituency = :constituency
    """
)


async def standings(
    connection: AsyncConnection, mitras: Sequence[MitraId], campaign: CampaignId, constituency: AreaCode
) -> Sequence[Standing]:
    """The certificates of those of these people who are of the constituency."""
    rows = await connection.execute(
        _STANDINGS, {"mitras": list(mitras), "campaign": campaign, "constituency": constituency}
    )
    return [Standing(row.mitra_id, State(row.state), *row[2:]) for row in rows]


@dataclass(frozen=True, slots=True)
class SegmentFound:
    """A segment of a campaign, and the pool it draws on."""

    partition: Partition
    campaign: CampaignId
    code: AreaCode
    constituency: AreaCode
    state: AreaCode
    pool: AreaCode
    last_serial: int
    quota: int
    taken: int
    reserved: int
    frozen: bool


_SEGMENTS: Final = text(
    """
    select s.partition, s.campaign, s.segment, s.constituency, s.state, s.pool, s.last_serial,
           p.quota, p.taken, p.reserved, t.frozen
    from segment as s
    join pool as p on p.partition = s.partition and p.campaign = s.campaign and p.area = s.pool
    join campaign as t on t.partition = s.partition and t.campaign = s.campaign
    where s.segment = :code and s.campaign = coalesce(:campaign, s.campaign)
    order by s.campaign
    """
)


async def find_segments(
    connection: AsyncConnection, code: AreaCode, campaign: CampaignId | None
) -> Sequence[SegmentFound]:
    """The segment of that code, in one campaign or in each that has it."""
    rows = await connection.execute(_SEGMENTS, {"code": code, "campaign": campaign})
    return [SegmentFound(*row) for row in rows]


_WAITLISTED: Final = text(
    """
    select count(*) from certificate
    where partition = :partition and campaign = :campaign and pool = :pool and state = 'waitlisted'
    """
)


async def count_waitlisted(connection: AsyncConnection, segment: SegmentFound) -> int:
    """How many wait for the pool of a segment."""
    pool = {"partition": segment.partition, "campaign": segment.campaign, "pool": segment.pool}
    waitlisted: int = (await connection.execute(_WAITLISTED, pool)).scalar_one()
    return waitlisted


class Turn(NamedTuple):
    """A place in the queue of a pool, in the order of the log."""

    queue_position: Position
    enrolled_position: Position


BEGINNING: Final = Turn(Position(0), Position(0))


class Waits(NamedTuple):
    """One certificate in a queue."""

    id: CertificateId
    segment: AreaCode
    enrolled_at: datetime
    turn: Turn


_WAITLIST: Final = text(
    """
    select id, segment, enrolled_at, queue_position, enrolled_position from certificate
    where partition = :partition and campaign = :campaign and pool = :pool and state = 'waitlisted'
      and (queue_position, enrolled_position) > (:queue_position, :enrolled_position)
    order by queue_position, enrolled_position
    limit :most
    """
)


async def waitlist(
    connection: AsyncConnection, segment: SegmentFound, *, after: Turn, most: int
) -> Sequence[Waits]:
    """Those who wait for the pool of a segment, next to be called first."""
    rows = await connection.execute(
        _WAITLIST,
        {
            "partition": segment.partition,
            "campaign": segment.campaign,
            "pool": segment.pool,
            "most": most,
            **after._asdict(),
        },
    )
    return [Waits(row.id, row.segment, row.enrolled_at, Turn(*row[3:])) for row in rows]


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """A number that was given on a branch of the log that is lost, and not given again."""

    certificate_id: CertificateId
    campaign: CampaignId
    segment: AreaCode
    serial: int
    issued_at: datetime
    recorded_at: datetime


_UNCONFIRMED: Final = text(
    """
    select lost.certificate_id, lost.campaign, lost.segment, lost.serial, lost.issued_at, lost.recorded_at
    from lost_branch as lost
    where not exists (
        select from certificate as c
        where c.id = lost.certificate_id and c.campaign = lost.campaign and c.segment = lost.segment
          and c.serial = lost.serial
    ) and not exists (
        select from void_number as void
        where void.certificate_id = lost.certificate_id and void.campaign = lost.campaign
          and void.segment = lost.segment and void.serial = lost.serial
    )
    order by lost.campaign, lost.segment, lost.serial
    """
)


async def unconfirmed(connection: AsyncConnection) -> Sequence[Unconfirmed]:
    """Numbers that may be on paper and that the rebuilt state does not confirm.

    While a partition is being replayed this includes what the replay has not reached yet.
    """
    return [Unconfirmed(*row) for row in await connection.execute(_UNCONFIRMED)]
