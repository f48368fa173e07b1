"""What the api answers: numbers with their goals, positions and lag; days; waiting; bad input."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.contracts.topics import ENROLMENT, all_partitions, partition_of
from mitra_shared.ids import Partition
from mitra_shared.streams import connect
from reporting.lag import GONE, NOT_LOOKED
from reporting.schemas import DaysAnswer, RollupAnswer, RollupsAnswer
from tests.factories import SEGMENTS, small_campaign
from tests.reporting.field import DAY, Field
from tests.reporting.reporting_api import ReportingApi, bearer, eventually, running_api, token

NEXT_DAY = datetime(2026, 11, 3, 6, tzinfo=UTC)


async def test_before_anything_was_read_whoever_asks_is_told_to_come_back(
    reporting_engine: AsyncEngine, redis: Redis
) -> None:
    async with running_api(reporting_engine, redis) as api:
        api.reading.mirror.boards, api.reading.mirror.turn = {}, 0
        for path in ("/v1/rollups", "/v1/rollups/stream"):
            answer = await api.get(path)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
            assert answer.json()["type"] == "urn:mitra:problem:figures-not-read-yet"
        assert 'http-equiv="refresh"' in (await api.get("/")).text


async def test_a_level_is_answered_with_goals_sources_marks_positions_and_lag(
    field: Field, api: ReportingApi
) -> None:
    await field.apply([*field.defined(), *(field.enrolled("S11-AC017") for _ in range(4))])
    await api.caught_up()
    answer = await api.get("/v1/rollups")
    content = answer.json()
    RollupsAnswer.model_validate(content)
    wayanad = next(area for area in content["areas"] if area["area"] == "S11-PC04")
    assert wayanad["enrolled"] == 4
    assert wayanad["evidence"] == "named"
    assert wayanad["name"] == {"en": "Wayanad", "hi": "वयनाड", "ur": None}
    assert wayanad["target"] == {
        "number": 10,
        "level": "constituency",
        "source": "a number for tests",
        "parts": 1,
    }
    assert wayanad["quota"]["number"] == 9
    assert wayanad["quota"]["parts"] == 3
    assert content["positions"]["enrolment"][str(partition_of("S11-PC04"))] == "1-5"
    assert content["readings"][0]["active"] is True
    assert set(content["lag"]["topics"]) == {"enrolment", "opinions", "certificates", "custody"}


async def test_one_area_is_answered_with_its_parts(field: Field, api: ReportingApi) -> None:
    await field.apply([*field.defined(), field.enrolled("S11-AC017"), field.opinion("S11-PC04")])
    await api.caught_up()
    content = (await api.get("/v1/rollups/S11-PC04")).json()
    RollupAnswer.model_validate(content)
    assert (content["rollup"]["enrolled"], content["rollup"]["opinions"]) == (1, 1)
    assert [part["area"] for part in content["parts"]] == ["S11-AC017", "S11-AC018", "S11-AC019"]


async def test_lists_are_sorted_and_narrowed_as_asked(field: Field, api: ReportingApi) -> None:
    people = ["S11-AC017"] * 1 + ["S24-AC036"] * 3 + ["S11-AC033"] * 2
    await field.apply([*field.defined(), *map(field.enrolled, people)])
    await api.caught_up()

    async def codes(query: str) -> list[str]:
        return [area["area"] for area in (await api.get(f"/v1/rollups{query}")).json()["areas"]]

    assert await codes("?sort=-enrolled") == ["S24-PC07", "S11-PC06", "S11-PC04"]
    assert await codes("?sort=progress") == ["S11-PC04", "S11-PC06", "S24-PC07"]
    assert await codes("?sort=name") == ["S11-PC06", "S24-PC07", "S11-PC04"]
    assert await codes("?parent=S11") == ["S11-PC04", "S11-PC06"]
    assert await codes("?parent=S11-PC06") == ["S11-AC033", "S11-AC037"]
    assert len(await codes("?level=segment&parent=S11")) == 5
    assert await codes("?level=nation") == ["IN"]


async def test_an_unchanged_answer_is_not_sent_twice(field: Field, api: ReportingApi) -> None:
    await field.apply(field.defined())
    await api.caught_up()
    first = await api.get("/v1/rollups")
    etag = first.headers["ETag"]
    again = await api.get("/v1/rollups", **{"If-None-Match": f'"other", {etag}'})
    assert (again.status_code, again.content) == (304, b"")
    await field.apply([field.enrolled("S11-AC017")])
    await api.caught_up()
    assert (await api.get("/v1/rollups", **{"If-None-Match": etag})).status_code == 200


async def test_a_front_end_reads_its_own_write(field: Field, api: ReportingApi) -> None:
    await field.apply(field.defined())
    await api.caught_up()
    partition = partition_of("S11-PC04")
    asked = asyncio.create_task(api.get(f"/v1/rollups/S11-PC04?at_least=enrolment.{partition}:1-2"))
    await asyncio.sleep(0.1)
    assert not asked.done()
    await field.apply([field.enrolled("S11-AC017")])
    answer = await asked
    assert answer.json()["rollup"]["enrolled"] == 1


async def test_a_place_that_is_not_reached_in_time_is_said_to_be(field: Field, api: ReportingApi) -> None:
    await field.apply(field.defined())
    await api.caught_up()
    answer = await api.get("/v1/rollups?at_least=enrolment.3:1-999&at_least=enrolment.3:1-1")
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:mitra:problem:positions-not-reached"
    assert "enrolment.3" in answer.json()["detail"]
    assert answer.headers["Retry-After"] == "1"


async def test_a_day_is_shown_as_far_as_it_may_be(
    field: Field, reporting_engine: AsyncEngine, redis: Redis
) -> None:
    people: list[Any] = [field.enrolled("S11-AC017", basis="admirer", schemes=["PMUY"]) for _ in range(12)]
    people += [field.enrolled("S11-AC018", basis="beneficiary") for _ in range(11)]
    people += [field.withdrawn("S11-AC017") for _ in range(10)] + [
        field.withdrawn("S11-AC018") for _ in range(3)
    ]
    people += [field.corrected("S11-AC017", ["PM-KISAN"], ["PMUY"]) for _ in range(10)]
    await field.apply([*field.defined(), *people])
    async with running_api(reporting_engine, redis, now=lambda: NEXT_DAY) as api:
        content = (await api.get(f"/v1/rollups/S11-PC04/days?from={DAY}&to={DAY + timedelta(days=1)}")).json()
        DaysAnswer.model_validate(content)
        day, today = content["days"]
        assert day["closed"] is True
        assert day["enrolled"] == {"value": 23, "reason": None}
        assert day["withdrawn"] == {"value": 13, "reason": None}
        assert day["beneficiaries"] == {"value": 11, "reason": None}
        assert day["schemes"] == {"PMUY": {"value": 12, "reason": None}}
        assert day["schemes_added"]["PM-KISAN"] == {"value": 10, "reason": None}
        assert day["schemes_removed"]["PM-KISAN"] == {"value": None, "reason": "fewer than 10"}
        assert today["closed"] is False
        assert today["withdrawn"] == {"value": None, "reason": "the day is not closed"}
        segment = (await api.get(f"/v1/rollups/S11-AC018/days?from={DAY}&to={DAY}")).json()["days"][0]
        assert segment["withdrawn"] == {"value": None, "reason": "fewer than 10"}
        assert segment["admirers"]["value"] is None
        assert segment["schemes"]["PMUY"]["reason"] == "shown for constituencies and above only"
        sibling = (await api.get(f"/v1/rollups/S11-AC017/days?from={DAY}&to={DAY}")).json()["days"][0]
        assert sibling["withdrawn"] == {"value": None, "reason": "would reveal a figure of fewer than 10"}


async def test_a_stream_that_began_since_the_last_look_is_not_called_gone(
    field: Field, api: ReportingApi
) -> None:
    await field.apply(field.defined())
    await api.caught_up()
    await api.reading.lag.look()
    reasons = []
    for _ in range(2):
        reasons.append(api.reading.lag.behind(api.reading.mirror.positions)["enrolment"].reason)
        await asyncio.sleep(0.01)
        await api.reading.lag.look()
    reasons.append(api.reading.lag.behind(api.reading.mirror.positions)["enrolment"].reason)
    assert reasons == [NOT_LOOKED, GONE, GONE]


async def test_lag_is_counted_from_the_ends_of_the_streams(
    field: Field, api: ReportingApi, redis: Redis
) -> None:
    await field.apply(field.defined())
    await api.caught_up()
    for partition in all_partitions():
        await redis.xadd(ENROLMENT.stream(partition), {"id": "x"}, id="1-1")
    await api.reading.lag.look()
    assert (await api.get("/v1/rollups")).json()["lag"]["events"] == 0
    await redis.xadd(ENROLMENT.stream(Partition(3)), {"id": "x"}, id="1-5")
    await api.reading.lag.look()
    await asyncio.sleep(0.15)
    lag = (await api.get("/v1/rollups")).json()["lag"]
    assert lag["events"] == 4
    assert lag["seconds"] > 0.1
    assert lag["topics"]["certificates"] == {"events": 0, "seconds": 0.0, "reason": None}
    await redis.xadd(ENROLMENT.stream(Partition(3)), {"id": "x"}, id="2-6")
    await api.reading.lag.look()
    lag = (await api.get("/v1/rollups")).json()["lag"]
    assert (lag["events"], lag["reason"]) == (None, "a log continues on a new epoch that is not read yet")
    await redis.flushall()
    await api.reading.lag.look()
    lag = (await api.get("/v1/rollups")).json()["lag"]
    assert (lag["events"], lag["reason"]) == (None, "a stream is gone and not yet rebuilt by its relay")


async def test_without_redis_answers_go_on_and_the_lag_is_unknown_never_nothing(
    field: Field, reporting_engine: AsyncEngine
) -> None:
    await field.apply([*field.defined(), field.enrolled("S11-AC017")])
    away = connect("redis://127.0.0.1:1/0")
    async with running_api(reporting_engine, away) as api:
        answer = await api.get("/v1/rollups/IN")
    await away.aclose()
    assert answer.json()["rollup"]["enrolled"] == 1
    assert answer.json()["lag"]["events"] is None
    assert answer.json()["lag"]["seconds"] is None
    assert answer.json()["lag"]["reason"] == "Redis cannot be reached"


async def test_several_campaigns_have_to_be_chosen_from(field: Field, api: ReportingApi) -> None:
    other = small_campaign(id="other")
    await field.apply([*field.defined(), *field.defined(other)])
    await api.caught_up()
    unsaid = await api.get("/v1/rollups")
    assert (unsaid.status_code, unsaid.json()["errors"][0]["expected"]) == (422, "one of other, small")
    assert (await api.get("/v1/rollups?campaign=other")).json()["campaign"] == "other"
    of_token = await api.get("/v1/rollups", as_token=token(campaign="small"))
    assert of_token.json()["campaign"] == "small"
    refused = await api.get("/v1/rollups?campaign=other", as_token=token(campaign="small"))
    assert refused.status_code == 403


async def test_before_any_definition_the_api_says_that_it_waits(api: ReportingApi) -> None:
    answer = await api.get("/v1/rollups")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:mitra:problem:campaign-unknown")


BAD = (
    ("/v1/rollups?level=district", 422, "invalid-request", "level"),
    ("/v1/rollups?sort=religion", 422, "invalid-request", "sort"),
    ("/v1/rollups?parent=S99", 404, "area-unknown", None),
    ("/v1/rollups?parent=" + "X" * 500, 422, "invalid-request", "parent"),
    ("/v1/rollups?campaign=nothing", 404, "campaign-unknown", None),
    ("/v1/rollups?campaign=Bad%20Slug", 422, "invalid-request", "campaign"),
    ("/v1/rollups?at_least=enrolment", 422, "invalid-request", "at_least[0]"),
    ("/v1/rollups?at_least=enrolment.99:1-1", 422, "invalid-request", "at_least"),
    ("/v1/rollups?at_least=gossip.1:1-1", 422, "invalid-request", "at_least"),
    ("/v1/rollups?at_least=enrolment.1:1-9999999999999999999999", 422, "invalid-request", "at_least[0]"),
    ("/v1/rollups?" + "&".join(["at_least=enrolment.1:1-1"] * 20), 422, "invalid-request", "at_least"),
    ("/v1/rollups/S11-PC99", 404, "area-unknown", None),
    ("/v1/rollups/%E0%A4%B5", 404, "area-unknown", None),
    ("/v1/rollups/IN/days?from=yesterday", 422, "invalid-request", "from"),
    ("/v1/rollups/IN/days?from=2026-02-30", 422, "invalid-request", "from"),
    ("/v1/rollups/IN/days?from=2026-10-20&to=2026-10-10", 422, "invalid-request", "from"),
    ("/v1/rollups/IN/days?to=2999-01-01", 422, "invalid-request", "to"),
    ("/v1/rollups/IN/days?to=0001-01-01", 422, "invalid-request", "to"),
    ("/v1/rollups/IN/days?from=0001-01-01", 422, "invalid-request", "from"),
    ("/v1/rollups/IN/days?from=2025-01-01&to=2026-10-10", 422, "invalid-request", "from"),
    ("/v1/rollups/stream?level=district", 422, "invalid-request", "level[0]"),
    ("/v1/rollups/stream?parent=S99", 404, "area-unknown", None),
    ("/v1/nothing", 404, "not-found", None),
)


async def test_bad_input_is_explained(field: Field, reporting_engine: AsyncEngine, redis: Redis) -> None:
    await field.apply(field.defined())
    async with running_api(reporting_engine, redis, now=lambda: NEXT_DAY) as api:
        for path, status, slug, where in BAD:
            answer = await api.get(path)
            assert answer.status_code == status, (path, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["type"] == f"urn:mitra:problem:{slug}"
            if where is not None:
                assert answer.json()["errors"][0]["field"] == where, (path, answer.text)
                assert answer.json()["errors"][0]["expected"]
        answer = await api.client.delete("/v1/rollups", headers=bearer())
        assert (answer.status_code, answer.json()["type"]) == (405, "urn:mitra:problem:method-not-allowed")


async def test_a_database_that_is_away_leaves_the_last_counts_and_says_so(
    field: Field, api: ReportingApi, reporting_engine: AsyncEngine
) -> None:
    await field.apply([*field.defined(), *(field.enrolled(segment) for segment in SEGMENTS)])
    await api.caught_up()
    name = reporting_engine.url.database
    admin = reporting_engine.execution_options(isolation_level="AUTOCOMMIT")
    async with admin.connect() as connection:
        await connection.execute(text(f"alter table rollup_version rename to away_{name}"))
    try:
        await eventually(lambda: api.reading.mirror.trouble is not None)
        content = (await api.get("/v1/rollups/IN")).json()
        assert content["rollup"]["enrolled"] == len(SEGMENTS)
        assert content["trouble"] == "the database cannot be reached"
    finally:
        async with admin.connect() as connection:
            await connection.execute(text(f"alter table away_{name} rename to rollup_version"))
