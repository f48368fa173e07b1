"""Contacts are counted in the night after they came, each once, and the counts stand in the log."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.commands.apply_ledger import apply_ledger
from enrolment.commands.count_contacts import count_contacts
from enrolment.domain.retention import Why
from enrolment.ledger_file import FiledErasure
from mitra_shared.ids import CampaignId, MitraId
from tests.enrolment.contacting import BY_COLLEAGUE, BY_RECRUITER, COLLEAGUE, RECRUITER, ContactWorld
from tests.enrolment.intake_api import heads_match_log, load, logged, rows
from tests.factories import ROUND, small_campaign

NOON = datetime(2026, 5, 4, 6, 30, tzinfo=UTC)


async def told(engine: AsyncEngine) -> list[tuple[Any, ...]]:
    """What the log tells, oldest first."""
    return [
        (
            event["day"],
            event["segment"],
            event["staff"].rpartition("/")[2],
            event["attempts"],
            event["reached"],
        )
        for event in await logged(engine, "enrolment", "ContactsCountedV1")
    ]


@pytest.fixture
def contacts(contacts: ContactWorld) -> ContactWorld:
    contacts.clock.now = NOON
    return contacts


async def test_what_came_today_waits_for_the_night_and_is_then_counted_once(contacts: ContactWorld) -> None:
    one, two, three = [await contacts.enrol(number) for number in range(3)]
    other = await contacts.enrol(3, BY_COLLEAGUE, segment="S11-AC017")
    await contacts.told(one, "not_reached")
    await contacts.told(one, "reached")
    await contacts.told(one, "reached")
    await contacts.told(two, "asked_to_stop")
    await contacts.told(three, "call_later")
    await contacts.told(other, "wrong_number", bearer=BY_COLLEAGUE)
    await contacts.upkeep(hours=11)
    assert await told(contacts.engine) == []
    await contacts.upkeep(hours=1)
    expected = [
        ("2026-05-04", "S11-AC017", "co-in-charge-08", 1, 0),
        ("2026-05-04", "S11-AC019", "co-in-charge-07", 5, 2),
    ]
    assert await told(contacts.engine) == expected
    await contacts.upkeep(hours=24)
    assert await told(contacts.engine) == expected
    kept = await contacts.kept("outcome, counted_as, cast(mitra as text)")
    assert sorted(row.counted_as for row in kept) == ["attempt"] * 4 + ["reached"] * 2
    assert {row.mitra for row in kept if row.counted_as == "reached"} == {one, two}
    (event, _) = await logged(contacts.engine, "enrolment", "ContactsCountedV1")
    assert "mitra_id" not in event
    assert await heads_match_log(contacts.engine, "enrolment")


async def test_late_arrivals_are_counted_in_a_further_event_and_reach_nobody_a_second_time(
    contacts: ContactWorld,
) -> None:
    mitra, other = await contacts.enrol(1), await contacts.enrol(2)
    contacts.clock.now += timedelta(days=2)
    await contacts.told(mitra, "reached")
    await contacts.upkeep(days=1)
    assert await told(contacts.engine) == [("2026-05-06", "S11-AC019", "co-in-charge-07", 1, 1)]
    await contacts.told(mitra, "reached", day="2026-05-05")
    await contacts.told(mitra, "not_reached", day="2026-05-06")
    await contacts.told(other, "reached", day="2026-05-06")
    await contacts.upkeep()
    assert len(await told(contacts.engine)) == 1
    await contacts.upkeep(days=1)
    assert (await told(contacts.engine))[1:] == [
        ("2026-05-05", "S11-AC019", "co-in-charge-07", 1, 0),
        ("2026-05-06", "S11-AC019", "co-in-charge-07", 2, 1),
    ]


async def test_in_small_turns_the_same_is_counted(contacts: ContactWorld) -> None:
    people = [await contacts.enrol(number) for number in range(3)]
    for mitra in people:
        await contacts.told(mitra, "not_reached")
        await contacts.told(mitra, "reached")
    later = contacts.clock.now + timedelta(days=1)
    turns = [await count_contacts(contacts.engine, later, at_most=4) for _ in range(3)]
    assert turns == [4, 2, 0]
    counts = await told(contacts.engine)
    assert (sum(each[3] for each in counts), sum(each[4] for each in counts)) == (6, 3)


async def test_a_turn_that_ends_half_way_counts_nothing_and_the_next_all(contacts: ContactWorld) -> None:
    mitra = await contacts.enrol(1)
    await contacts.told(mitra, "reached")
    later = contacts.clock.now + timedelta(days=1)
    async with contacts.engine.begin() as connection:
        await connection.execute(
            text("alter table enrolment_log add constraint nothing check (false) not valid")
        )
    with pytest.raises(DBAPIError, match="nothing"):
        await count_contacts(contacts.engine, later)
    assert [row.counted_as for row in await contacts.kept("counted_as")] == [None]
    async with contacts.engine.begin() as connection:
        await connection.execute(text("alter table enrolment_log drop constraint nothing"))
    counted = await asyncio.gather(*(count_contacts(contacts.engine, later) for _ in range(3)))
    assert sum(counted) == 1
    assert [each[3:] for each in await told(contacts.engine)] == [(1, 1)]


async def test_counted_rows_lie_in_the_order_of_their_random_ids_under_one_transaction(
    contacts: ContactWorld,
) -> None:
    for number in range(12):
        await contacts.told(await contacts.enrol(number), "reached")
    before = [row.id for row in await rows(contacts.engine, "select id from contact order by ctid")]
    await contacts.upkeep(days=1)
    after = await rows(contacts.engine, "select id, cast(xmin as text) as writer from contact order by ctid")
    assert [row.id for row in after] == sorted(before, key=str) != before
    assert len({row.writer for row in after}) == 1


async def test_telling_a_contact_leaves_no_trace_in_the_persons_row(contacts: ContactWorld) -> None:
    mitra = await contacts.enrol(1)
    row = "select cast(xmin as text), cast(xmax as text), cast(ctid as text) from mitra"
    before = [tuple(each) for each in await rows(contacts.engine, row)]
    await contacts.told(mitra, "reached")
    await contacts.due_ids()
    await contacts.calls([mitra])
    assert [tuple(each) for each in await rows(contacts.engine, row)] == before


async def test_an_erasure_leaves_no_contact_and_tells_of_none_beside_it(contacts: ContactWorld) -> None:
    gone, stays = await contacts.enrol(1), await contacts.enrol(2)
    await contacts.due_ids(BY_COLLEAGUE)
    await contacts.hand_over(RECRUITER, COLLEAGUE)
    await contacts.told(gone, "reached")
    await contacts.told(stays, "not_reached")
    await contacts.upkeep(days=1)
    await contacts.api.post(f"/v1/mitras/{gone}/erasure", bearer=BY_RECRUITER)
    await contacts.upkeep(days=1)
    contacts.clock.now += timedelta(hours=23)
    # As in a restored database.
    async with contacts.engine.begin() as connection:
        await connection.execute(text("select set_config('mitra.work', 'upkeep', true)"))
        await connection.execute(
            text(
                "insert into contact (id, mitra, campaign, constituency, segment, round, staff, role, day,"
                " recorded_on, outcome) select gen_random_uuid(), mitra, campaign, constituency, segment,"
                " round, staff, role, day, :today, 'not_reached' from contact where mitra = :mitra"
            ),
            {"mitra": gone, "today": contacts.today},
        )
    await contacts.upkeep(hours=2)
    assert [str(row.mitra) for row in await contacts.kept()] == [stays]
    cared = await rows(contacts.engine, "select cast(mitra as text) from person_care")
    assert [row.mitra for row in cared] == [stays]
    assert [each[3:] for each in await told(contacts.engine)] == [(2, 1)]
    assert await heads_match_log(contacts.engine, "enrolment")


async def test_a_restored_database_that_erases_again_tells_of_no_contact(contacts: ContactWorld) -> None:
    mitra = await contacts.enrol(1)
    await contacts.told(mitra, "reached")
    filed = FiledErasure(
        mitra=MitraId(UUID(mitra)),
        campaign=CampaignId("small"),
        why=Why.ASKED,
        noticed_at=None,
        erased_at=contacts.clock.now,
        event_id=uuid4(),
    )
    assert (await apply_ledger(contacts.engine, [filed], contacts.clock.now)).erased == 1
    assert await contacts.kept() == []
    await contacts.upkeep(days=1)
    assert await told(contacts.engine) == []


async def test_a_year_after_a_round_closed_its_contacts_are_forgotten_and_their_counts_stay(
    contacts: ContactWorld,
) -> None:
    mitra = await contacts.enrol(1)
    await contacts.told(mitra, "not_reached", preferred_time="evening")
    first = small_campaign().rounds[0].model_dump(mode="json") | {"closes_on": contacts.day(0)}
    other = small_campaign().rounds[0].model_dump(mode="json") | {
        "id": "round-2",
        "opens_on": contacts.day(1),
    }
    await load(contacts.engine, small_campaign(2, rounds=[first, other]))
    async with contacts.engine.connect() as connection:
        await contacts.api.service.campaigns.refresh(connection)
    await contacts.upkeep(days=1)
    await contacts.told(mitra, "reached", round="round-2")
    await contacts.upkeep(days=365)
    assert {row.round for row in await contacts.kept()} == {ROUND, "round-2"}
    counts = await told(contacts.engine)
    assert len(counts) == 2
    await contacts.upkeep(days=1)
    assert {row.round for row in await contacts.kept()} == {"round-2"}
    assert await told(contacts.engine) == counts


async def test_contacts_of_a_round_that_the_campaign_has_lost_are_forgotten_after_a_year_too(
    contacts: ContactWorld,
) -> None:
    mitra = await contacts.enrol(1)
    await contacts.told(mitra, "not_reached")
    other = small_campaign().rounds[0].model_dump(mode="json") | {"id": "round-2"}
    await load(contacts.engine, small_campaign(2, rounds=[other]))
    await contacts.upkeep(days=366)
    assert len(await contacts.kept()) == 1
    await contacts.upkeep(days=1)
    assert await contacts.kept() == []
