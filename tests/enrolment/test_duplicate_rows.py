"""The database itself holds who sees likely duplicates and messages, whatever bounds code forgets."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.storage.row_security import Work, act_as, work_as, working_as
from mitra_shared.ids import AreaCode, CampaignId, StaffId
from mitra_shared.security.tokens import Caller, Role
from tests.enrolment.intake_api import CONSTITUENCY, ELSEWHERE, IntakeApi, load, rows, running_api, token
from tests.enrolment.matching import enrolled, family_campaign, match, pairs
from tests.enrolment.people import in_charge

CAMPAIGN = CampaignId("small")
OTHERS = "S24-PC07"
FOUND_BY = ("matching_key", "examined")
TABLES = (*FOUND_BY, "likely_duplicate", "duplicate_decision", "message")
STAY_IN_PLACE = {
    "matching_key": "is_word = is_word",
    "examined": "segment = segment",
    "likely_duplicate": "evidence = evidence",
    "duplicate_decision": "reason = reason",
    "message": "why = why",
}


@dataclass
class Doubles:
    """Somebody enrolled here, there, and here again: one pair is decided here, the others there."""

    api: IntakeApi
    here: str
    there: str
    again: str

    async def done_as(self, who: Caller | Work | None, statement: str, **values: Any) -> int:
        """Rows that a statement saw or changed; that stays."""
        async with self.api.engine.begin() as connection:
            if who is not None:
                await act_as(connection, who, CAMPAIGN, datetime.now(UTC))
            return (await connection.execute(text(statement), values)).rowcount

    async def seen(self, who: Caller | Work | None, table: str) -> int:
        return await self.done_as(who, f"select 1 from {table}")  # noqa: S608 - tables of ours

    async def pair(self, earlier: str, later: str) -> str:
        (row,) = await rows(
            self.api.engine,
            "select cast(id as text) from likely_duplicate"
            " where (earlier, later) = (cast(:earlier as uuid), cast(:later as uuid))",
            earlier=earlier,
            later=later,
        )
        return str(row.id)


@pytest_asyncio.fixture
async def doubles(enrolment_engine: AsyncEngine) -> AsyncIterator[Doubles]:
    await load(enrolment_engine, family_campaign())
    there = token(f"{OTHERS}/co-in-charge", area=OTHERS)
    async with running_api(enrolment_engine) as api:
        made = Doubles(
            api,
            await enrolled(api, "Imran Khan"),
            await enrolled(api, "Imran Khan", segment=ELSEWHERE, bearer=there),
            await enrolled(api, "Imran Khan"),
        )
        await match(enrolment_engine)
        pair = await made.pair(made.here, made.there)
        given = {"decision": "different", "reason": "family"}
        answer = await api.post(f"/v1/likely-duplicates/{pair}/decision", given, bearer=in_charge(OTHERS))
        assert answer.status_code == 200, answer.text
        yield made


def staff(subject: str, area: str, *, session: str | None = None) -> Caller:
    return Caller(StaffId(subject), Role.IN_CHARGE, CAMPAIGN, AreaCode(area), session=session)


HERE, THERE, FAR = staff("here", CONSTITUENCY), staff("there", OTHERS), staff("far", "S24-PC06")


@pytest.mark.parametrize("table", TABLES)
async def test_nobody_named_and_staff_of_another_area_see_and_change_nothing(
    doubles: Doubles, table: str
) -> None:
    assert await doubles.seen(Work.UPKEEP, table) > 0
    for who in (None, FAR):
        assert await doubles.seen(who, table) == 0
        assert await doubles.done_as(who, f"update {table} set {STAY_IN_PLACE[table]}") == 0  # noqa: S608
        assert await doubles.done_as(who, f"delete from {table}") == 0  # noqa: S608


@pytest.mark.parametrize("table", TABLES)
async def test_the_machinery_sees_what_its_work_needs(doubles: Doubles, table: str) -> None:
    seeing = {Work.UPKEEP, Work.MESSAGES if table == "message" else Work.MATCHER}
    for work in Work:
        assert (await doubles.seen(work, table) > 0) is (work in seeing), work
    change = f"update {table} set {STAY_IN_PLACE[table]}"  # noqa: S608 - tables of ours
    changing = {
        "matching_key": set(),
        "examined": {Work.MATCHER},
        "likely_duplicate": {Work.MATCHER, Work.UPKEEP},
        "duplicate_decision": set(),
        "message": {Work.MESSAGES, Work.UPKEEP},
    }[table]
    for work in Work:
        assert (await doubles.done_as(work, change) > 0) is (work in changing), work
    delete = f"delete from {table}"  # noqa: S608 - tables of ours
    deleting = {Work.UPKEEP, Work.MATCHER} if table in FOUND_BY else {Work.UPKEEP}
    for who in (None, HERE, *(work for work in Work if work not in deleting)):
        assert await doubles.done_as(who, delete) == 0, who
    assert await doubles.done_as(Work.UPKEEP, delete) > 0


@pytest.mark.parametrize("table", [*FOUND_BY, "message"])
async def test_staff_see_nothing_of_what_is_the_machinerys_even_of_their_own_people(
    doubles: Doubles, table: str
) -> None:
    for who in (HERE, THERE):
        assert await doubles.seen(who, table) == 0
        assert await doubles.done_as(who, f"update {table} set {STAY_IN_PLACE[table]}") == 0  # noqa: S608


async def test_a_pair_is_seen_where_it_is_decided_and_nowhere_else(doubles: Doubles) -> None:
    told = {
        (HERE.subject, await doubles.pair(doubles.here, doubles.again)),
        (HERE.subject, await doubles.pair(doubles.there, doubles.again)),
        (THERE.subject, await doubles.pair(doubles.here, doubles.there)),
    }
    seen = set()
    for who in (HERE, THERE, FAR):
        async with doubles.api.engine.begin() as connection:
            await act_as(connection, who, CAMPAIGN, datetime.now(UTC))
            found = await connection.execute(text("select cast(id as text) from likely_duplicate"))
            seen |= {(who.subject, pair) for pair in found.scalars()}
    assert seen == told
    assert [await doubles.seen(who, "duplicate_decision") for who in (HERE, THERE)] == [0, 1]


async def test_of_accounts_the_in_charge_alone_sees_pairs_for_as_long_as_the_post_is_held(
    doubles: Doubles,
) -> None:
    signed_in = staff("with-an-account", CONSTITUENCY, session="0193e2f0")
    async with doubles.api.engine.begin() as connection:
        await connection.execute(
            text(
                "insert into staff (id, campaign, state, created_at)"
                " values ('with-an-account', 'small', 'active', now())"
            )
        )
        await connection.execute(
            text(
                "insert into staff_grant (id, staff, campaign, role, area, since, granted_by) values"
                " (gen_random_uuid(), 'with-an-account', 'small', 'co_in_charge', :area, now(), 'a test')"
            ),
            {"area": CONSTITUENCY},
        )
    assert await doubles.seen(signed_in, "likely_duplicate") == 0
    assert await doubles.seen(signed_in, "mitra") == 2
    await doubles.done_as(None, "update staff_grant set role = 'in_charge'")
    assert await doubles.seen(signed_in, "likely_duplicate") == 2
    await doubles.done_as(None, "update staff_grant set until = now()")
    assert await doubles.seen(signed_in, "likely_duplicate") == 0


DECIDE = (
    "insert into duplicate_decision (id, pair, decision, reason, decided_by, decided_at)"
    " values (gen_random_uuid(), cast(:pair as uuid), 'different', 'family', :by, now())"
)


async def test_who_decides_does_so_in_the_own_name_about_the_own_pairs(doubles: Doubles) -> None:
    mine = await doubles.pair(doubles.here, doubles.again)
    theirs = await doubles.pair(doubles.here, doubles.there)
    for who, pair, by in (
        (HERE, theirs, "here"),
        (HERE, mine, "there"),
        (FAR, mine, "far"),
        (Work.UPKEEP, mine, ""),
        (Work.MATCHER, mine, ""),
    ):
        with pytest.raises(DBAPIError, match="row-level security"):
            await doubles.done_as(who, DECIDE, pair=pair, by=by)
    with pytest.raises(DBAPIError, match="row-level security"):
        await doubles.done_as(
            HERE,
            f"update likely_duplicate set constituency = '{OTHERS}'",  # noqa: S608 - ours
        )
    assert await doubles.done_as(HERE, DECIDE, pair=mine, by="here") == 1


PAIR = (
    "insert into likely_duplicate (id, campaign, earlier, later, constituency, other_constituency, evidence)"
    " values (gen_random_uuid(), 'small', cast('00000000-0000-4000-8000-000000000001' as uuid),"
    " cast('00000000-0000-4000-8000-000000000002' as uuid), 'S11-PC04', 'S11-PC04', 'phone_and_name')"
)
KEY = "insert into matching_key (key, mitra, is_word) values ('x', gen_random_uuid(), false)"
SEEN = (
    "insert into examined (mitra, campaign, constituency, segment) values (gen_random_uuid(), 'a', 'b', 'c')"
)


@pytest.mark.parametrize("statement", [PAIR, KEY, SEEN], ids=["pair", "key", "examined"])
async def test_the_matcher_alone_writes_what_it_finds(doubles: Doubles, statement: str) -> None:
    for who in (None, HERE, *(work for work in Work if work is not Work.MATCHER)):
        with pytest.raises(DBAPIError, match="row-level security"):
            await doubles.done_as(who, statement)
    assert await doubles.done_as(Work.MATCHER, statement) == 1


NOTE = (
    "insert into message (id, recipient, kind, facts, send_after, next_at)"
    " values (gen_random_uuid(), cast(:to as uuid), 'withdrawn', '{}', now(), now())"
)


async def test_staff_note_messages_for_people_whom_they_see_and_for_nobody_else(doubles: Doubles) -> None:
    noting = {Work.INTAKE, Work.OWN_DATA, Work.MESSAGES, Work.UPKEEP}
    for who, to in (
        (None, doubles.here),
        (FAR, doubles.here),
        (THERE, doubles.here),
        (HERE, doubles.there),
        *((work, doubles.here) for work in Work if work not in noting),
    ):
        with pytest.raises(DBAPIError, match="row-level security"):
            await doubles.done_as(who, NOTE, to=to)
    assert await doubles.done_as(HERE, NOTE, to=doubles.here) == 1
    for work in noting:
        assert await doubles.done_as(work, NOTE, to=doubles.here) == 1


async def test_a_withdrawal_ends_pairs_that_are_decided_elsewhere_too(doubles: Doubles) -> None:
    pair = await doubles.pair(doubles.there, doubles.again)
    assert (
        await doubles.api.post(f"/v1/mitras/{doubles.there}/withdrawal", bearer=in_charge(OTHERS))
    ).is_success
    assert await rows(
        doubles.api.engine, "select state from likely_duplicate where id = cast(:pair as uuid)", pair=pair
    ) == [("gone",)]
    for table in FOUND_BY:
        left = await rows(
            doubles.api.engine,
            f"select 1 from {table} where mitra = cast(:mitra as uuid)",  # noqa: S608 - tables of ours
            mitra=doubles.there,
        )
        assert left == []
    assert {state for *_, state in await pairs(doubles.api.engine)} == {"open", "different", "gone"}


async def test_who_works_for_a_while_is_who_it_was_afterwards(doubles: Doubles) -> None:
    see = text("select count(*) from mitra")
    async with doubles.api.engine.begin() as connection:
        async with working_as(connection, Work.UPKEEP):
            assert await connection.scalar(see) == 3
        assert await connection.scalar(see) == 0
        await act_as(connection, THERE, CAMPAIGN, datetime.now(UTC))
        async with working_as(connection, Work.IMPORTS):
            assert await connection.scalar(see) == 0
        assert await connection.scalar(see) == 1
        await work_as(connection, Work.MATCHER)
        async with working_as(connection, Work.UPKEEP):
            await connection.execute(text("update mitra set basis = 'admirer'"))
        assert await connection.scalar(see) == 3
        assert (await connection.execute(text("update mitra set basis = 'admirer'"))).rowcount == 0
