"""The database holds the rule of areas for contacts and care by itself, though code forgets to look."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from enrolment.storage.row_security import Work, act_as
from mitra_shared.ids import AreaCode, CampaignId, StaffId
from mitra_shared.security.tokens import Caller, Role
from tests.enrolment.contacting import (
    BY_COLLEAGUE,
    BY_RECRUITER,
    BY_STRANGER,
    COLLEAGUE,
    RECRUITER,
    ContactWorld,
)
from tests.enrolment.intake_api import CONSTITUENCY
from tests.enrolment.people import Browser, Person

ELSEWHERE = "S24-PC07"
TABLES = ("contact", "person_care")


def staff(subject: str, area: str) -> Caller:
    return Caller(StaffId(subject), Role.CO_IN_CHARGE, CampaignId("small"), AreaCode(area))


async def done_as(contacts: ContactWorld, who: Caller | Work | None, statement: str, **values: Any) -> int:
    """Rows that a statement saw or changed."""
    async with contacts.engine.begin() as connection:
        if who is not None:
            await act_as(connection, who, CampaignId("small"), datetime.now(UTC))
        return (await connection.execute(text(statement), values)).rowcount


@pytest_asyncio.fixture
async def told(contacts: ContactWorld) -> ContactWorld:
    """A contact and somebody handed over, in one constituency; in the other there are people too."""
    await contacts.told(await contacts.enrol(1))
    await contacts.enrol(2, BY_STRANGER, segment="S24-AC037")
    await contacts.due(BY_COLLEAGUE)
    await contacts.hand_over(RECRUITER, COLLEAGUE)
    return contacts


@pytest.mark.parametrize("table", TABLES)
async def test_contacts_and_care_are_seen_where_people_are(told: ContactWorld, table: str) -> None:
    see = f"select 1 from {table}"  # noqa: S608 - tables of ours
    assert await done_as(told, None, see) == 0
    assert await done_as(told, staff("S24-PC07/in-charge", ELSEWHERE), see) == 0
    assert await done_as(told, staff("anybody", CONSTITUENCY), see) == 1
    seeing = {Work.OWN_DATA, Work.UPKEEP}
    for work in Work:
        assert await done_as(told, work, see) == int(work in seeing), work


@pytest.mark.parametrize("table", TABLES)
async def test_upkeep_alone_deletes_and_nobody_changes_a_contact(told: ContactWorld, table: str) -> None:
    change, delete = f"update {table} set staff = 'me'", f"delete from {table}"  # noqa: S608 - ours
    mine, theirs = staff("anybody", CONSTITUENCY), staff("S24-PC07/in-charge", ELSEWHERE)
    for who in (None, theirs, mine, *(work for work in Work if work is not Work.UPKEEP)):
        assert await done_as(told, who, delete) == 0
    for who in (None, theirs, *Work):
        assert await done_as(told, who, change) == 0
    assert await done_as(told, mine, change) == int(table == "person_care")
    assert await done_as(told, Work.UPKEEP, delete) == 1


CONTACT = (
    "insert into contact (id, mitra, campaign, constituency, segment, round, staff, role, day, recorded_on,"
    " outcome)"
    " values (:id, :id, 'small', :area, 'x', 'round-1', :staff, 'co_in_charge', :day, :day, 'reached')"
)
CARE = "insert into person_care (mitra, campaign, constituency, staff) values (:id, 'small', :area, :staff)"


async def test_nobody_writes_contacts_of_another_constituency_or_in_anothers_name(told: ContactWorld) -> None:
    mine = staff("me", CONSTITUENCY)
    values = {"id": uuid4(), "day": date(2026, 1, 2)}
    for who, area, name in (
        (mine, ELSEWHERE, "me"),
        (mine, CONSTITUENCY, "you"),
        (Work.OWN_DATA, CONSTITUENCY, "me"),
    ):
        with pytest.raises(DBAPIError, match="row-level security"):
            await done_as(told, who, CONTACT, area=area, staff=name, **values)
    for area in (ELSEWHERE, "S11-PC06"):
        with pytest.raises(DBAPIError, match="row-level security"):
            await done_as(told, mine, CARE, area=area, staff="me", id=uuid4())
    with pytest.raises(DBAPIError, match="row-level security"):
        await done_as(told, mine, "update person_care set constituency = 'S24-PC07'")
    assert await done_as(told, mine, CONTACT, area=CONSTITUENCY, staff="me", **values) == 1


async def test_an_id_that_carries_a_time_is_not_kept_though_code_lets_it_pass(told: ContactWorld) -> None:
    with pytest.raises(DBAPIError, match="contact_id_is_random"):
        await done_as(
            told,
            staff("me", CONSTITUENCY),
            CONTACT,
            id="0193e2f0-6d3c-7c41-9a6b-1c2d3e4f5a6b",
            area=CONSTITUENCY,
            staff="me",
            day=date(2026, 1, 2),
        )


async def test_people_see_when_they_were_contacted_by_whom_and_what_came_of_it(
    contacts: ContactWorld,
) -> None:
    contacts.clock.now = datetime(2026, 12, 1, tzinfo=UTC)
    answer = (await contacts.api.enrol(bearer=BY_RECRUITER)).json()
    somebody = Person(contacts.api, answer["mitra_id"], answer["receipt"])
    contacts.clock.now = datetime(2026, 12, 7, tzinfo=UTC)
    await contacts.told(somebody.mitra, "not_reached", preferred_time="evening")
    await contacts.told(
        somebody.mitra, "call_later", day="2026-12-06", call_on="2026-12-09", preferred_time="morning"
    )
    told = (await somebody.ask("GET", "", await somebody.session())).json()
    assert told["preferred_time"] == "evening"
    common = {"round": "round-1", "by_role": "co_in_charge"}
    assert told["contacts"] == [
        {"day": "2026-12-07", "outcome": "not_reached", "call_on": None, **common},
        {"day": "2026-12-06", "outcome": "call_later", "call_on": "2026-12-09", **common},
    ]
    contacts.clock.now += timedelta(minutes=1)
    page = await Browser(contacts.api).sign_in(somebody)
    for part in ("06-12-2026: to be called later (on 09-12-2026)", "like to be called in the evening"):
        assert part in page.text
