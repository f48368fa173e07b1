"""Counted again beside the live figures, whatever goes on: what differs is found, and put right at once."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.contracts.events import CampaignDefinedV1, PlacesRaisedV1
from mitra_shared.contracts.topics import ENROLMENT, partition_of
from mitra_shared.database import create_engine
from mitra_shared.log import unit_of_work
from mitra_shared.log.fork import reset_log_partition
from reporting.mirror import Mirror
from reporting.rebuilding.replay import CannotCount, LostBranch
from reporting.rebuilding.rounds import Refused
from reporting.storage.replayed import is_alone
from tests.factories import small_campaign
from tests.reporting.field import Field
from tests.reporting.logbook import Logbook
from tests.reporting.recounting import assert_cells, recount, stored_days, stored_totals, totals_of
from tests.reporting.reporting_api import running_api

WAYANAD = partition_of("S11-PC04")
HURTS = (
    "update rollup_total set enrolled = enrolled + 3 where area = 'S11-AC017'",
    "update rollup_total set certificates_decided = 0",
    "delete from rollup_total where area = 'S24-AC036'",
    "delete from rollup_day where metric like 'scheme:%'",
    "update rollup_day set topic = 'custody' where metric = 'enrolled'",
    "insert into rollup_recruiter values ('small', 'S11-AC017', 'nobody', '2026-11-02', 9, 10, 1)",
    "delete from rollup_recruiter where hour < 12",
    "update rollup_fieldwork set count = count + 1 where metric = 'contacts:reached'",
    "delete from rollup_round where round = 'round-2'",
    "update rollup_round set reached = reached + 1",
    "update rollup_answer set count = count + 1 where answer = ''",
    "update places_beside set raised = raised + 2",
    "delete from campaign_known where partition = 10",
    "update campaign_known set definition_version = 99, definition = '{}' where partition = 3",
)

TABLES = {f"rollup_{cells}" for cells in ("total", "day", "recruiter", "fieldwork", "round", "answer")} | {
    "places_beside",
    "campaign_known",
}


@pytest_asyncio.fixture
async def book(
    enrolment_engine: AsyncEngine, certificates_engine: AsyncEngine, reporting_engine: AsyncEngine
) -> AsyncIterator[Logbook]:
    """A day's history in the logs, of which nothing is applied yet."""
    async with Logbook(enrolment_engine, certificates_engine, reporting_engine) as made:
        field = Field()
        await made.tell([field.defined()[0][1], field.raised("S11-AC017", 3), *field.history(40)])
        yield made


async def assert_recount(book: Logbook) -> None:
    """Live figures are a recount of what was applied."""
    counted = [event for event in book.applied if not isinstance(event, CampaignDefinedV1 | PlacesRaisedV1)]
    assert await stored_days(book.reporting) == recount(counted)
    assert await stored_totals(book.reporting) == totals_of(recount(counted))
    await assert_cells(book.reporting, counted)


async def test_whatever_was_changed_by_hand_is_found_and_put_right(book: Logbook) -> None:
    await book.catch_up()
    assert not (await book.verify()).figures
    for hurt in HURTS:
        assert await book.change(hurt) > 0, hurt
    found = await book.verify()
    assert found.figures.keys() == TABLES
    assert {cell.table for cell in found.cells} == TABLES
    assert ("S11-AC017", "enrolled", 3) in {
        (cell.key.get("area"), cell.figure, int(cell.live) - int(cell.replayed))
        for cell in found.cells
        if cell.table == "rollup_total"
    }
    assert (await book.rebuild()).figures == found.figures
    assert not (await book.verify()).figures
    await assert_recount(book)


@pytest.mark.parametrize("seed", range(2))
async def test_any_interleaving_with_a_running_consumer_gives_a_recount(
    enrolment_engine: AsyncEngine,
    certificates_engine: AsyncEngine,
    reporting_engine: AsyncEngine,
    seed: int,
) -> None:
    async with Logbook(enrolment_engine, certificates_engine, reporting_engine, seed) as book:
        field = Field(seed=seed)
        await book.tell([field.defined()[0][1], *field.history(30)])
        for _ in range(book.random.randrange(20)):
            await book.step(6, burying=0.2)
        for hurt in book.random.sample(HURTS, 3):
            await book.change(hurt)
        rebuilding = asyncio.create_task(book.rebuild())
        while not rebuilding.done():
            if await book.step(4, burying=0.2) and book.random.random() < 0.2:
                await book.redrive()
            if book.random.random() < 0.2:
                await book.tell([field.defined(small_campaign(2))[0][1], *field.history(2)])
        await rebuilding
        await assert_recount(book)
        await book.catch_up()
        await book.redrive()
        assert not (await book.verify()).figures
        await assert_recount(book)


async def test_events_that_were_put_away_count_once_they_are_played(book: Logbook) -> None:
    while await book.step(5, burying=0.3):
        pass
    away = await book.change("update dead_letter set error = 'still'")
    assert away > 3
    assert not (await book.verify()).figures
    await book.redrive()
    await book.change(HURTS[0])
    assert (await book.rebuild()).figures == {"rollup_total": 1}
    await assert_recount(book)


async def test_readers_see_the_old_figures_or_the_right_ones_and_nothing_else(
    book: Logbook, redis: Redis
) -> None:
    await book.catch_up()
    async with running_api(book.reporting, redis) as api:
        await api.caught_up()
        before = (await api.get("/v1/rollups?level=segment")).json()["areas"]
        right = {area["area"]: area["enrolled"] for area in before}
        await book.change(
            "update rollup_total set enrolled = enrolled + 3, version = moved.version + 1"
            " from rollup_version as moved where area = 'S11-AC017'"
        )
        await book.change("update rollup_version set version = version + 1")
        await api.caught_up()
        async with api.events("?level=segment") as events:
            await anext(events)
            seen: list[dict[str, int]] = []
            rebuilding = asyncio.create_task(book.rebuild())
            while not rebuilding.done():
                shown = (await api.get("/v1/rollups?level=segment")).json()["areas"]
                seen.append({area["area"]: area["enrolled"] for area in shown})
            assert (await rebuilding).figures == {"rollup_total": 1}
            await api.caught_up()
            async for event in events:
                if event.kind == "areas":
                    assert {code: area["enrolled"] for code, area in event.areas.items()} == {
                        "S11-AC017": right["S11-AC017"]
                    }
                    break
        wrong = right | {"S11-AC017": right["S11-AC017"] + 3}
        assert seen
        assert all(each in (wrong, right) for each in seen)
        after = (await api.get("/v1/rollups?level=segment")).json()["areas"]
        assert {area["area"]: area["enrolled"] for area in after} == right


async def test_an_area_that_shows_the_same_is_no_news(book: Logbook) -> None:
    await book.catch_up()
    mirror = Mirror(book.reporting)
    await mirror.refresh()
    board = mirror.boards[small_campaign().id]
    before = mirror.version
    await book.change("update rollup_total set withdrawn = withdrawn + 1")
    await book.change("delete from rollup_day where metric = 'withdrawn'")
    assert (await book.rebuild()).figures.keys() == {"rollup_total", "rollup_day"}
    assert await mirror.refresh()
    assert board.changed_since(before, board.definition.by_code) == []


async def test_one_partition_alone_is_rebuilt(book: Logbook) -> None:
    await book.catch_up()
    await book.change("update rollup_day set count = count + 1")
    done = await book.rebuild([WAYANAD])
    assert {cell.key["partition"] for cell in done.cells} == {WAYANAD}
    assert not (await book.verify([WAYANAD])).figures
    assert (await book.verify()).figures


async def test_a_second_rebuild_is_refused_and_verifying_is_not(book: Logbook) -> None:
    await book.catch_up()
    engine = create_engine(str(book.reporting.url.render_as_string(hide_password=False)), application="tests")
    async with engine.connect() as connection:
        assert await is_alone(connection)
        with pytest.raises(Refused, match="another rebuild of reporting runs"):
            await book.rebuild()
        assert not (await book.verify()).figures
    await engine.dispose()
    assert not (await book.rebuild()).figures


async def test_a_group_that_never_ran_has_nothing_to_rebuild(book: Logbook) -> None:
    await book.change("delete from consumer_position")
    with pytest.raises(Refused, match="never consumed anything"):
        await book.rebuild()


async def test_figures_of_a_lost_branch_are_refused_and_left_alone(book: Logbook) -> None:
    await book.catch_up()
    async with unit_of_work(book.enrolment) as unit:
        await reset_log_partition(unit, ENROLMENT, WAYANAD)
    before = await stored_days(book.reporting)
    with pytest.raises(LostBranch, match=r"stands at 1-\d+ of enrolment.\{10\}, where its log ends at 0"):
        await book.rebuild()
    assert await stored_days(book.reporting) == before


async def test_an_event_that_cannot_be_read_is_named(book: Logbook) -> None:
    await book.catch_up()
    async with book.enrolment.begin() as connection:
        await connection.execute(
            text("update enrolment_log set payload = '{}' where partition = :p and position = 2"),
            {"p": WAYANAD},
        )
    with pytest.raises(CannotCount, match=r"entry 1-2 of enrolment.\{10\} is included in the live figures"):
        await book.verify()


async def test_answers_that_were_released_beyond_what_the_logs_hold_are_told(book: Logbook) -> None:
    await book.catch_up()
    await book.change("insert into opinion_release values ('small', 'round-1', 1, now(), false)")
    assert not (await book.verify()).overdrawn
    await book.change(
        "insert into opinion_block values ('small', 'round-1', 'S11-AC017', 'office-help', 1, '', 9000, 9000)"
    )
    (told,) = (await book.verify()).overdrawn
    assert (told.question, told.released) == ("office-help", 9000)
