"""Sessions of people at their own page: only a hash of the token is kept."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.ids import MitraId


async def begin(
    connection: AsyncConnection, token_hash: bytes, mitra: MitraId, receipt: bytes, expires_at: datetime
) -> None:
    """Keep a session."""
    await connection.execute(
        text("insert into person_session values (:token_hash, :mitra, :receipt, :expires_at)"),
        {"token_hash": token_hash, "mitra": mitra, "receipt": receipt, "expires_at": expires_at},
    )


async def person(
    connection: AsyncConnection, token_hash: bytes, receipt: bytes, now: datetime
) -> MitraId | None:
    """Whose session it is; None: ended, of another receipt, or none at all."""
    found = await connection.execute(
        text(
            "select mitra from person_session"
            " where token_hash = :token_hash and receipt_hash = :receipt and expires_at > :now"
        ),
        {"token_hash": token_hash, "receipt": receipt, "now": now},
    )
    mitra = found.scalar_one_or_none()
    return None if mitra is None else MitraId(mitra)


async def end(connection: AsyncConnection, token_hash: bytes) -> None:
    """Forget a session."""
    await connection.execute(
        text("delete from person_session where token_hash = :token_hash"), {"token_hash": token_hash}
    )


async def forget_ended(connection: AsyncConnection, now: datetime) -> int:
    """Delete sessions that have ended. Returns how many."""
    result = await connection.execute(
        text("delete from person_session where expires_at <= :now"), {"now": now}
    )
    return result.rowcount
