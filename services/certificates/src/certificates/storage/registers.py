"""Loading registers: what a run of events can touch, in three statements whatever the length of the run."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from certificates.domain.certificate import Certificate
from certificates.domain.happenings import Happening, Withdrawn
from certificates.domain.pool import IssueOn, Pool, PoolLevel, Segment, Terms
from certificates.domain.register import Register
from certificates.storage.rows import LOADED, certificate_from
from mitra_shared.ids import AreaCode, CampaignId, MitraId, Partition


class Scope(NamedTuple):
    """What one register is about."""

    partition: Partition
    campaign: CampaignId


Registers = Mapping[Scope, Register]

_CERTIFICATES = text(f"select {LOADED} from certificate as c where c.mitra_id = any(:mitra_ids)")  # noqa: S608

_AREAS = text(
    """
    select terms.partition, terms.campaign, terms.version, terms.issue_on, terms.frozen, terms.level,
           s.segment, s.constituency, s.state, s.pool, s.last_serial,
           p.quota, p.taken, p.raised, p.reserved
    from unnest(cast(:partitions as smallint[]), cast(:campaigns as text[]), cast(:segments as text[]))
        as touched(partition, campaign, segment)
    join campaign as terms using (partition, campaign)
    left join segment as s using (partition, campaign, segment)
    left join pool as p on p.partition = s.partition and p.campaign = s.campaign and p.area = s.pool
    """
)

_QUEUES = text(
    f"""
    select {LOADED}
    from unnest(cast(:partitions as smallint[]), cast(:campaigns as text[]), cast(:pools as text[]),
                cast(:places as integer[])) as called(partition, campaign, pool, places)
    cross join lateral (
        select * from certificate as waiting
        where waiting.partition = called.partition and waiting.campaign = called.campaign
          and waiting.pool = called.pool
          and waiting.state in ('held', 'waitlisted') and waiting.queue_position is not null
        order by waiting.queue_position, waiting.enrolled_position
        limit called.places
    ) as c
    order by c.queue_position, c.enrolled_position
    """  # noqa: S608 - columns of ours
)


async def load_touched(connection: AsyncConnection, happenings: Sequence[Happening]) -> Registers:
    """The registers that `happenings` can touch, with as much of each queue as they can call.

    A campaign that is not defined yet has no register.
    """
    known = await _certificates_of(connection, happenings)
    touched = {(h.partition, h.campaign, h.segment) for h in happenings}
    touched.update(
        (scope.partition, c.campaign, c.segment) for scope, of in known.items() for c in of.values()
    )
    registers: dict[Scope, Register] = {}
    await _load_areas(connection, registers, touched)
    for scope, certificates in known.items():
        if scope in registers:
            registers[scope].certificates.update(certificates)
    await _load_queues(connection, registers, happenings)
    return registers


async def _certificates_of(
    connection: AsyncConnection, happenings: Sequence[Happening]
) -> dict[Scope, dict[MitraId, Certificate]]:
    rows = await connection.execute(_CERTIFICATES, {"mitra_ids": list({h.mitra_id for h in happenings})})
    known: dict[Scope, dict[MitraId, Certificate]] = {}
    for row in rows:
        certificate = certificate_from(row)
        known.setdefault(Scope(row[0], certificate.campaign), {})[certificate.mitra_id] = certificate
    return known


async def _load_areas(
    connection: AsyncConnection,
    registers: dict[Scope, Register],
    touched: Iterable[tuple[Partition, CampaignId, AreaCode]],
) -> None:
    """Load terms, segments and pools into `registers`; what is there already stays."""
    partitions, campaigns, segments = (list(column) for column in zip(*touched, strict=True))
    rows = await connection.execute(
        _AREAS, {"partitions": partitions, "campaigns": campaigns, "segments": segments}
    )
    for row in rows:
        partition, campaign, version, issue_on, frozen, level, code, *rest = row
        scope = Scope(partition, campaign)
        register = registers.get(scope)
        if register is None:
            terms = Terms(version, IssueOn(issue_on), frozen, PoolLevel(level))
            register = registers[scope] = Register(campaign, terms)
        if code is not None:
            area, places = rest[:4], rest[4:]
            segment = register.segments[code] = Segment(code, *area)
            if segment.pool not in register.pools:
                register.pools[segment.pool] = Pool(segment.pool, *places)


async def _load_queues(
    connection: AsyncConnection, registers: dict[Scope, Register], happenings: Sequence[Happening]
) -> None:
    """Each withdrawal takes at most one certificate out of a queue: by calling it, or by being its own."""
    calls: Counter[tuple[Partition, CampaignId, AreaCode]] = Counter()
    for happening in happenings:
        if not isinstance(happening, Withdrawn):
            continue
        register = registers.get(Scope(happening.partition, happening.campaign))
        if register is None or register.terms.frozen:
            continue
        certificate = register.certificates.get(happening.mitra_id)
        segment = register.segments.get(certificate.segment if certificate else happening.segment)
        if segment is not None:
            calls[happening.partition, happening.campaign, segment.pool] += 1
    if calls:
        await load_queues(connection, registers, calls)


async def load_queues(
    connection: AsyncConnection,
    registers: dict[Scope, Register],
    calls: Mapping[tuple[Partition, CampaignId, AreaCode], int],
) -> None:
    """Line up as many from the head of each pool's queue as can be called.

    Where constituencies hold the quotas, these can be of segments that nothing else has touched.
    """
    partitions, campaigns, pools = (list(column) for column in zip(*calls, strict=True))
    rows = await connection.execute(
        _QUEUES,
        {"partitions": partitions, "campaigns": campaigns, "pools": pools, "places": list(calls.values())},
    )
    called = [(Scope(row[0], row.campaign), certificate_from(row)) for row in rows]
    untouched = {(*scope, c.segment) for scope, c in called if c.segment not in registers[scope].segments}
    if untouched:
        await _load_areas(connection, registers, untouched)
    for scope, loaded in called:
        register = registers[scope]
        certificate = register.certificates.setdefault(loaded.mitra_id, loaded)
        register.pools[register.segments[certificate.segment].pool].queue(certificate)


_TERMS = text(
    """
    select version, issue_on, frozen, level from campaign
    where partition = :partition and campaign = :campaign
    """
)


async def load_terms(connection: AsyncConnection, scope: Scope) -> Register:
    """A register that holds nothing but the terms in force: those before the first if there are none."""
    row = (
        await connection.execute(_TERMS, {"partition": scope.partition, "campaign": scope.campaign})
    ).one_or_none()
    if row is None:
        return Register(scope.campaign)
    return Register(
        scope.campaign, Terms(row.version, IssueOn(row.issue_on), row.frozen, PoolLevel(row.level))
    )


_ALL_SEGMENTS = text(
    """
    select s.segment, s.constituency, s.state, s.pool, s.last_serial,
           (select count(*) from certificate as c
            where c.campaign = s.campaign and c.segment = s.segment and c.state = 'issued'
              and c.partition = s.partition) as issued
    from segment as s
    where s.partition = :partition and s.campaign = :campaign
    order by s.segment
    """
)

_ALL_POOLS = text(
    """
    select area, quota, taken, raised, reserved from pool
    where partition = :partition and campaign = :campaign
    """
)

_ALL_RESERVATIONS = text(
    """
    select area, programme, places from reservation
    where partition = :partition and campaign = :campaign
    """
)

_ALL_WAITING = text(
    f"""
    select {LOADED} from certificate as c
    where c.partition = :partition and c.campaign = :campaign and c.state in ('held', 'waitlisted')
    order by c.queue_position, c.enrolled_position
    """  # noqa: S608 - columns of ours
)


async def load_whole(connection: AsyncConnection, scope: Scope) -> Register:
    """The register of a campaign with every segment, every pool and all that waits.

    It is empty before the first definition of the campaign.
    """
    register = await load_terms(connection, scope)
    of_scope = {"partition": scope.partition, "campaign": scope.campaign}
    for row in await connection.execute(_ALL_POOLS, of_scope):
        register.pools[row.area] = Pool(*row)
    for row in await connection.execute(_ALL_RESERVATIONS, of_scope):
        register.pools[row.area].reservations[row.programme] = row.places
    for row in await connection.execute(_ALL_SEGMENTS, of_scope):
        register.segments[row.segment] = Segment(*row)
    for row in await connection.execute(_ALL_WAITING, of_scope):
        certificate = certificate_from(row)
        register.certificates[certificate.mitra_id] = certificate
    return register
