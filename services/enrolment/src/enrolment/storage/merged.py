"""Enrolments that were found to be of one person and merged: the one that stays, and what holds for it.

A link leads straight to the one that stays, however often that was merged on: it must hold when an enrolment
in between is erased. A transaction that uses these says first that it works for all areas.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from enrolment.domain.contacting import WAS_REACHED
from enrolment.storage import mitras
from mitra_shared.ids import MitraId

_LINK: Final = text("update mitra set merged_into = :kept where id = :away or merged_into = :away")
_REACHED: Final = text(
    """
    insert into reached_elsewhere (mitra, round, campaign, constituency)
    select kept.id, reached.round, kept.campaign, kept.constituency
    from mitra as kept cross join (
        select round from contact where mitra = :away and outcome = any(:was_reached)
        union
        select round from reached_elsewhere where mitra = :away
    ) as reached
    where kept.id = :kept
    on conflict (mitra, round) do nothing
    """
)


_REACHED_LATE: Final = text(
    """
    insert into reached_elsewhere (mitra, round, campaign, constituency)
    values (:mitra, :round, :campaign, :constituency)
    on conflict (mitra, round) do nothing
    """
)


async def merge(connection: AsyncConnection, away: MitraId, kept: MitraId) -> None:
    """Lead from an enrolment, and from all that were merged into it, to the one that stays.

    Whoever was reached under one of them was reached in the round. Both rows are locked, and nobody tells
    contacts of `away` meanwhile.
    """
    await connection.execute(_LINK, {"away": away, "kept": kept})
    await connection.execute(_REACHED, {"away": away, "kept": kept, "was_reached": sorted(WAS_REACHED)})


_OTHERS: Final = text(
    """
    select id from mitra
    where (id = :stays or merged_into = :stays) and id <> :mitra and erased_at is null
    order by id for update
    """
)


async def others(connection: AsyncConnection, person: Row[Any]) -> Sequence[Row[Any]]:
    """All other enrolments that were merged with that of a locked row, as `mitras.find` has them, locked."""
    found = await connection.execute(_OTHERS, {"mitra": person.id, "stays": person.merged_into or person.id})
    rows = [await mitras.find(connection, MitraId(mitra)) for mitra in found.scalars().all()]
    return [row for row in rows if row is not None]


async def stays_enrolled(
    connection: AsyncConnection, person: Row[Any], *, for_update: bool = False
) -> Row[Any] | None:
    """The enrolment that stayed when that of `person` was merged with it, unless it is withdrawn by now."""
    if person.merged_into is None:
        return None
    stays = await mitras.find(connection, person.merged_into, for_update=for_update)
    return None if stays is None or stays.withdrawn_at is not None else stays


async def note_reached(connection: AsyncConnection, person: Row[Any], contact_round: str) -> bool:
    """Note that somebody was reached under an enrolment that was merged meanwhile. False: none stays."""
    stays = await stays_enrolled(connection, person, for_update=True)
    if stays is None:
        return False
    await connection.execute(
        _REACHED_LATE,
        {
            "mitra": stays.id,
            "round": contact_round,
            "campaign": stays.campaign,
            "constituency": stays.constituency,
        },
    )
    return True


async def rounds_reached(connection: AsyncConnection, mitra: MitraId) -> Sequence[str]:
    """Rounds in which somebody was reached under an enrolment that was merged with this one."""
    found = await connection.execute(
        text("select round from reached_elsewhere where mitra = :mitra order by round"), {"mitra": mitra}
    )
    return found.scalars().all()


_FORGET: Final = (
    text("update mitra set merged_into = null where id = any(:mitras) or merged_into = any(:mitras)"),
    text("delete from reached_elsewhere where mitra = any(:mitras)"),
)


async def forget_merged(connection: AsyncConnection, mitras_erased: Collection[MitraId]) -> None:
    """Forget to whom these people's enrolments lead, and which lead to them."""
    for statement in _FORGET:
        await connection.execute(statement, {"mitras": list(mitras_erased)})
