"""Who has a person in care: the recruiter, until the in-charge hands the person over to somebody else.

People of whoever is no longer at work in the constituency fall to the in-charge until they are handed over.
"""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.ids import AreaCode, CampaignId, MitraId, StaffId

AT_WORK: Final = """
    select held.staff from staff_grant as held join staff on staff.id = held.staff
    where held.campaign = :campaign and held.area = :area and held.until is null
        and held.role in ('in_charge', 'co_in_charge') and staff.state = 'active'
    union
    select held.staff from token_grant as held
    where held.campaign = :campaign and held.area = :area
        and not exists (select from staff where staff.id = held.staff)
"""
"""Who works in a constituency now; whoever is suspended does not, and a minted token gives nothing to
whoever has an account."""

IN_CARE: Final = f"""
    at_work as materialized ({AT_WORK}),
    in_care as (
        select person.id, person.segment, person.language, person.name, person.phone
        from mitra as person left join person_care as care on care.mitra = person.id
        where person.campaign = :campaign and person.constituency = :area and person.withdrawn_at is null
            and (coalesce(care.staff, person.recruiter) = :staff
                 or (:takes_all_left
                     and coalesce(care.staff, person.recruiter) not in (select staff from at_work)))
    )
"""  # noqa: S608 - a statement of ours
"""The people whom a member of staff has in care, `takes_all_left` if that is the in-charge."""


async def carer_of(connection: AsyncConnection, mitra: MitraId, recruiter: StaffId) -> StaffId:
    """Who has a person in care, at work or not."""
    found = await connection.execute(
        text("select staff from person_care where mitra = :mitra"), {"mitra": mitra}
    )
    given: str | None = found.scalar_one_or_none()
    return recruiter if given is None else StaffId(given)


async def is_at_work(
    connection: AsyncConnection, staff: StaffId, campaign: CampaignId, area: AreaCode
) -> bool:
    """Whether somebody works in a constituency now."""
    found = await connection.execute(
        text(f"select :staff in ({AT_WORK})"),
        {"staff": staff, "campaign": campaign, "area": area},
    )
    return bool(found.scalar_one())


_WAS: Final = text(
    """
    select exists (select from staff_grant as held where held.staff = :staff and held.campaign = :campaign
                       and held.area = :area and held.role in ('in_charge', 'co_in_charge'))
        or exists (select from token_grant as held where held.staff = :staff and held.campaign = :campaign
                       and held.area = :area)
    """
)


async def was_at_work(
    connection: AsyncConnection, staff: StaffId, campaign: CampaignId, area: AreaCode
) -> bool:
    """Whether somebody works or worked in a constituency."""
    found = await connection.execute(_WAS, {"staff": staff, "campaign": campaign, "area": area})
    return bool(found.scalar_one())


_HAND_OVER: Final = text(
    """
    insert into person_care (mitra, campaign, constituency, staff)
    select person.id, person.campaign, person.constituency, :to
    from mitra as person left join person_care as care on care.mitra = person.id
    where person.campaign = :campaign and person.constituency = :area and person.withdrawn_at is null
        and coalesce(care.staff, person.recruiter) = :leaving
    order by person.id
    on conflict (mitra) do update set staff = excluded.staff where person_care.staff = :leaving
    """
)


async def hand_over(
    connection: AsyncConnection, campaign: CampaignId, area: AreaCode, *, leaving: StaffId, to: StaffId
) -> int:
    """Give everybody whom `leaving` has in care to another. Returns how many changed hands."""
    moved = await connection.execute(
        _HAND_OVER, {"campaign": campaign, "area": area, "leaving": leaving, "to": to}
    )
    return moved.rowcount
