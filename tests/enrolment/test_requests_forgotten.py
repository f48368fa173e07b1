"""Requests of people are gone a year after they were settled, words and all; what is open stays."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.commands.forget_messages import forget_messages
from enrolment.commands.forget_requests import forget_requests
from enrolment.domain.retention import RECORDS_KEPT
from enrolment.storage.row_security import Work, work_as
from enrolment.upkeep import Upkeep
from mitra_shared.database import create_engine
from tests.enrolment.intake_api import IntakeApi, TestClock, count, rows, running_api
from tests.enrolment.people import Person, enrolled_person, in_charge
from tests.servers import Database

SECOND = timedelta(seconds=1)


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest_asyncio.fixture
async def api(campaign_engine: AsyncEngine, clock: TestClock) -> AsyncIterator[IntakeApi]:
    async with running_api(campaign_engine, clock=clock) as running:
        yield running


@pytest_asyncio.fixture
async def somebody(api: IntakeApi) -> Person:
    return await enrolled_person(api)


async def kept(api: IntakeApi) -> list[tuple[str, str]]:
    found = await rows(api.engine, "select kind, state from person_request order by kind, state")
    return [(row.kind, row.state) for row in found]


async def answered(api: IntakeApi, reason: str) -> str:
    """The in-charge answers the one request that is open; its id."""
    (request,) = (await api.get("/v1/requests", bearer=in_charge())).json()["requests"]
    path = f"/v1/requests/{request['id']}/answer"
    assert (await api.post(path, {"reason": reason}, bearer=in_charge())).is_success
    return str(request["id"])


async def where_named(engine: AsyncEngine, value: str) -> set[str]:
    """Tables of which a row holds `value` anywhere."""
    tables = await rows(
        engine,
        "select relname from pg_class where relkind in ('r', 'p') and not relispartition"
        " and relnamespace = cast(current_schema() as regnamespace)",
    )
    holds = "select 1 from {} as whole where strpos(cast(whole as text), :value) > 0 limit 1"
    return {row.relname for row in tables if await rows(engine, holds.format(row.relname), value=value)}


async def test_a_settled_request_is_there_for_a_year_and_gone_a_second_later(
    api: IntakeApi, somebody: Person, clock: TestClock
) -> None:
    session = await somebody.session()
    await somebody.ask("POST", "/grievances", session, {"text": "Nobody listens"})
    clock.now += timedelta(days=20)
    request = await answered(api, "explained")
    ((sealed,),) = await rows(api.engine, "select details from person_request")
    async with api.engine.begin() as connection:
        await work_as(connection, Work.UPKEEP)
        await connection.execute(
            text("update message set state = 'sent', ended_at = :now"), {"now": clock.now}
        )
    clock.now += RECORDS_KEPT - SECOND
    await Upkeep(api.engine, clock).work()
    assert await kept(api) == [("grievance", "answered")]
    clock.now += SECOND
    await Upkeep(api.engine, clock).work()
    assert await kept(api) == [("grievance", "answered")]
    assert await where_named(api.engine, sealed) == {"person_request"}
    clock.now += SECOND
    await Upkeep(api.engine, clock).work()
    assert await kept(api) == []
    # The message that told of the answer went long before.
    assert await where_named(api.engine, request) == set()
    assert await where_named(api.engine, sealed) == set()
    assert await where_named(api.engine, somebody.mitra) >= {"mitra", "enrolment_log"}
    gone = await api.get(f"/v1/requests/{request}", bearer=in_charge())
    assert (gone.status_code, gone.json()["type"]) == (404, "urn:mitra:problem:not-found")
    assert (await api.get("/v1/requests?state=answered", bearer=in_charge())).json()["requests"] == []


async def test_every_kind_goes_and_what_is_open_stays_however_old_it_is(
    api: IntakeApi, somebody: Person, clock: TestClock
) -> None:
    session = await somebody.session()
    await somebody.ask("POST", "/corrections", session, {"name": "Ayesha"})
    await answered(api, "cannot_be_confirmed")
    await somebody.ask("POST", "/grievances", session, {"text": "Nobody listens"})
    await somebody.ask("POST", "/erasure", session)
    assert await kept(api) == [
        ("correction", "refused"),
        ("erasure", "answered"),
        ("grievance", "open"),
        ("withdrawal", "answered"),
    ]
    clock.now += timedelta(days=1_000)
    await Upkeep(api.engine, clock).work()
    # Of whoever was erased meanwhile too: without words, to be answered still.
    assert await kept(api) == [("grievance", "open")]
    assert (await rows(api.engine, "select erased_at from mitra"))[0].erased_at is not None
    await answered(api, "not_justified")
    clock.now += RECORDS_KEPT
    await Upkeep(api.engine, clock).work()
    assert await kept(api) == [("grievance", "refused")]
    clock.now += timedelta(hours=1)
    await Upkeep(api.engine, clock).work()
    assert await kept(api) == []


async def settled(engine: AsyncEngine, clock: TestClock, number: int) -> None:
    """So many withdrawals, a year and a little ago, one second apart."""
    async with engine.begin() as connection:
        await work_as(connection, Work.OWN_DATA)
        for each in range(number):
            at = clock.now - RECORDS_KEPT - timedelta(seconds=number - each)
            await connection.execute(
                text(
                    "insert into person_request (id, mitra, campaign, constituency, kind, asked_at, due_at,"
                    " asked_through, state, answered_at, answered_by, reason) values (:id, :id, 'small',"
                    " 'S11-PC04', 'withdrawal', :at, :at, 'page', 'answered', :at, 'page', 'done')"
                ),
                {"id": uuid4(), "at": at},
            )


async def test_batches_are_bounded_oldest_first_and_a_second_process_goes_on_where_one_stopped(
    api: IntakeApi, clock: TestClock, enrolment_database: Database
) -> None:
    await settled(api.engine, clock, 7)
    oldest = "select answered_at from person_request order by answered_at"
    times = await rows(api.engine, oldest)
    assert await forget_requests(api.engine, clock.now, at_most=3) == 3
    assert await rows(api.engine, oldest) == times[3:]
    another = create_engine(enrolment_database.url, application="tests")
    try:
        assert [await forget_requests(another, clock.now, at_most=3) for _ in range(3)] == [3, 1, 0]
    finally:
        await another.dispose()
    assert await count(api.engine, "person_request") == 0


async def test_a_process_that_dies_in_a_batch_has_deleted_nothing_of_it(
    api: IntakeApi, clock: TestClock
) -> None:
    await settled(api.engine, clock, 4)
    blocked = (
        "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        " and query like '%delete from person_request%'"
    )
    async with api.engine.begin() as connection:
        await work_as(connection, Work.UPKEEP)
        await connection.execute(
            text("select 1 from person_request order by answered_at desc limit 1 for update")
        )
        dying = asyncio.create_task(forget_requests(api.engine, clock.now))
        for _ in range(6_000):
            if waiting := await rows(api.engine, blocked):
                break
            await asyncio.sleep(0.01)
        await rows(api.engine, "select pg_terminate_backend(:pid)", pid=waiting[0].pid)
        with pytest.raises(DBAPIError):
            await dying
    assert await count(api.engine, "person_request") == 4
    assert await forget_requests(api.engine, clock.now) == 4


async def test_several_processes_at_once_delete_each_request_once(api: IntakeApi, clock: TestClock) -> None:
    await settled(api.engine, clock, 12)
    done = 0
    for _ in range(40):
        done += sum(
            await asyncio.gather(*(forget_requests(api.engine, clock.now, at_most=2) for _ in range(3)))
        )
        if not await count(api.engine, "person_request"):
            break
    assert (done, await count(api.engine, "person_request")) == (12, 0)


async def test_nothing_brings_a_forgotten_request_back(
    api: IntakeApi, somebody: Person, clock: TestClock
) -> None:
    session = await somebody.session()
    await somebody.ask("POST", "/corrections", session, {"language": "ur"})
    await answered(api, "done")
    await somebody.ask("POST", "/withdrawal", session)
    clock.now += RECORDS_KEPT + SECOND
    # Before the erasure that the withdrawal planned.
    while await forget_requests(api.engine, clock.now):
        pass
    while await forget_messages(api.engine, clock.now):
        pass
    assert await kept(api) == []
    # What was asked holds: asking again finds it done, and notes no other request.
    again = await api.post(f"/v1/mitras/{somebody.mitra}/withdrawal", bearer=in_charge())
    assert (again.status_code, again.json()["withdrawn_at"] < clock.now.isoformat()) == (200, True)
    told = (await somebody.ask("GET", "", await somebody.session())).json()
    assert (told["state"], told["language"], told["requests"]) == ("withdrawn", "ur", [])
    await Upkeep(api.engine, clock).work()
    clock.now += timedelta(days=3)
    await Upkeep(api.engine, clock).work()
    assert (await rows(api.engine, "select erased_at from mitra"))[0].erased_at is not None
    assert await kept(api) == []
