"""Opinions: checked, pooled without a trace of anybody, let out only ten together."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.campaigns import LoadedCampaigns
from enrolment.commands.release_opinions import Released, release_opinions
from enrolment.upkeep import Upkeep
from mitra_shared.process import ShutdownSignal
from tests.enrolment.intake_api import (
    ELSEWHERE,
    SEGMENT,
    IntakeApi,
    TestClock,
    count,
    heads_match_log,
    load,
    logged,
    rows,
    running_api,
    token,
)
from tests.factories import ROUND, small_campaign

TODAY = date(2026, 11, 23)
AFTER = date(2037, 1, 1)


def sheet(**changes: Any) -> dict[str, Any]:
    return {
        "submission_id": str(uuid4()),
        "round": ROUND,
        "segment": SEGMENT,
        "answers": {"scheme-useful": "housing", "local-issues": ["water", "roads"], "office-help": 4},
    } | changes


async def hand_in(api: IntakeApi, sheets: int, segment: str = SEGMENT) -> None:
    for number in range(sheets):
        answer = await api.post(
            "/v1/opinions", sheet(segment=segment, answers={"office-help": number % 5 + 1})
        )
        assert answer.status_code == 202


async def release(engine: AsyncEngine, today: date = TODAY) -> Released:
    return await release_opinions(engine, LoadedCampaigns(), today)


async def test_a_sheet_waits_in_the_pool_with_nothing_of_who_sent_it(api: IntakeApi) -> None:
    sent = sheet()
    answer = await api.client.post(
        "/v1/opinions",
        json=sent,
        headers={
            "Authorization": f"Bearer {token()}",
            "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        },
    )
    assert (answer.status_code, answer.json()) == (202, {"received": True})
    (pooled,) = await rows(api.engine, "select * from opinion_pool")
    assert pooled._fields == ("id", "campaign", "round", "constituency", "segment", "day", "answers")
    assert pooled.id.version == 4
    assert pooled.id != UUID(sent["submission_id"])
    assert pooled.answers == sent["answers"]
    (submission,) = await rows(api.engine, "select * from opinion_submission")
    assert submission._fields == ("id", "day")
    assert await count(api.engine, "outcome") == 0
    assert await logged(api.engine, "opinions") == []


async def test_a_sheet_sent_again_counts_once(api: IntakeApi) -> None:
    sent = sheet()
    assert [(await api.post("/v1/opinions", sent)).status_code for _ in range(3)] == [202] * 3
    assert await count(api.engine, "opinion_pool") == 1


@pytest.mark.parametrize(
    ("changes", "status", "slug", "field"),
    [
        ({"round": "round-9"}, 422, "unknown-round", "round"),
        ({"segment": "S11-AC999"}, 422, "unknown-segment", "segment"),
        ({"segment": ELSEWHERE}, 403, "segment-outside-area", "segment"),
        ({"answers": {}}, 422, "invalid-answer", "answers"),
        ({"answers": {"no-question": "x"}}, 422, "invalid-answer", "answers"),
        ({"answers": {"scheme-useful": "no-choice"}}, 422, "invalid-answer", "answers.scheme-useful"),
        ({"answers": {"scheme-useful": ["housing"]}}, 422, "invalid-answer", "answers.scheme-useful"),
        ({"answers": {"local-issues": []}}, 422, "invalid-answer", "answers.local-issues"),
        ({"answers": {"local-issues": ["water", "water"]}}, 422, "invalid-answer", "answers.local-issues"),
        ({"answers": {"office-help": 0}}, 422, "invalid-answer", "answers.office-help"),
        ({"answers": {"office-help": 6}}, 422, "invalid-answer", "answers.office-help"),
        ({"answers": {"office-help": "4"}}, 422, "invalid-answer", "answers.office-help"),
        ({"answers": {"office-help": True}}, 422, "invalid-request", None),
        ({"submission_id": "0193e2f0-6d3c-7c41-9a6b-1c2d3e4f5a6b"}, 422, "invalid-request", "submission_id"),
        ({"mitra_id": str(uuid4())}, 422, "invalid-request", "mitra_id"),
    ],
)
async def test_a_sheet_that_does_not_fit_is_refused(
    api: IntakeApi, changes: dict[str, Any], status: int, slug: str, field: str | None
) -> None:
    answer = await api.post("/v1/opinions", sheet(**changes))
    document = answer.json()
    assert (answer.status_code, document["type"]) == (status, f"urn:mitra:problem:{slug}"), document
    if field is not None:
        assert document["errors"][0]["field"] == field
    assert await count(api.engine, "opinion_pool") == 0
    assert await count(api.engine, "opinion_submission") == 0


async def test_a_round_takes_answers_from_its_first_to_its_last_day_in_india(
    enrolment_engine: AsyncEngine,
) -> None:
    rounds = [
        round_.model_dump() | {"opens_on": date(2026, 11, 1), "closes_on": date(2026, 11, 30)}
        for round_ in small_campaign().rounds
    ]
    await load(enrolment_engine, small_campaign(rounds=rounds))
    first, after_last = (
        datetime(2026, month, day, 18, 30, tzinfo=UTC) for month, day in ((10, 31), (11, 30))
    )
    moments = (first - timedelta(seconds=1), first, after_last - timedelta(seconds=1), after_last)
    found = []
    for moment in moments:
        async with running_api(enrolment_engine, clock=TestClock(moment)) as api:
            found.append((await api.post("/v1/opinions", sheet())).json().get("type", "taken"))
    closed = "urn:mitra:problem:round-not-open"
    assert found == [closed, "taken", "taken", closed]


async def test_nine_sheets_wait_and_ten_go_together(api: IntakeApi) -> None:
    await hand_in(api, 9)
    await hand_in(api, 9, "S11-AC018")
    assert await release(api.engine) == Released(0, 0)
    await hand_in(api, 1)
    assert await release(api.engine) == Released(10, 0)
    assert await count(api.engine, "opinion_pool") == 9
    events = await logged(api.engine, "opinions")
    assert {event["area"] for event in events} == {SEGMENT}
    assert {event["day"] for event in events} == {TODAY.isoformat()}
    assert sorted(event["answers"]["office-help"] for event in events) == [1, 1, 1, 2, 2, 3, 3, 4, 4, 5]
    assert await heads_match_log(api.engine, "opinions")


async def test_released_sheets_lead_back_to_no_submission(api: IntakeApi) -> None:
    await hand_in(api, 12)
    pooled = {str(row.id) for row in await rows(api.engine, "select id from opinion_pool")}
    submitted = {str(row.id) for row in await rows(api.engine, "select id from opinion_submission")}
    await release(api.engine)
    entries = await rows(
        api.engine,
        "select event_id, subject, traceparent, occurred_at, cast(payload as text) from opinions_log",
    )
    ids = {str(entry.event_id) for entry in entries}
    assert len(ids) == 12
    assert not ids & (pooled | submitted)
    assert all(entry.event_id.version == 4 for entry in entries)
    assert all(entry.subject is None and entry.traceparent is None for entry in entries)
    assert {entry.occurred_at for entry in entries} == {datetime(2026, 11, 23, tzinfo=UTC)}
    assert "charge" not in str(entries)


async def test_the_order_of_release_is_not_that_of_arrival(api: IntakeApi) -> None:
    for number in range(40):
        choice = ["housing", "cooking-gas", "farm-income"][number // 14]
        await api.post(
            "/v1/opinions", sheet(answers={"scheme-useful": choice, "office-help": number % 5 + 1})
        )
    arrived = [row.answers for row in await rows(api.engine, "select answers from opinion_pool")]
    await release(api.engine)
    released = [event["answers"] for event in await logged(api.engine, "opinions")]
    assert sorted(map(json.dumps, released)) == sorted(map(json.dumps, arrived))
    assert released != arrived


async def test_at_the_close_the_rest_goes_up_to_the_constituency(api: IntakeApi) -> None:
    await hand_in(api, 6)
    await hand_in(api, 5, "S11-AC018")
    assert await release(api.engine, AFTER) == Released(11, 0)
    assert {event["area"] for event in await logged(api.engine, "opinions")} == {"S11-PC04"}


async def test_too_few_even_in_the_constituency_are_dropped_and_counted(api: IntakeApi) -> None:
    await hand_in(api, 6)
    await hand_in(api, 3, "S11-AC018")
    assert await release(api.engine, AFTER) == Released(0, 9)
    assert await logged(api.engine, "opinions") == []
    assert await count(api.engine, "opinion_pool") == 0
    (dropped,) = await rows(api.engine, "select * from opinion_dropped")
    assert tuple(dropped) == ("small", ROUND, "S11-PC04", 9)
    await hand_in(api, 1)
    assert await release(api.engine, AFTER) == Released(0, 1)
    (dropped,) = await rows(api.engine, "select sheets from opinion_dropped")
    assert dropped.sheets == 10


async def test_a_full_segment_goes_as_itself_at_the_close_while_others_go_up(api: IntakeApi) -> None:
    await hand_in(api, 11)
    await hand_in(api, 7, "S11-AC018")
    await hand_in(api, 4, "S11-AC017")
    assert await release(api.engine, AFTER) == Released(22, 0)
    areas = [event["area"] for event in await logged(api.engine, "opinions")]
    assert {area: areas.count(area) for area in set(areas)} == {SEGMENT: 11, "S11-PC04": 11}


async def test_sheets_of_a_round_that_the_campaign_dropped_are_closed(api: IntakeApi) -> None:
    await hand_in(api, 3)
    await api.load(small_campaign(2, rounds=[]))
    assert await release(api.engine) == Released(0, 3)


async def test_the_upkeep_releases_closes_and_forgets(api: IntakeApi) -> None:
    await hand_in(api, 10)
    upkeep = Upkeep(api.engine, lambda: datetime.now(UTC) + timedelta(days=61))
    await upkeep.work()
    assert len(await logged(api.engine, "opinions")) == 10
    assert await count(api.engine, "opinion_submission") == 0


async def test_an_upkeep_that_fails_is_tried_again_and_shows_in_readiness(api: IntakeApi) -> None:
    async with api.engine.begin() as connection:
        await connection.execute(text("alter table opinion_pool rename to opinion_pool_elsewhere"))
    upkeep = Upkeep(api.engine, lambda: datetime.now(UTC))
    shutdown = ShutdownSignal()
    running = asyncio.create_task(upkeep.run(shutdown))
    await asyncio.sleep(0.3)
    assert await upkeep.heartbeat.check() == "no pass of upkeep yet"
    async with api.engine.begin() as connection:
        await connection.execute(text("alter table opinion_pool_elsewhere rename to opinion_pool"))
    async with asyncio.timeout(60):
        while await upkeep.heartbeat.check() is not None:  # noqa: ASYNC110 - it is not told
            await asyncio.sleep(0.05)
    shutdown.request("the test is over")
    await running
