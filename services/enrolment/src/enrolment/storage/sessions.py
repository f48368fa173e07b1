"""Sessions: who is signed in on which device, and how often a sign-in failed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from enrolment.domain.lock_out import FORGIVEN_AFTER, Scope
from mitra_shared.ids import StaffId


class Session(NamedTuple):
    """One device that somebody signed in on, and the newest token of its family."""

    id: UUID
    staff: StaffId
    device: UUID
    device_name: str
    generation: int
    token_hash: bytes
    salt: bytes
    retried: bool
    began_at: datetime
    rotated_at: datetime
    expires_at: datetime
    ended_at: datetime | None


_SELECT: Final = """
    select id, staff, device, device_name, generation, token_hash, salt, retried, began_at, rotated_at,
           expires_at, ended_at
    from staff_session
"""
_INSERT: Final = text(
    """
    insert into staff_session (id, staff, device, device_name, generation, token_hash, salt, retried,
                               began_at, rotated_at, expires_at)
    values (:id, :staff, :device, :device_name, :generation, :token_hash, :salt, :retried, :began_at,
            :rotated_at, :expires_at)
    """
)


async def insert(connection: AsyncConnection, session: Session) -> None:
    """Keep a new session."""
    await connection.execute(_INSERT, session._asdict())


async def find(connection: AsyncConnection, session: UUID) -> Session | None:
    """The session, locked until the end of the transaction."""
    row = (
        await connection.execute(text(f"{_SELECT} where id = :id for update"), {"id": session})
    ).one_or_none()
    return None if row is None else Session(*row)


async def of_staff(connection: AsyncConnection, staff: StaffId, now: datetime) -> list[Session]:
    """The sessions of somebody that go on, last used first."""
    rows = await connection.execute(
        text(
            f"{_SELECT} where staff = :staff and ended_at is null"
            " and expires_at > :now order by rotated_at desc, id"
        ),
        {"staff": staff, "now": now},
    )
    return [Session(*row) for row in rows]


async def rotate(
    connection: AsyncConnection, session: UUID, token_hash: bytes, salt: bytes, at: datetime, until: datetime
) -> None:
    """Put the successor in place of the current token."""
    await connection.execute(
        text(
            "update staff_session set generation = generation + 1, token_hash = :hash, salt = :salt,"
            " retried = false, rotated_at = :at, expires_at = :until where id = :id"
        ),
        {"id": session, "hash": token_hash, "salt": salt, "at": at, "until": until},
    )


async def mark_retried(connection: AsyncConnection, session: UUID) -> None:
    """The token before the current one was used once more."""
    await connection.execute(text("update staff_session set retried = true where id = :id"), {"id": session})


async def end(connection: AsyncConnection, sessions: Sequence[UUID], at: datetime, why: str) -> int:
    """End those that go on. Returns how many did. The caller tells it by `tell_standing`."""
    result = await connection.execute(
        text(
            "update staff_session set ended_at = :at, ended_why = :why"
            " where id = any(:ids) and ended_at is null"
        ),
        {"ids": list(sessions), "at": at, "why": why},
    )
    return result.rowcount


async def end_all(
    connection: AsyncConnection, staff: StaffId, at: datetime, why: str, *, but: UUID | None = None
) -> int:
    """End every session of somebody, except one. Returns how many ended."""
    result = await connection.execute(
        text(
            "update staff_session set ended_at = :at, ended_why = :why where staff = :staff"
            " and ended_at is null and id is distinct from cast(:but as uuid)"
        ),
        {"staff": staff, "at": at, "why": why, "but": but},
    )
    return result.rowcount


async def end_for_room(
    connection: AsyncConnection, staff: StaffId, device: UUID, at: datetime, *, most: int
) -> int:
    """Before a device signs in: end its own session, and those unused longest beyond `most` - 1 others."""
    result = await connection.execute(
        text(
            """
            update staff_session set ended_at = :at, ended_why = 'signed in again' where id in (
                select id from (
                    select id, device, row_number() over (order by rotated_at desc) as place
                    from staff_session where staff = :staff and ended_at is null
                ) as going where device = :device or place >= :most)
            """
        ),
        {"staff": staff, "device": device, "at": at, "most": most},
    )
    return result.rowcount


class Failures(NamedTuple):
    """How often sign-ins failed in a row, and until when nobody may try again."""

    number: int
    locked_until: datetime


async def failures(connection: AsyncConnection, scope: Scope, key: bytes, now: datetime) -> Failures:
    """What is counted so far, locked until the end of the transaction."""
    row = (
        await connection.execute(
            text(
                """
                insert into sign_in_failure as known (scope, key, failures, last_at, locked_until)
                values (:scope, :key, 0, :now, :now)
                on conflict (scope, key) do update
                set failures = case when known.last_at < :forgiven then 0 else known.failures end
                returning failures, locked_until
                """
            ),
            {"scope": scope.value, "key": key, "now": now, "forgiven": now - FORGIVEN_AFTER},
        )
    ).one()
    return Failures(row.failures, row.locked_until)


async def set_failures(
    connection: AsyncConnection, scope: Scope, key: bytes, counted: Failures, now: datetime
) -> None:
    """Keep another count."""
    await connection.execute(
        text(
            "update sign_in_failure set failures = :failures, locked_until = :until, last_at = :now"
            " where (scope, key) = (:scope, :key)"
        ),
        {
            "scope": scope.value,
            "key": key,
            "failures": counted.number,
            "until": counted.locked_until,
            "now": now,
        },
    )


async def forgive(
    connection: AsyncConnection, scope: Scope, key: bytes, now: datetime, *, whole: bool
) -> None:
    """Take back the last failure, or all of them."""
    await connection.execute(
        text(
            "update sign_in_failure set locked_until = :now,"
            " failures = case when :whole then 0 else greatest(failures - 1, 0) end"
            " where (scope, key) = (:scope, :key)"
        ),
        {"scope": scope.value, "key": key, "now": now, "whole": whole},
    )


async def forget_older(
    connection: AsyncConnection, failed_before: datetime, ended_before: datetime, *, at_most: int
) -> int:
    """Delete failures that are forgiven, and sessions that ended or ran out before. Returns how many."""
    old: dict[str, Any] = {"failed": failed_before, "ended": ended_before, "at_most": at_most}
    counts = await connection.execute(
        text(
            "delete from sign_in_failure where ctid = any(array("
            "select ctid from sign_in_failure where last_at < :failed limit :at_most))"
        ),
        old,
    )
    sessions = await connection.execute(
        text(
            "delete from staff_session where ctid = any(array(select ctid from staff_session"
            " where expires_at < :ended or ended_at < :ended limit :at_most))"
        ),
        old,
    )
    return counts.rowcount + sessions.rowcount
