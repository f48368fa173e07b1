"""The live feed: resuming, snapshots, slow subscribers, limits."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from typing import cast
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.campaign.definition import Level
from mitra_shared.ids import AreaCode, CampaignId
from reporting.feed import HEARTBEAT_SECONDS, MOST_SUBSCRIBERS, LiveFeed, Selection
from reporting.lag import LagWatch
from reporting.mirror import Mirror
from tests.factories import small_campaign
from tests.reporting.field import Field
from tests.reporting.reporting_api import ReportingApi, bearer, counted, eventually, running_api

EVERYTHING = Selection(CampaignId("small"), frozenset(Level), AreaCode("IN"))


async def test_a_new_subscriber_gets_a_snapshot_and_then_what_changes_with_all_above_it(
    field: Field, api: ReportingApi
) -> None:
    await field.apply([*field.defined(), field.enrolled("S24-AC037")])
    await api.caught_up()
    async with api.events() as events:
        snapshot = await counted(events)
        assert snapshot.kind == "snapshot"
        assert set(snapshot.areas) == set(field.campaign.by_code)
        await field.apply([field.enrolled("S11-AC017"), field.issued("S11-AC017")])
        news = await counted(events)
    assert news.kind == "areas"
    assert set(news.areas) == {"S11-AC017", "S11-PC04", "S11", "IN"}
    assert [news.areas[code]["enrolled"] for code in ("S11-AC017", "IN")] == [1, 2]
    assert int(news.id) > int(snapshot.id)


async def test_an_event_reaches_a_subscriber_as_news_and_waits_for_no_look_at_the_database(
    field: Field, reporting_engine: AsyncEngine, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reporting.mirror.POLL_SECONDS", 3_600.0)
    await field.apply(field.defined())
    async with (
        running_api(reporting_engine, redis, heartbeat_seconds=3_600) as api,
        api.events("?level=segment") as events,
    ):
        await counted(events)
        for number in range(1, 10):
            await field.apply([field.enrolled("S11-AC017")])
            assert (await counted(events)).areas["S11-AC017"]["enrolled"] == number


async def test_who_comes_back_gets_what_changed_since(field: Field, api: ReportingApi) -> None:
    await field.apply(field.defined())
    await api.caught_up()
    async with api.events() as events:
        last = (await counted(events)).id
    await field.apply([field.enrolled("S11-AC017")])
    await field.apply([field.enrolled("S11-AC017"), field.enrolled("S11-AC033")])
    await api.caught_up()
    async with api.events(last=last) as events:
        news = await counted(events)
    assert news.kind == "areas"
    assert set(news.areas) == {"S11-AC017", "S11-AC033", "S11-PC04", "S11-PC06", "S11", "IN"}
    assert news.areas["S11-AC017"]["enrolled"] == 2


async def test_who_was_away_over_a_new_definition_gets_a_snapshot(field: Field, api: ReportingApi) -> None:
    await field.apply(field.defined())
    await api.caught_up()
    async with api.events() as events:
        last = (await counted(events)).id
        await field.apply(field.defined(small_campaign(version=2)))
        assert (await counted(events)).kind == "snapshot"
    async with api.events(last=last) as events:
        assert (await counted(events)).kind == "snapshot"


async def test_an_id_from_the_future_of_a_restored_database_gets_a_snapshot(
    field: Field, api: ReportingApi
) -> None:
    await field.apply(field.defined())
    await api.caught_up()
    async with api.events(last=str(api.reading.mirror.version + 1_000)) as events:
        assert (await counted(events)).kind == "snapshot"


async def test_a_database_that_went_back_gives_every_subscriber_a_snapshot(
    field: Field, api: ReportingApi, reporting_engine: AsyncEngine
) -> None:
    await field.apply([*field.defined(), field.enrolled("S11-AC017")])
    await api.caught_up()
    async with api.events() as events:
        assert (await counted(events)).areas["IN"]["enrolled"] == 1
        async with reporting_engine.begin() as connection:
            await connection.execute(text("update rollup_version set version = version - 1000"))
            await connection.execute(text("update rollup_total set enrolled = 0, version = version - 1000"))
            await connection.execute(text("update campaign_known set version = version - 1000"))
        back = await counted(events)
    assert back.kind == "snapshot"
    assert back.areas["IN"]["enrolled"] == 0


async def test_a_feed_can_be_narrowed_to_levels_and_a_parent(field: Field, api: ReportingApi) -> None:
    await field.apply(field.defined())
    await api.caught_up()
    async with api.events("?level=constituency&level=state&parent=S11") as events:
        assert set((await counted(events)).areas) == {"S11", "S11-PC04", "S11-PC06"}
        await field.apply([field.enrolled("S24-AC037")])
        await field.apply([field.enrolled("S11-AC033")])
        assert set((await counted(events)).areas) == {"S11", "S11-PC06"}


async def test_freshness_comes_without_being_asked_and_without_an_id(field: Field, api: ReportingApi) -> None:
    await field.apply(field.defined())
    await api.caught_up()
    async with api.events() as events:
        found = [await anext(events) for _ in range(3)]
    fresh = [event for event in found if event.kind == "freshness"]
    assert len(fresh) == 2
    assert fresh[0].id == ""
    assert fresh[0].data["positions"]["enrolment"]["0"] == "1-1"


async def test_a_slow_subscriber_gets_the_newest_once_and_nothing_waits_for_it(
    field: Field, reporting_engine: AsyncEngine, redis: Redis
) -> None:
    await field.apply(field.defined())
    mirror = Mirror(reporting_engine)
    await mirror.refresh()
    feed = LiveFeed(mirror, LagWatch(redis), heartbeat_seconds=1_000)
    slow = cast("AsyncGenerator[bytes]", feed.subscribe(EVERYTHING, None, lambda: True))
    first = [await anext(slow) for _ in range(3)]
    for _ in range(30):
        await field.apply([field.enrolled("S11-AC017")])
        await mirror.refresh()
    news = await anext(slow)
    assert [part.split(b"\n")[0] for part in first[:2]] == [b"retry: 1000", b"id: %d" % _version(first[1])]
    assert news.count(b'"area":"S11-AC017"') == 1
    assert b'"enrolled":30' in news
    assert _version(news) == mirror.version
    assert len(feed._shared) == 1
    await slow.aclose()
    assert feed.subscribers == 0


def _version(event: bytes) -> int:
    return int(event.removeprefix(b"id: ").split(b"\n")[0])


async def test_subscribers_at_the_same_version_share_the_bytes(
    field: Field, reporting_engine: AsyncEngine, redis: Redis
) -> None:
    await field.apply(field.defined())
    mirror = Mirror(reporting_engine)
    await mirror.refresh()
    feed = LiveFeed(mirror, LagWatch(redis))
    since = mirror.version
    await field.apply([field.enrolled("S11-AC017")])
    await mirror.refresh()
    assert feed.news(EVERYTHING, since) is feed.news(EVERYTHING, since)


async def test_one_subscriber_too_many_is_told_to_come_back(
    field: Field, reporting_engine: AsyncEngine, redis: Redis
) -> None:
    await field.apply(field.defined())
    async with running_api(reporting_engine, redis, most_subscribers=2) as api:
        async with api.events() as one, api.events() as two:
            await counted(one)
            await counted(two)
            refused = await api.get("/v1/rollups/stream")
            assert refused.status_code == 503
            assert refused.json()["type"] == "urn:mitra:problem:feed-full"
            assert refused.headers["Retry-After"] == "5"
        await eventually(lambda: api.reading.feed.subscribers == 0)
        async with api.events() as again:
            await counted(again)


async def test_subscribers_are_let_go_at_once_when_the_process_stops(
    field: Field, reporting_engine: AsyncEngine, redis: Redis
) -> None:
    await field.apply(field.defined())
    clock = asyncio.get_running_loop().time
    async with running_api(reporting_engine, redis, heartbeat_seconds=60) as api, api.events() as events:
        await counted(events)
        began = clock()
        api.reading.mirror.close()
        assert [event.kind async for event in events] in ([], ["freshness"])
        assert clock() - began < 30


async def test_a_malformed_last_event_id_is_explained(field: Field, api: ReportingApi) -> None:
    await field.apply(field.defined())
    await api.caught_up()
    for last in ("yesterday", "-1", "1-2", "9" * 40, "0x10", "१२"):
        headers = {b"Authorization": bearer()["Authorization"].encode(), b"Last-Event-ID": last.encode()}
        answer = await api.client.get("/v1/rollups/stream", headers=headers)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["errors"][0]["field"] == "Last-Event-ID"


async def test_who_never_reads_is_hung_up_on_while_the_others_see_everything(
    field: Field, reporting_engine: AsyncEngine, redis: Redis
) -> None:
    await field.apply(field.defined())
    # Freshness without a pause: what is not taken piles up soon.
    async with (
        running_api(reporting_engine, redis, heartbeat_seconds=0.001, send_seconds=0.5) as api,
        api.events() as events,
    ):
        await counted(events)
        stuck = await never_reading(api)
        try:
            await eventually(lambda: api.reading.feed.subscribers == 2)
            async with asyncio.timeout(60):
                while api.reading.feed.subscribers == 2:
                    await anext(events)
        finally:
            stuck.close()
        assert api.reading.feed.subscribers == 1
        await field.apply([field.enrolled("S11-AC033")])
        assert (await counted(events)).areas["S11-AC033"]["enrolled"] == 1


async def test_a_thousand_are_let_in_and_one_more_is_told_to_come_back(
    field: Field, reporting_engine: AsyncEngine, redis: Redis
) -> None:
    await field.apply(field.defined())
    async with running_api(
        reporting_engine, redis, most_subscribers=MOST_SUBSCRIBERS, heartbeat_seconds=HEARTBEAT_SECONDS
    ) as api:
        subscribers = [await never_reading(api) for _ in range(MOST_SUBSCRIBERS)]
        try:
            await eventually(lambda: api.reading.feed.subscribers == MOST_SUBSCRIBERS, 60)
            refused = await api.get("/v1/rollups/stream")
            assert refused.status_code == 503
            assert refused.json()["type"] == "urn:mitra:problem:feed-full"
            assert f"at most {MOST_SUBSCRIBERS}" in refused.json()["detail"]
            assert (await api.get("/v1/rollups/IN")).status_code == 200
        finally:
            for subscriber in subscribers:
                subscriber.close()
        await eventually(lambda: api.reading.feed.subscribers == 0, 60)


async def never_reading(api: ReportingApi) -> socket.socket:
    """A connection that has asked for the feed, with room for little and nobody who takes it."""
    loop, address = asyncio.get_running_loop(), urlsplit(api.url)
    made = socket.socket()
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    await loop.sock_connect(made, (address.hostname, address.port))
    head = {"Host": "here", **bearer()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    await loop.sock_sendall(made, f"GET /v1/rollups/stream HTTP/1.1\r\n{lines}\r\n".encode())
    return made
