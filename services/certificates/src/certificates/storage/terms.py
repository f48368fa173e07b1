"""Writing a redefined campaign: terms, segments and pools, before the certificates that follow from them."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from certificates.domain.register import Register
from certificates.storage.registers import Scope

_TERMS = text(
    """
    insert into campaign (partition, campaign, version, issue_on, frozen, level)
    values (:partition, :campaign, :version, :issue_on, :frozen, :level)
    on conflict (partition, campaign) do update
    set version = excluded.version, issue_on = excluded.issue_on, frozen = excluded.frozen,
        level = excluded.level
    """
)

_SEGMENTS = text(
    """
    insert into segment (partition, campaign, segment, constituency, state, pool)
    select :partition, :campaign, new.*
    from unnest(cast(:segments as text[]), cast(:constituencies as text[]), cast(:states as text[]),
                cast(:pools as text[])) as new(segment, constituency, state, pool)
    on conflict (partition, campaign, segment) do update set pool = excluded.pool
    """
)

_POOLS = text(
    """
    insert into pool (partition, campaign, area, quota, taken, ceiling, raised, reserved)
    select :partition, :campaign, new.area, new.quota, 0, greatest(new.quota, new.taken), new.raised,
           new.reserved
    from unnest(cast(:areas as text[]), cast(:quotas as integer[]), cast(:taken as integer[]),
                cast(:raised as integer[]), cast(:reserved as integer[]))
        as new(area, quota, taken, raised, reserved)
    on conflict (partition, campaign, area) do update
    set quota = excluded.quota, ceiling = greatest(excluded.quota, pool.taken)
    """
)

_DRAW_ON = text(
    """
    update certificate as c set pool = s.pool
    from segment as s
    where s.partition = :partition and s.campaign = :campaign
      and c.partition = s.partition and c.campaign = s.campaign and c.segment = s.segment
      and c.pool <> s.pool
    """
)

_DROP_POOLS = text(
    """
    delete from pool
    where partition = :partition and campaign = :campaign and area <> all(:areas)
    """
)

_DROP_RESERVATIONS = text("delete from reservation where partition = :partition and campaign = :campaign")

_RESERVATIONS = text(
    """
    insert into reservation (partition, campaign, area, programme, places)
    select :partition, :campaign, new.*
    from unnest(cast(:areas as text[]), cast(:programmes as uuid[]), cast(:places as integer[]))
        as new(area, programme, places)
    """
)


async def save_terms(connection: AsyncConnection, scope: Scope, register: Register, *, redrawn: bool) -> None:
    """Write the terms, segments and pools of a whole register.

    Args:
        connection: inside the transaction of the definition.
        scope: whose register it is.
        register: as redefined.
        redrawn: whether the quotas moved to another level, so that certificates change their pool.
    """
    of_scope = {"partition": scope.partition, "campaign": scope.campaign}
    await connection.execute(
        _TERMS,
        {
            **of_scope,
            "version": register.terms.version,
            "issue_on": register.terms.issue_on.value,
            "frozen": register.terms.frozen,
            "level": register.terms.level.value,
        },
    )
    segments, pools = register.segments.values(), register.pools.values()
    await connection.execute(
        _SEGMENTS,
        {
            **of_scope,
            "segments": [s.code for s in segments],
            "constituencies": [s.constituency for s in segments],
            "states": [s.state for s in segments],
            "pools": [s.pool for s in segments],
        },
    )
    await connection.execute(
        _POOLS,
        {
            **of_scope,
            "areas": [p.area for p in pools],
            "quotas": [p.quota for p in pools],
            "taken": [p.taken for p in pools],
            "raised": [p.raised for p in pools],
            "reserved": [p.reserved for p in pools],
        },
    )
    if redrawn:
        await connection.execute(_DRAW_ON, of_scope)
        await connection.execute(_DROP_POOLS, {**of_scope, "areas": [p.area for p in pools]})
        await connection.execute(_DROP_RESERVATIONS, of_scope)
        reservations = [(p.area, programme, n) for p in pools for programme, n in p.reservations.items()]
        if reservations:
            areas, programmes, places = (list(column) for column in zip(*reservations, strict=True))
            await connection.execute(
                _RESERVATIONS, {**of_scope, "areas": areas, "programmes": programmes, "places": places}
            )
