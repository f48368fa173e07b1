"""Answers given, by caller and idempotency key, and the rationing of duplicate answers."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.ids import CampaignId, StaffId

KEPT: Final = timedelta(days=60)
"""Phones are offline for long."""

NO_DIGEST: Final = b""
"""Of a request that led to somebody who was erased: it is recognised by its key alone."""

Identity = tuple[StaffId, str]


class Outcome(NamedTuple):
    """The answer to one idempotency key. `body` is a JSON document without personal data."""

    caller: StaffId
    key: str
    digest: bytes
    status: int
    body: str


_KEEP: Final = text(
    """
    insert into outcome (caller, idempotency_key, digest, status, body, created_at)
    select new.caller, new.idempotency_key, new.digest, new.status, new.body, :at
    from unnest(cast(:callers as text[]), cast(:keys as text[]), cast(:digests as bytea[]),
                cast(:statuses as smallint[]), cast(:bodies as json[]))
        as new(caller, idempotency_key, digest, status, body)
    """
)


async def keep(connection: AsyncConnection, outcomes: Sequence[Outcome], at: datetime) -> None:
    """Keep answers, for as long as `KEPT`."""
    callers, keys, digests, statuses, bodies = zip(*outcomes, strict=True)
    await connection.execute(
        _KEEP,
        {
            "callers": callers,
            "keys": keys,
            "digests": digests,
            "statuses": statuses,
            "bodies": bodies,
            "at": at,
        },
    )


async def count_duplicates(
    connection: AsyncConnection, day: date, answered: Mapping[StaffId, int], refused: Mapping[StaffId, int]
) -> None:
    """Add to the day's counts of duplicate answers, and of refusals because those were used up."""
    callers = sorted(answered.keys() | refused.keys())
    await connection.execute(
        text(
            """
            insert into duplicate_answer as told (caller, day, answered, refused)
            select new.caller, :day, new.answered, new.refused
            from unnest(cast(:callers as text[]), cast(:answered as integer[]), cast(:refused as integer[]))
                as new(caller, answered, refused)
            on conflict (caller, day) do update
            set answered = told.answered + excluded.answered, refused = told.refused + excluded.refused
            """
        ),
        {
            "day": day,
            "callers": callers,
            "answered": [answered.get(caller, 0) for caller in callers],
            "refused": [refused.get(caller, 0) for caller in callers],
        },
    )


async def record_duplicates(
    connection: AsyncConnection,
    records: Sequence[tuple[UUID, StaffId, CampaignId, str, bytes]],
    at: datetime,
) -> None:
    """Write down each duplicate answer: (record id, caller, campaign, idempotency key, phone hash)."""
    await connection.execute(
        text(
            """
            insert into duplicate_record (id, caller, campaign, idempotency_key, answered_at, phone_hash)
            select new.id, new.caller, new.campaign, new.idempotency_key, :at, new.phone_hash
            from unnest(cast(:ids as uuid[]), cast(:callers as text[]), cast(:campaigns as text[]),
                        cast(:keys as text[]), cast(:hashes as bytea[]))
                as new(id, caller, campaign, idempotency_key, phone_hash)
            """
        ),
        {
            "ids": [record[0] for record in records],
            "callers": [record[1] for record in records],
            "campaigns": [record[2] for record in records],
            "keys": [record[3] for record in records],
            "hashes": [record[4] for record in records],
            "at": at,
        },
    )


async def forget_duplicates(connection: AsyncConnection, before: datetime, day: date, *, at_most: int) -> int:
    """Delete up to `at_most` records of duplicate answers before that instant, and counts before that day.

    Returns:
        How many records and counts were deleted.
    """
    records = await connection.execute(
        text(
            """
            delete from duplicate_record where ctid = any(array(
                select ctid from duplicate_record where answered_at < :before limit :at_most))
            """
        ),
        {"before": before, "at_most": at_most},
    )
    counts = await connection.execute(
        text(
            """
            delete from duplicate_answer where ctid = any(array(
                select ctid from duplicate_answer where day < :day limit :at_most))
            """
        ),
        {"day": day, "at_most": at_most},
    )
    return records.rowcount + counts.rowcount


async def forget_older(connection: AsyncConnection, before: datetime, *, at_most: int) -> int:
    """Delete up to `at_most` answers given before that instant. Returns how many."""
    result = await connection.execute(
        text(
            """
            delete from outcome where ctid = any(array(
                select ctid from outcome where created_at < :before limit :at_most))
            """
        ),
        {"before": before, "at_most": at_most},
    )
    return result.rowcount
