"""Writing what was folded: changed certificates before new ones, so that no pool overflows on the way."""

from itertools import chain
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from certificates.domain.certificate import Certificate, State
from certificates.storage.registers import Registers, Scope
from mitra_shared.ids import AreaCode

_CHANGE: Final = text(
    """
    with forgotten as (
        update desk_entry set holder_name = null, request = null
        where certificate_id = any(cast(:withdrawn as uuid[])) and holder_name is not null
    )
    update certificate as c
    set state = new.state, queue_position = new.queue_position, serial = new.serial,
        issued_at = new.issued_at, revoked_at = new.revoked_at, revision = new.revision,
        holder_name = case when new.state = 'revoked' then null else new.holder_name end,
        language = new.language, recruiter = case when new.state = 'revoked' then null else c.recruiter end
    from unnest(cast(:ids as uuid[]), cast(:states as text[]), cast(:queue_positions as bigint[]),
                cast(:serials as integer[]), cast(:issued as timestamptz[]),
                cast(:revoked as timestamptz[]), cast(:revisions as integer[]), cast(:names as text[]),
                cast(:languages as text[]))
        as new(id, state, queue_position, serial, issued_at, revoked_at, revision, holder_name, language)
    where c.id = new.id
    """
)

_COLUMNS: Final = (
    "partition", "pool", "id", "mitra_id", "campaign", "constituency", "segment", "holder_name",
    "enrolled_at", "enrolled_position", "state", "queue_position", "serial", "issued_at", "revoked_at",
    "language", "revision", "recruiter",
)  # fmt: skip


async def save(connection: AsyncConnection, registers: Registers) -> None:
    """Write what was added and changed. `pool.taken` follows by itself.

    Where somebody withdrew, the desk forgets the name that it had corrected.

    Raises:
        sqlalchemy.exc.IntegrityError, asyncpg.IntegrityConstraintViolationError: a quota would be exceeded,
            or a number or a Mitra appear twice.
    """
    changed = list(chain.from_iterable(register.changed.values() for register in registers.values()))
    if changed:
        await connection.execute(
            _CHANGE,
            {
                "ids": [c.id for c in changed],
                "states": [c.state.value for c in changed],
                "queue_positions": [c.queue_position for c in changed],
                "serials": [c.serial for c in changed],
                "issued": [c.issued_at for c in changed],
                "revoked": [c.revoked_at for c in changed],
                "revisions": [c.revision for c in changed],
                "names": [c.holder_name for c in changed],
                "languages": [c.language for c in changed],
                "withdrawn": [c.id for c in changed if c.state is State.REVOKED],
            },
        )
    added = [
        _row(scope, register.segments[certificate.segment].pool, certificate)
        for scope, register in registers.items()
        for certificate in register.added.values()
    ]
    if added:
        # COPY takes half the time of an insert from arrays, on both sides.
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.copy_records_to_table("certificate", records=added, columns=_COLUMNS)


def _row(scope: Scope, pool: AreaCode, c: Certificate) -> tuple[Any, ...]:
    return (
        scope.partition, pool, c.id, c.mitra_id, c.campaign, c.constituency, c.segment, c.holder_name,
        c.enrolled_at, c.enrolled_position, c.state.value, c.queue_position, c.serial, c.issued_at,
        c.revoked_at, c.language, c.revision, c.recruiter,
    )  # fmt: skip
