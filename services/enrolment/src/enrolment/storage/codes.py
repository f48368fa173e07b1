"""One-time codes: by receipt, whether there is such a receipt or not, so that both look the same."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from enrolment.codes import ChallengeId

_LOCK: Final = text("select pg_advisory_xact_lock(hashtextextended(encode(:receipt, 'hex'), 0))")
_ASKED: Final = text(
    """
    select count(*) filter (where asked_at > :hour_ago) as in_hour, count(*) as in_day
    from one_time_code where receipt_hash = :receipt and asked_at > :day_ago
    """
)
_KEEP: Final = text(
    """
    insert into one_time_code (id, receipt_hash, asked_at, expires_at)
    values (:id, :receipt, :asked_at, :expires_at)
    """
)
_NEWEST: Final = text(
    """
    select id, expires_at, tries, used_at from one_time_code
    where receipt_hash = :receipt order by asked_at desc, id limit 1 for update
    """
)


async def asked_before(
    connection: AsyncConnection, receipt: bytes, *, hour_ago: datetime, day_ago: datetime
) -> tuple[int, int]:
    """Codes of the last hour and day. Until the transaction ends, no other asks for this receipt."""
    await connection.execute(_LOCK, {"receipt": receipt})
    row = (
        await connection.execute(_ASKED, {"receipt": receipt, "hour_ago": hour_ago, "day_ago": day_ago})
    ).one()
    return row.in_hour, row.in_day


async def keep(
    connection: AsyncConnection,
    challenge: ChallengeId,
    receipt: bytes,
    *,
    asked_at: datetime,
    expires_at: datetime,
) -> None:
    """Note that a code was asked for."""
    values = {"id": challenge, "receipt": receipt, "asked_at": asked_at, "expires_at": expires_at}
    await connection.execute(_KEEP, values)


async def newest(connection: AsyncConnection, receipt: bytes) -> Row[Any] | None:
    """The newest code of a receipt, locked; an older one is not valid any more."""
    return (await connection.execute(_NEWEST, {"receipt": receipt})).one_or_none()


async def count_try(connection: AsyncConnection, challenge: ChallengeId, *, used_at: datetime | None) -> None:
    """Note a try, as far as the column counts; with `used_at`, the right one."""
    await connection.execute(
        text(
            "update one_time_code set tries = least(tries + 1, 32767), used_at = coalesce(used_at, :used_at)"
            " where id = :id"
        ),
        {"id": challenge, "used_at": used_at},
    )


async def forget_asked(connection: AsyncConnection, before: datetime, *, at_most: int) -> int:
    """Delete up to `at_most` codes asked for before that instant. Returns how many."""
    result = await connection.execute(
        text(
            """
            delete from one_time_code where ctid = any(array(
                select ctid from one_time_code where asked_at < :before limit :at_most))
            """
        ),
        {"before": before, "at_most": at_most},
    )
    return result.rowcount
