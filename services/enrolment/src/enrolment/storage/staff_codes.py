"""The second factor of an account: the secret of its authenticator, and its recovery codes."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.ids import StaffId


async def keep_secret(connection: AsyncConnection, staff: StaffId, sealed: str) -> None:
    """Keep a secret that is not confirmed yet."""
    await connection.execute(
        text("update staff set totp = :sealed, totp_confirmed_at = null, totp_step = null where id = :id"),
        {"id": staff, "sealed": sealed},
    )


async def confirm(
    connection: AsyncConnection, staff: StaffId, step: int, recovery: Sequence[bytes], at: datetime
) -> None:
    """From now on codes are asked for; the recovery codes are these and no others."""
    await connection.execute(
        text("update staff set totp_confirmed_at = :at, totp_step = :step where id = :id"),
        {"id": staff, "step": step, "at": at},
    )
    await _forget_recovery_codes(connection, staff)
    await connection.execute(
        text("insert into staff_recovery_code (staff, hash) select :staff, unnest(cast(:hashes as bytea[]))"),
        {"staff": staff, "hashes": list(recovery)},
    )


async def take_step(connection: AsyncConnection, staff: StaffId, step: int) -> None:
    """No code of this time step, or of an earlier one, is taken again."""
    await connection.execute(
        text("update staff set totp_step = :step where id = :id"), {"id": staff, "step": step}
    )


async def spend_recovery_code(connection: AsyncConnection, staff: StaffId, hashed: bytes) -> bool:
    """Use a recovery code up. Returns whether it was one."""
    result = await connection.execute(
        text("delete from staff_recovery_code where (staff, hash) = (:staff, :hash)"),
        {"staff": staff, "hash": hashed},
    )
    return result.rowcount == 1


async def switch_off(connection: AsyncConnection, staff: StaffId) -> None:
    """Ask for no codes any more."""
    await connection.execute(
        text("update staff set totp = null, totp_confirmed_at = null, totp_step = null where id = :id"),
        {"id": staff},
    )
    await _forget_recovery_codes(connection, staff)


async def _forget_recovery_codes(connection: AsyncConnection, staff: StaffId) -> None:
    await connection.execute(text("delete from staff_recovery_code where staff = :staff"), {"staff": staff})
