"""Whom a person has named to exercise the rights when the person cannot; name and phone sealed."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.ids import MitraId


async def put(connection: AsyncConnection, mitra: MitraId, name: str, phone: str, at: datetime) -> None:
    """Keep a nominee in place of the one before."""
    await connection.execute(
        text(
            """
            insert into nominee (mitra, name, phone, nominated_at) values (:mitra, :name, :phone, :at)
            on conflict (mitra) do update
            set name = excluded.name, phone = excluded.phone, nominated_at = excluded.nominated_at
            """
        ),
        {"mitra": mitra, "name": name, "phone": phone, "at": at},
    )


async def of_person(connection: AsyncConnection, mitra: MitraId) -> Row[Any] | None:
    """The nominee of a person."""
    found = await connection.execute(text("select * from nominee where mitra = :mitra"), {"mitra": mitra})
    return found.one_or_none()
