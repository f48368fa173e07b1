"""What is kept about a person for the exercise of rights, taken away when the person is erased."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.ids import MitraId

_STATEMENTS = (
    "update person_request set details = null where mitra = any(cast(:mitras as uuid[]))",
    "delete from nominee where mitra = any(cast(:mitras as uuid[]))",
    "delete from person_session where mitra = any(cast(:mitras as uuid[]))",
)


async def forget_rights(connection: AsyncConnection, mitras: Sequence[MitraId]) -> None:
    """Take away texts of grievances and corrections, nominees and sessions.

    That something was asked and when it was answered stays, without words, for the year that processing
    records are kept.
    """
    for statement in _STATEMENTS:
        await connection.execute(text(statement), {"mitras": list(mitras)})
