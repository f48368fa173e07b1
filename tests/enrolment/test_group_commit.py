"""What a group survives: lost connections, data the database refuses, a database that is away."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.intake.committer import CommitGroup, IntakeLimits
from enrolment.intake.items import Answer, Item
from enrolment.storage.locks import lock_intake
from mitra_shared.database import create_engine
from tests.enrolment.cutting_proxy import CuttingProxy, Moment, cutting_proxy
from tests.enrolment.intake_api import (
    IntakeApi,
    count,
    heads_match_log,
    load,
    logged,
    person,
    rows,
    running_api,
)
from tests.factories import small_campaign
from tests.servers import Database, PostgresFactory, migrate

IMPATIENT = IntakeLimits(patience=0.5, deadline=2.0)


class Groups:
    """Watches the groups of an api."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def __call__(self, commit: CommitGroup) -> CommitGroup:
        async def watched(items: Sequence[Item]) -> list[Answer]:
            self.sizes.append(len(items))
            return await commit(items)

        return watched


async def everybody_stands_in_the_log_once(engine: AsyncEngine, answers: Sequence[httpx.Response]) -> bool:
    acknowledged = {answer.json()["mitra_id"] for answer in answers if answer.status_code == 201}
    events = [event["mitra_id"] for event in await logged(engine, "enrolment", "MitraEnrolledV1")]
    kept = {str(row.id) for row in await rows(engine, "select id from mitra")}
    return (
        len(events) == len(set(events))
        and acknowledged <= set(events)
        and kept == set(events)
        and await heads_match_log(engine, "enrolment")
    )


async def test_requests_that_wait_are_committed_together(campaign_engine: AsyncEngine) -> None:
    groups = Groups()
    async with running_api(campaign_engine, around=groups) as api:
        found = await asyncio.gather(*(api.enrol(person(number)) for number in range(60)))
    assert {answer.status_code for answer in found} == {201}
    assert len(groups.sizes) <= 5
    assert sum(groups.sizes) == 60
    assert await everybody_stands_in_the_log_once(campaign_engine, found)
    assert len({(answer.json()["partition"], answer.json()["position"]) for answer in found}) == 60


async def test_a_group_is_bounded(campaign_engine: AsyncEngine) -> None:
    groups = Groups()
    async with running_api(campaign_engine, around=groups, limits=IntakeLimits(group=8)) as api:
        await asyncio.gather(*(api.enrol(person(number)) for number in range(30)))
    assert max(groups.sizes) == 8


async def test_data_that_the_database_refuses_harms_nobody_else_of_the_group(
    campaign_engine: AsyncEngine,
) -> None:
    async with campaign_engine.begin() as connection:
        await connection.execute(text("alter table mitra add constraint no_urdu check (language <> 'ur')"))
    async with running_api(campaign_engine) as api:
        found = await asyncio.gather(
            *(api.enrol(person(number, language="ur" if number in {5, 17} else "hi")) for number in range(24))
        )
        for number, answer in enumerate(found):
            assert answer.status_code == (500 if number in {5, 17} else 201), number
        assert "urdu" not in found[5].text
        assert (await api.enrol(person(30))).status_code == 201
    assert await count(campaign_engine, "mitra") == 23
    assert await everybody_stands_in_the_log_once(campaign_engine, found)


@asynccontextmanager
async def api_behind_a_proxy(
    database: Database, limits: IntakeLimits | None = None
) -> AsyncIterator[tuple[IntakeApi, CuttingProxy]]:
    async with cutting_proxy(database.url) as proxy:
        engine = create_engine(proxy.url, application="tests behind a proxy")
        async with running_api(engine, limits=limits) as api:
            yield api, proxy
        await engine.dispose()


@pytest.mark.parametrize("cuts", [["before commit"], ["after commit"], ["after commit", "before commit"]])
async def test_a_connection_lost_at_the_commit_enrols_everybody_once(
    enrolment_database: Database, campaign_engine: AsyncEngine, cuts: list[Moment]
) -> None:
    async with api_behind_a_proxy(enrolment_database) as (api, proxy):
        assert (await api.enrol(person(100))).status_code == 201
        proxy.cuts = list(cuts)
        found = await asyncio.gather(
            *(api.enrol(person(number)) for number in range(20)), api.enrol(person(7)), api.enrol(person(100))
        )
        assert proxy.cuts == []
    assert [answer.status_code for answer in found] == [201] * 20 + [409] * 2
    assert await everybody_stands_in_the_log_once(campaign_engine, found)
    assert await count(campaign_engine, "mitra") == 21
    (counted,) = await rows(campaign_engine, "select answered from duplicate_answer")
    assert counted.answered == 2


async def test_a_group_given_up_after_its_commit_is_confirmed_to_who_asks_again(
    enrolment_database: Database, campaign_engine: AsyncEngine
) -> None:
    async with api_behind_a_proxy(enrolment_database, IMPATIENT) as (api, proxy):
        assert (await api.enrol(person(100))).status_code == 201
        before: Moment = "before commit"
        proxy.cuts = ["after commit", *([before] * 20)]
        answer = await api.enrol(person(1), key="asked-until-known")
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
        assert answer.headers["content-type"] == "application/problem+json"
        proxy.cuts = []
        again = await api.enrol(person(1), key="asked-until-known")
        assert again.status_code == 201
    assert await count(campaign_engine, "mitra") == 2
    assert await everybody_stands_in_the_log_once(campaign_engine, [again])


async def test_backends_terminated_in_the_middle_of_groups_lose_nobody(
    campaign_engine: AsyncEngine, enrolment_database: Database
) -> None:
    engine = create_engine(enrolment_database.url, application="intake under fire")
    terminated = 0
    async with running_api(engine) as api:
        sending = asyncio.gather(*(_send_in_turn(api, range(start, 480, 16)) for start in range(16)))
        for _ in range(8):
            (row,) = await rows(
                campaign_engine,
                "select count(pg_terminate_backend(pid)) from pg_stat_activity"
                " where application_name = 'intake under fire' and xact_start is not null",
            )
            terminated += row.count
            await asyncio.sleep(0.1)
        found = [answer for answers in await sending for answer in answers]
    await engine.dispose()
    assert terminated > 0
    assert {answer.status_code for answer in found} <= {201, 503}
    assert await everybody_stands_in_the_log_once(campaign_engine, found)


async def _send_in_turn(api: IntakeApi, numbers: Sequence[int]) -> list[httpx.Response]:
    return [await api.enrol(person(number)) for number in numbers]


async def test_a_database_that_is_away_is_a_503_and_comes_back(private_postgres: PostgresFactory) -> None:
    server = private_postgres()
    migrate(enrolment=server.url())
    engine = create_engine(server.url(), application="tests")
    await load(engine, small_campaign())
    async with running_api(engine, limits=IMPATIENT) as api:
        known = await api.enrol(person(1), key="known-before-the-crash")
        server.kill()
        away = await asyncio.gather(
            api.enrol(person(2), key="tried-during-the-crash"),
            api.post(f"/v1/mitras/{known.json()['mitra_id']}/withdrawal"),
            api.get(f"/v1/mitras/{known.json()['mitra_id']}"),
            api.load(small_campaign(2)),
            api.get("/v1/campaigns/small"),
        )
        assert [answer.status_code for answer in away] == [503] * 5
        assert all(answer.headers["retry-after"].isdigit() for answer in away)
        assert await api.committer.check() is not None
        server.start()
        assert (await api.enrol(person(2), key="tried-during-the-crash")).status_code == 201
        assert (await api.enrol(person(1), key="known-before-the-crash")).content == known.content
        assert await api.committer.check() is None
    assert await everybody_stands_in_the_log_once(engine, [known])
    await engine.dispose()


async def test_a_replica_that_is_stopped_inside_a_group_holds_up_the_others_for_seconds_only(
    enrolment_database: Database, campaign_engine: AsyncEngine
) -> None:
    stopped = create_engine(enrolment_database.url, application="stopped replica")
    async with running_api(campaign_engine) as api:
        connection = await stopped.connect()
        await lock_intake(connection)
        answer = await api.enrol(person(1))
        assert answer.status_code == 201
        with pytest.raises(DBAPIError):
            await connection.execute(text("select 1"))
        await connection.close()
    await stopped.dispose()


async def until_held(api: IntakeApi, holds: Callable[[int], bool]) -> None:
    """Wait until as many requests wait for their commit, or are in the group that does, as a test wants."""
    async with asyncio.timeout(60):
        while not holds(len(api.committer._waiting) + len(api.committer._in_flight)):  # noqa: ASYNC110 - it is not told
            await asyncio.sleep(0.01)


async def test_a_full_queue_is_a_503_at_once(campaign_engine: AsyncEngine) -> None:
    limits = IntakeLimits(group=4, waiting=8)
    async with running_api(campaign_engine, limits=limits) as api:
        async with campaign_engine.begin() as other:
            await other.execute(text("lock table mitra"))
            sent = [asyncio.create_task(api.enrol(person(number))) for number in range(20)]
            await until_held(api, lambda held: held + sum(task.done() for task in sent) == 20)
            full = [task.result() for task in sent if task.done()]
        found = await asyncio.gather(*sent)
    assert full
    assert {answer.status_code for answer in full} == {503}
    assert {answer.headers["retry-after"] for answer in full} == {"2"}
    assert sum(answer.status_code == 201 for answer in found) == 20 - len(full)


async def test_who_waits_too_long_is_told_503_and_not_enrolled_afterwards(
    campaign_engine: AsyncEngine,
) -> None:
    limits = IntakeLimits(group=1, deadline=2.0)
    async with running_api(campaign_engine, limits=limits) as api:
        async with campaign_engine.begin() as other:
            await other.execute(text("lock table mitra"))
            first, second = await asyncio.gather(api.enrol(person(1)), api.enrol(person(2)))
        assert (first.status_code, second.status_code) == (503, 503)
        assert (await api.enrol(person(3))).status_code == 201
    names = {event["mitra_id"] for event in await logged(campaign_engine, "enrolment", "MitraEnrolledV1")}
    # The first was already with the database, which committed it in the end; the second was still queued.
    assert len(names) == 2
    assert await heads_match_log(campaign_engine, "enrolment")


async def test_what_waits_at_the_shutdown_is_answered(campaign_engine: AsyncEngine) -> None:
    async with running_api(campaign_engine, limits=IntakeLimits(group=2)) as api:
        async with campaign_engine.begin() as other:
            await other.execute(text("lock table mitra"))
            sent = [asyncio.create_task(api.enrol(person(number))) for number in range(12)]
            await until_held(api, lambda held: held == 12)
            api.stop.request("the test says so")
        found = await asyncio.gather(*sent)
        assert {answer.status_code for answer in found} == {201}
        assert (await api.enrol(person(20))).status_code == 503
