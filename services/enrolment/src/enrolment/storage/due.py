"""Who is due in a round, whom somebody may call, and how far everybody is."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from enrolment.domain.contacting import SETTLED, WAS_REACHED
from enrolment.storage.care import AT_WORK, IN_CARE
from enrolment.storage.contacts import NEWEST_FIRST
from mitra_shared.ids import AreaCode, CampaignId, MitraId, StaffId


class Carer(NamedTuple):
    """A member of staff whose people are asked for; `takes_all_left`: also those of whoever has left."""

    campaign: CampaignId
    area: AreaCode
    staff: StaffId
    takes_all_left: bool


class Place(NamedTuple):
    """Where somebody stands in a due list: those promised a call (0), never contacted (1), contacted (2)."""

    rank: int
    day: date
    mitra: UUID


FIRST: Final = Place(-1, date.min, UUID(int=0))
"""Before everybody."""

_SETTLED: Final = """(exists (
    select from contact where contact.campaign = :campaign and contact.constituency = :area
        and contact.round = :round and contact.mitra = in_care.id
        and contact.outcome = any(:settled))
    or exists (
    select from reached_elsewhere as elsewhere
    where elsewhere.mitra = in_care.id and elsewhere.round = :round))"""
_SETTLING: Final = sorted(SETTLED)

_DUE: Final = text(
    f"""
    with {IN_CARE},
    told as (
        select in_care.id, segment, language, last.day, last.outcome,
               case when last.outcome = 'call_later' and last.round = :round then last.call_on end as call_on
        from in_care left join lateral (
            select day, outcome, call_on, round from contact where contact.mitra = in_care.id
            order by {NEWEST_FIRST} limit 1
        ) as last on true
        where not {_SETTLED}
    ),
    due as materialized (
        select *, case when call_on is not null then 0 when day is null then 1 else 2 end as rank,
               coalesce(call_on, day, :never) as standing
        from told where call_on is null or call_on <= :today
    )
    select page.*, (select count(*) from due) as number
    from (select) as always left join lateral (
        select id, segment, language, day, outcome, call_on, rank, standing, (
                   select preferred_time from contact
                   where contact.mitra = due.id and preferred_time is not null
                   order by {NEWEST_FIRST} limit 1) as preferred_time
        from due where (rank, standing, id) > (:rank, :day, cast(:mitra as uuid))
        order by rank, standing, id limit :at_most
    ) as page on true
    order by rank, standing, id
    """  # noqa: S608 - statements of ours
)


class DuePage(NamedTuple):
    """Some of those who are due, in order, and how many are in all."""

    rows: Sequence[Row[Any]]
    number: int


async def due(
    connection: AsyncConnection, carer: Carer, round_id: str, today: date, *, after: Place, at_most: int
) -> DuePage:
    """Who is due to somebody in a round: not reached, no wrong number, no call promised for a later day."""
    rows = (
        await connection.execute(
            _DUE,
            {
                **carer._asdict(),
                "round": round_id,
                "settled": _SETTLING,
                "today": today,
                "never": date.min,
                "rank": after.rank,
                "day": after.day,
                "mitra": after.mitra,
                "at_most": at_most,
            },
        )
    ).all()
    return DuePage([row for row in rows if row.id is not None], rows[0].number)


_TO_CALL: Final = text(
    f"""
    with {IN_CARE}
    select id, name, phone from in_care
    where id = any(:mitras) and not {_SETTLED}
    """  # noqa: S608 - statements of ours
)


async def to_call(
    connection: AsyncConnection, carer: Carer, round_id: str, mitras: Collection[MitraId]
) -> Sequence[Row[Any]]:
    """Sealed names and phones of those whom somebody has in care and who are not settled in the round."""
    rows = await connection.execute(
        _TO_CALL,
        {**carer._asdict(), "round": round_id, "settled": _SETTLING, "mitras": list(mitras)},
    )
    return rows.all()


_PROGRESS: Final = text(
    f"""
    with at_work as materialized ({AT_WORK}),
    people as (
        select coalesce(care.staff, person.recruiter) as staff, settled.reached, settled.is_settled
        from mitra as person left join person_care as care on care.mitra = person.id
        left join lateral (
            select bool_or(outcome = any(:was_reached)) as reached,
                   bool_or(outcome = any(:settled)) as is_settled
            from (
                select outcome from contact where contact.mitra = person.id and contact.round = :round
                union all
                select 'reached' from reached_elsewhere as elsewhere
                where elsewhere.mitra = person.id and elsewhere.round = :round
            ) as known
        ) as settled on true
        where person.campaign = :campaign and person.constituency = :area and person.withdrawn_at is null
    ),
    cared as (
        select staff, count(*) as people, count(*) filter (where reached) as reached,
               count(*) filter (where is_settled is not true) as due
        from people group by staff
    ),
    tried as (
        select staff, count(*) as attempts from contact
        where campaign = :campaign and constituency = :area and round = :round group by staff
    )
    select staff, staff in (select staff from at_work) as is_at_work, coalesce(people, 0) as people,
           coalesce(reached, 0) as reached, coalesce(due, 0) as due, coalesce(attempts, 0) as attempts
    from (select staff from at_work union select staff from cared union select staff from tried) as everybody
    left join cared using (staff) left join tried using (staff)
    where cast(:only as text) is null or staff = :only
    order by staff
    """  # noqa: S608 - statements of ours
)


async def progress(
    connection: AsyncConnection, campaign: CampaignId, area: AreaCode, round_id: str, only: StaffId | None
) -> Sequence[Row[Any]]:
    """How far each member of staff of a constituency is in a round, or one of them alone."""
    rows = await connection.execute(
        _PROGRESS,
        {
            "campaign": campaign,
            "area": area,
            "round": round_id,
            "was_reached": sorted(WAS_REACHED),
            "settled": _SETTLING,
            "only": only,
        },
    )
    return rows.all()
