"""Contacts as they are told and kept: by day, never by hour."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from enrolment.domain.contacting import Contact, ContactId, Countable, Group, Outcome, PreferredTime
from mitra_shared.ids import MitraId, StaffId
from mitra_shared.security.tokens import Caller

WEIGHT: Final = "array_position(array['not_reached', 'call_later'], outcome) desc nulls first"
"""Of contacts of one day, the one that decided something comes first."""
NEWEST_FIRST: Final = f"day desc, {WEIGHT}, call_on desc nulls last, id"


async def find(connection: AsyncConnection, contact: ContactId) -> tuple[Contact, StaffId] | None:
    """A contact of that id that the transaction may see, and who made it."""
    found = await connection.execute(
        text(
            "select id, mitra, round, day, outcome, call_on, preferred_time, staff from contact"
            " where id = :id"
        ),
        {"id": contact},
    )
    row = found.one_or_none()
    if row is None:
        return None
    preferred = None if row.preferred_time is None else PreferredTime(row.preferred_time)
    told = Contact(row.id, row.mitra, row.round, row.day, Outcome(row.outcome), row.call_on, preferred)
    return told, StaffId(row.staff)


_INSERT: Final = text(
    """
    insert into contact (id, mitra, campaign, constituency, segment, round, staff, role, day, recorded_on,
                         outcome, call_on, preferred_time)
    values (:id, :mitra, :campaign, :constituency, :segment, :round, :staff, :role, :day, :recorded_on,
            :outcome, :call_on, :preferred_time)
    on conflict (id) do nothing returning id
    """
)


async def insert(
    connection: AsyncConnection, contact: Contact, person: Row[Any], caller: Caller, recorded_on: date
) -> bool:
    """Keep a contact with `person`, a row of `mitra`. False: there is one of this id, seen or not."""
    kept = await connection.execute(
        _INSERT,
        {
            "id": contact.id,
            "mitra": contact.mitra,
            "campaign": person.campaign,
            "constituency": person.constituency,
            "segment": person.segment,
            "round": contact.round,
            "staff": caller.subject,
            "role": caller.role.value,
            "day": contact.day,
            "recorded_on": recorded_on,
            "outcome": contact.outcome.value,
            "call_on": contact.call_on,
            "preferred_time": contact.preferred_time,
        },
    )
    return kept.one_or_none() is not None


_COLUMNS: Final = (
    "id, mitra, campaign, constituency, segment, round, staff, role, day, recorded_on, outcome,"
    " call_on, preferred_time"
)
_TAKE_OVER: Final = text(
    f"""
    delete from contact where id = any(array(
        select id from contact where counted_as is null and day < :today and recorded_on < :today
        order by day, id limit :at_most))
    returning {_COLUMNS}
    """  # noqa: S608 - columns of ours
)


async def take_over(connection: AsyncConnection, today: date, *, at_most: int) -> Sequence[Row[Any]]:
    """Contacts that wait to be counted, of days that are over; they are put back counted."""
    rows = await connection.execute(_TAKE_OVER, {"today": today, "at_most": at_most})
    return rows.all()


def countable(row: Row[Any]) -> Countable:
    """A contact as it is counted."""
    group = Group(row.campaign, row.constituency, row.segment, row.round, row.staff, row.day)
    return Countable(row.id, row.mitra, group, Outcome(row.outcome))


_REACHED: Final = text(
    """
    select contact.mitra, contact.round from contact
    join unnest(cast(:mitras as uuid[]), cast(:rounds as text[])) as asked(mitra, round)
        on asked.mitra = contact.mitra and asked.round = contact.round
    where contact.counted_as = 'reached'
    """
)


async def counted_as_reached(
    connection: AsyncConnection, people: Collection[tuple[MitraId, str]]
) -> set[tuple[MitraId, str]]:
    """Who of these people, each with a round, is counted as reached in it."""
    rows = await connection.execute(
        _REACHED, {"mitras": [mitra for mitra, _ in people], "rounds": [told for _, told in people]}
    )
    return {(row.mitra, row.round) for row in rows}


_PUT_BACK: Final = text(
    f"""
    insert into contact ({_COLUMNS}, counted_as)
    select * from unnest(
        cast(:id as uuid[]), cast(:mitra as uuid[]), cast(:campaign as text[]),
        cast(:constituency as text[]), cast(:segment as text[]), cast(:round as text[]),
        cast(:staff as text[]), cast(:role as text[]), cast(:day as date[]), cast(:recorded_on as date[]),
        cast(:outcome as text[]), cast(:call_on as date[]), cast(:preferred_time as text[]),
        cast(:counted_as as text[]))
    """  # noqa: S608 - columns of ours
)


async def put_back(
    connection: AsyncConnection, rows: Sequence[Row[Any]], first: Collection[ContactId]
) -> None:
    """Write counted contacts anew in the order of their random ids.

    Where a row lies and which transaction wrote it then tell nothing of the hour at which it came.
    """
    ordered = sorted(rows, key=lambda row: str(row.id))
    columns = [column.strip() for column in _COLUMNS.split(",")]
    values: dict[str, list[Any]] = {column: [getattr(row, column) for row in ordered] for column in columns}
    values["counted_as"] = ["reached" if row.id in first else "attempt" for row in ordered]
    await connection.execute(_PUT_BACK, values)


async def of_person(connection: AsyncConnection, mitra: MitraId) -> Sequence[Row[Any]]:
    """All contacts of a person, newest first."""
    rows = await connection.execute(
        text(
            f"""
            select round, day, outcome, call_on, preferred_time, role from contact where mitra = :mitra
            order by {NEWEST_FIRST}
            """  # noqa: S608 - an order of ours
        ),
        {"mitra": mitra},
    )
    return rows.all()


_FORGET: Final = (
    text("delete from contact where mitra = any(:mitras)"),
    text("delete from person_care where mitra = any(:mitras)"),
)


async def forget_contacts(connection: AsyncConnection, mitras: Collection[MitraId]) -> None:
    """Delete every contact of these people, and who has them in care."""
    for statement in _FORGET:
        await connection.execute(statement, {"mitras": list(mitras)})


_FORGET_ROUNDS: Final = text(
    """
    with planned as materialized (
        select campaign.id as campaign, round ->> 'id' as round,
               cast(round ->> 'closes_on' as date) as closes_on
        from campaign cross join lateral json_array_elements(definition -> 'rounds') as round
        where campaign.current
    )
    delete from contact where id = any(array(
        select contact.id from contact left join planned using (campaign, round)
        where counted_as is not null and coalesce(planned.closes_on, contact.day) < :before
        limit :at_most))
    """
)


async def forget_rounds(connection: AsyncConnection, before: date, *, at_most: int) -> int:
    """Delete counted contacts of rounds that closed before a day. Returns how many.

    Where the definition of the campaign has lost the round, the day of each contact counts.
    """
    return (await connection.execute(_FORGET_ROUNDS, {"before": before, "at_most": at_most})).rowcount
