"""Devices, and their numbered records: which key each number belongs to, and whether it has an outcome."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from enrolment.domain.numbering import MOST_RANGES, Numbering, Range, numbering
from mitra_shared.ids import AreaCode, CampaignId, StaffId


class Claimed(NamedTuple):
    """A number, the key it belongs to, and what became of it."""

    key: str
    status: int | None
    """Of its outcome, None before there is one."""
    is_kept: bool
    """Whether that outcome can still be told."""


class Settled(NamedTuple):
    """A number with a durable outcome."""

    number: int
    key: str
    status: int


class DeviceRow(NamedTuple):
    """A device as it stands in the database."""

    id: UUID
    campaign: CampaignId
    constituency: AreaCode
    staff: StaffId
    registered_at: datetime
    synced_at: datetime
    highest: int
    gapless: int
    received: int


_REGISTER: Final = text(
    """
    insert into device as known (id, campaign, constituency, staff, registered_at, synced_at, highest)
    select :id, :campaign, :constituency, :staff, :at, :at, :highest
    where exists (select from device where id = :id)
        or (select count(*) from device where staff = :staff) < :most
    on conflict (id) do update
    set constituency = excluded.constituency, synced_at = greatest(known.synced_at, excluded.synced_at),
        highest = greatest(known.highest, excluded.highest)
    where known.staff = excluded.staff and known.campaign = excluded.campaign
    returning id
    """
)


async def register(
    connection: AsyncConnection,
    device: UUID,
    campaign: CampaignId,
    constituency: AreaCode,
    staff: StaffId,
    highest: int,
    at: datetime,
    *,
    most: int,
) -> bool:
    """Register a device, or note that it is there again; its row stays locked until the end.

    Returns:
        Whether it is that member's: False if it belongs to another, or the member has `most` already.
    """
    values = {
        "id": device,
        "campaign": campaign,
        "constituency": constituency,
        "staff": staff,
        "at": at,
        "highest": highest,
        "most": most,
    }
    return (await connection.execute(_REGISTER, values)).first() is not None


_CLAIM: Final = text(
    """
    insert into device_record (device, number, idempotency_key)
    select :device, new.number, new.idempotency_key
    from unnest(cast(:numbers as bigint[]), cast(:keys as text[])) as new(number, idempotency_key)
    on conflict (device, number) do nothing
    """
)
_CLAIMED: Final = text(
    """
    select record.number, record.idempotency_key, record.status, outcome.status is not null
    from unnest(cast(:numbers as bigint[])) as asked(number)
    join device_record record on record.device = :device and record.number = asked.number
    left join outcome on outcome.caller = :staff and outcome.idempotency_key = record.idempotency_key
    """
)


async def claim(
    connection: AsyncConnection, device: UUID, staff: StaffId, records: Sequence[tuple[int, str]]
) -> dict[int, Claimed]:
    """Give each number that is free to its key. Returns to whom each number belongs now."""
    numbers = [number for number, _ in records]
    await connection.execute(
        _CLAIM, {"device": device, "numbers": numbers, "keys": [key for _, key in records]}
    )
    rows = await connection.execute(_CLAIMED, {"device": device, "numbers": numbers, "staff": staff})
    return {number: Claimed(key, status, kept) for number, key, status, kept in rows}


_SETTLE: Final = text(
    """
    update device_record record set status = new.status, answered_at = :at
    from unnest(cast(:numbers as bigint[]), cast(:keys as text[]), cast(:statuses as smallint[]))
        as new(number, idempotency_key, status)
    where record.device = :device and record.number = new.number
        and record.idempotency_key = new.idempotency_key and record.status is distinct from 201
    """
)


async def settle(
    connection: AsyncConnection, device: UUID, settled: Sequence[Settled], at: datetime
) -> Numbering:
    """Mark numbers as received; their outcomes are durable already. Returns how the device stands then."""
    locked = text("select highest, gapless from device where id = :device for update")
    highest, gapless = (await connection.execute(locked, {"device": device})).one()
    if settled:
        numbers, keys, statuses = zip(*settled, strict=True)
        values = {"device": device, "numbers": numbers, "keys": keys, "statuses": statuses, "at": at}
        await connection.execute(_SETTLE, values)
    stands = await _numbering(connection, device, highest=highest, gapless=gapless)
    await connection.execute(
        text("update device set gapless = :gapless, received = :received where id = :device"),
        {"device": device, "gapless": stands.gapless, "received": stands.received},
    )
    return stands


_RUNS: Final = text(
    """
    select min(number), max(number), sum(count(*)) over ()
    from (
        select number, number - row_number() over (order by number) as run
        from device_record where device = :device and number > :gapless and status is not null
    ) beyond
    group by run order by 1 limit :most
    """
)


async def _numbering(connection: AsyncConnection, device: UUID, *, highest: int, gapless: int) -> Numbering:
    values = {"device": device, "gapless": gapless, "most": MOST_RANGES + 2}
    rows = (await connection.execute(_RUNS, values)).all()
    runs: list[Range] = [(first, last) for first, last, _ in rows]
    beyond = int(rows[0][2]) if rows else 0
    return numbering(runs, gapless=gapless, received=gapless + beyond, highest=highest)


_COLUMNS: Final = "id, campaign, constituency, staff, registered_at, synced_at, highest, gapless, received"


async def find(connection: AsyncConnection, device: UUID) -> DeviceRow | None:
    """The device of that id."""
    row = (
        await connection.execute(text(f"select {_COLUMNS} from device where id = :id"), {"id": device})  # noqa: S608
    ).first()
    return None if row is None else DeviceRow(*row)


async def of_constituency(
    connection: AsyncConnection,
    campaign: CampaignId,
    constituency: AreaCode,
    staff: StaffId | None,
    *,
    at_most: int,
) -> list[DeviceRow]:
    """Devices of a constituency, of one member if `staff` is given; those that synced longest ago first."""
    values: dict[str, Any] = {"campaign": campaign, "constituency": constituency, "most": at_most}
    own = ""
    if staff is not None:
        own, values["staff"] = "and staff = :staff", staff
    rows = await connection.execute(
        text(
            f"""
            select {_COLUMNS} from device where campaign = :campaign and constituency = :constituency {own}
            order by synced_at, id limit :most
            """  # noqa: S608 - constants of this module
        ),
        values,
    )
    return [DeviceRow(*row) for row in rows]


async def stands(connection: AsyncConnection, device: DeviceRow) -> Numbering:
    """How the numbers of a device stand, with what is missing."""
    return await _numbering(connection, device.id, highest=device.highest, gapless=device.gapless)


async def days(
    connection: AsyncConnection, device: UUID, zone: str, *, at_most: int
) -> list[tuple[date, int, int]]:
    """(day, enrolled, refused) by the day of the answer in `zone`, newest first."""
    rows = await connection.execute(
        text(
            """
            select cast(answered_at at time zone :zone as date), count(*) filter (where status = 201),
                count(*) filter (where status <> 201)
            from device_record where device = :device and status is not null
            group by 1 order by 1 desc limit :most
            """
        ),
        {"device": device, "zone": zone, "most": at_most},
    )
    return [(day, enrolled, refused) for day, enrolled, refused in rows]
