"""What a decision of the desk can touch: one pool with all that draws on it, loaded and written back."""

from collections.abc import Sequence
from typing import Final, assert_never

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from certificates.domain.desk import (
    CorrectName,
    Decision,
    GrantPlace,
    RaiseQuota,
    ReissueCertificate,
    ReleasePlaces,
    ReservePlaces,
)
from certificates.domain.events import (
    CertificateReissued,
    Change,
    PlacesRaised,
    PlacesReserved,
)
from certificates.domain.pool import Pool, Segment
from certificates.domain.register import Register
from certificates.storage.changes import save
from certificates.storage.registers import Scope, load_queues, load_terms
from certificates.storage.rows import LOADED, certificate_from
from mitra_shared.ids import AreaCode, CertificateId

_CERTIFICATE: Final = text(
    f"""
    select {LOADED}, c.pool from certificate as c
    where c.id = :id and c.partition = :partition and c.campaign = :campaign
    """  # noqa: S608 - columns of ours
)

_POOL: Final = text(
    """
    select s.segment, s.constituency, s.state, s.pool, s.last_serial, p.quota, p.taken, p.raised, p.reserved
    from segment as s
    join pool as p on p.partition = s.partition and p.campaign = s.campaign and p.area = s.pool
    where s.partition = :partition and s.campaign = :campaign and s.pool = :area
    """
)

_RESERVATIONS: Final = text(
    """
    select programme, places from reservation
    where partition = :partition and campaign = :campaign and area = :area
    """
)


async def load_for(connection: AsyncConnection, scope: Scope, decision: Decision) -> Register:
    """The register of what `decision` can touch; what is not there is left out."""
    register = await load_terms(connection, scope)
    match decision:
        case RaiseQuota() | ReservePlaces() | ReleasePlaces():
            area: AreaCode | None = decision.area
        case GrantPlace() | ReissueCertificate() | CorrectName():
            area = await _load_certificate(connection, scope, register, decision.certificate_id)
        case _:
            assert_never(decision)
    if area is not None:
        await _load_pool(connection, scope, register, area)
        if area in register.pools and (called := _can_be_called(register, register.pools[area], decision)):
            await load_queues(connection, {scope: register}, {(*scope, area): called})
    return register


def _can_be_called(register: Register, pool: Pool, decision: Decision) -> int:
    """How many a decision can call at most."""
    if register.terms.frozen:
        return 0
    match decision:
        case RaiseQuota():
            return decision.places
        case ReleasePlaces():
            return pool.reservations.get(decision.programme, 0)
        case _:
            return 0


async def _load_certificate(
    connection: AsyncConnection, scope: Scope, register: Register, certificate_id: CertificateId
) -> AreaCode | None:
    found = await connection.execute(_CERTIFICATE, {"id": certificate_id, **scope._asdict()})
    row = found.one_or_none()
    if row is None:
        return None
    certificate = certificate_from(row[:-1])
    register.certificates[certificate.mitra_id] = certificate
    return AreaCode(row.pool)


async def _load_pool(connection: AsyncConnection, scope: Scope, register: Register, area: AreaCode) -> None:
    of_area = {"area": area, **scope._asdict()}
    for row in await connection.execute(_POOL, of_area):
        code, constituency, state, pool, last_serial, *places = row
        register.segments[code] = Segment(code, constituency, state, pool, last_serial)
        register.pools.setdefault(area, Pool(area, *places))
    if area in register.pools:
        kept = await connection.execute(_RESERVATIONS, of_area)
        register.pools[area].reservations = {row.programme: row.places for row in kept}


_SAVE_POOL: Final = text(
    """
    update pool set quota = :quota, raised = :raised, reserved = :reserved,
                    ceiling = greatest(cast(:quota as integer), taken)
    where partition = :partition and campaign = :campaign and area = :area
    """
)

_DROP_RESERVATION: Final = text(
    """
    delete from reservation
    where partition = :partition and campaign = :campaign and area = :area and programme = :programme
    """
)

_SAVE_RESERVATION: Final = text(
    """
    insert into reservation (partition, campaign, area, programme, places)
    values (:partition, :campaign, :area, :programme, :places)
    on conflict (partition, campaign, area, programme) do update set places = excluded.places
    """
)

_VOID: Final = text(
    """
    insert into void_number (campaign, segment, serial, partition, certificate_id, voided_at)
    values (:campaign, :segment, :serial, :partition, :certificate_id, :voided_at)
    """
)


async def save_decision(
    connection: AsyncConnection, scope: Scope, register: Register, changes: Sequence[Change]
) -> None:
    """Write what followed from a decision: places first, so that nobody is issued one that is not there.

    Raises:
        sqlalchemy.exc.IntegrityError: as `storage.changes.save`.
    """
    for change in changes:
        match change:
            case PlacesRaised():
                await _save_pool(connection, scope, register.pools[change.area])
            case PlacesReserved():
                pool = register.pools[change.area]
                await _save_pool(connection, scope, pool)
                left = pool.reservations.get(change.programme)
                await connection.execute(
                    _SAVE_RESERVATION if left else _DROP_RESERVATION,
                    {
                        **scope._asdict(),
                        "area": pool.area,
                        "programme": change.programme,
                        **({"places": left} if left else {}),
                    },
                )
            case CertificateReissued():
                await connection.execute(
                    _VOID,
                    {
                        **scope._asdict(),
                        "segment": change.segment,
                        "serial": change.void_serial,
                        "certificate_id": change.certificate_id,
                        "voided_at": change.cause.occurred_at,
                    },
                )
            case _:
                pass
    await save(connection, {scope: register})


async def _save_pool(connection: AsyncConnection, scope: Scope, pool: Pool) -> None:
    await connection.execute(
        _SAVE_POOL,
        {
            **scope._asdict(),
            "area": pool.area,
            "quota": pool.quota,
            "raised": pool.raised,
            "reserved": pool.reserved,
        },
    )
