"""Signed papers of people who were enrolled from sheets: who took them, and when."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


class Paper(NamedTuple):
    """The signed paper of somebody who was enrolled; `collected_by` is sealed."""

    mitra: UUID
    collected_on: date
    collected_by: str


async def keep_papers(connection: AsyncConnection, upload: UUID, papers: Sequence[Paper]) -> set[UUID]:
    """Keep who took the papers of people that are there. Returns whom this import enrolled, now or before."""
    await connection.execute(
        text(
            """
            insert into paper_consent (mitra, import, collected_on, collected_by)
            select new.mitra, :id, new.collected_on, new.collected_by
            from unnest(cast(:mitras as uuid[]), cast(:days as date[]), cast(:collectors as text[]))
                as new(mitra, collected_on, collected_by)
            on conflict (mitra) do nothing
            """
        ),
        {
            "id": upload,
            "mitras": [paper.mitra for paper in papers],
            "days": [paper.collected_on for paper in papers],
            "collectors": [paper.collected_by for paper in papers],
        },
    )
    found = await connection.execute(
        text("select mitra from paper_consent where mitra = any(:mitras) and import = :id"),
        {"id": upload, "mitras": [paper.mitra for paper in papers]},
    )
    return set(found.scalars())


async def of_person(connection: AsyncConnection, mitra: UUID) -> Paper | None:
    """The signed paper of a person; None for who was not enrolled from one."""
    found = await connection.execute(
        text("select mitra, collected_on, collected_by from paper_consent where mitra = :mitra"),
        {"mitra": mitra},
    )
    row = found.one_or_none()
    return None if row is None else Paper(*row)
