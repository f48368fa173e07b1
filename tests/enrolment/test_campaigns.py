"""Loading campaigns: in force at once, at one place in the order of every partition."""

import asyncio
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.contracts.topics import PARTITIONS
from tests.enrolment.intake_api import (
    IntakeApi,
    count,
    heads_match_log,
    load,
    logged,
    operator,
    person,
    rows,
    running_api,
    token,
)
from tests.factories import small_campaign


async def test_a_campaign_is_appended_to_every_partition(enrolment_engine: AsyncEngine) -> None:
    async with running_api(enrolment_engine) as api:
        answer = await api.load(small_campaign())
        assert answer.status_code == 200
        assert answer.json() == {"id": "small", "version": 1, "changed": True}
        assert (await api.enrol(person(1))).status_code == 201
    found = await rows(
        enrolment_engine, "select partition, position from enrolment_log where type = 'CampaignDefinedV1'"
    )
    assert sorted(tuple(row) for row in found) == [(partition, 1) for partition in range(PARTITIONS)]
    defined = await logged(enrolment_engine, "enrolment", "CampaignDefinedV1")
    assert len({str(event) for event in defined}) == 1


async def test_the_same_definition_again_changes_nothing(api: IntakeApi) -> None:
    before = await count(api.engine, "enrolment_log")
    answer = await api.load(small_campaign())
    assert (answer.status_code, answer.json()["changed"]) == (200, False)
    assert await count(api.engine, "enrolment_log") == before


async def test_a_changed_definition_needs_a_higher_version(api: IntakeApi) -> None:
    answer = await api.load(small_campaign(1, schemes=[]))
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:mitra:problem:campaign-conflict"
    assert answer.json()["errors"] == [
        {"field": "version", "message": "is not higher than that in force", "expected": "at least 2"}
    ]
    assert (await api.load(small_campaign(3, schemes=[]))).status_code == 200
    assert (await api.load(small_campaign(2, schemes=[]))).status_code == 409


async def test_the_definition_in_force_can_be_read(api: IntakeApi) -> None:
    await api.load(small_campaign(2, schemes=[]))
    answer = await api.get("/v1/campaigns/small")
    assert answer.json() == small_campaign(2, schemes=[]).model_dump(mode="json")
    assert (await api.get("/v1/campaigns/other", bearer=operator())).status_code == 404
    assert (await api.get("/v1/campaigns/small", bearer=operator("other"))).status_code == 403


@pytest.mark.parametrize("bearer", [token(), operator("other")])
async def test_only_operators_of_the_campaign_load_it(api: IntakeApi, bearer: str) -> None:
    assert (await api.load(small_campaign(2), bearer=bearer)).status_code == 403


async def test_a_definition_that_contradicts_itself_is_refused(api: IntakeApi) -> None:
    broken = [
        area.model_dump() | ({"parent": "IN"} if area.code == "S11-AC019" else {})
        for area in small_campaign().areas
    ]
    answer = await api.load(small_campaign(2, areas=broken))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert {error["field"] for error in answer.json()["errors"]} == {"areas.S11-AC019.parent"}
    other_address = await api.client.put(
        "/v1/campaigns/large",
        content=small_campaign(2).model_dump_json(),
        headers={"Authorization": f"Bearer {operator()}", "Content-Type": "application/json"},
    )
    assert other_address.status_code == 422
    assert other_address.json()["errors"][0]["field"] == "id"


async def test_every_mistake_of_a_definition_is_told(api: IntakeApi) -> None:
    notices = [notice.model_dump() | {"in_force_from": "2027-01-01"} for notice in small_campaign().notices]
    answer = await api.load(small_campaign(2, goals=[], notices=notices))
    assert answer.status_code == 422
    errors = answer.json()["errors"]
    assert {"goals", "notices.#1.in_force_from"} <= {error["field"] for error in errors}
    assert all(error["message"] and error["expected"] for error in errors)
    assert (await api.get("/v1/campaigns/small")).json()["version"] == 1


def _in_malappuram() -> list[dict[str, Any]]:
    return [
        area.model_dump() | ({"parent": "S11-PC06"} if area.code == "S11-AC019" else {})
        for area in small_campaign().areas
    ]


async def test_a_segment_stays_in_its_constituency(api: IntakeApi) -> None:
    without = [area.model_dump() for area in small_campaign().areas if area.code != "S11-AC019"]
    for version in (2, 3):
        answer = await api.load(small_campaign(version, areas=_in_malappuram()))
        assert answer.status_code == 409
        assert answer.json()["type"] == "urn:mitra:problem:campaign-conflict"
        (error,) = answer.json()["errors"]
        assert (error["field"], error["expected"]) == ("areas.S11-AC019.parent", "S11-PC04")
        # Left out meanwhile, it still cannot come back elsewhere.
        assert (await api.load(small_campaign(2, areas=without))).status_code == 200
    assert (await api.load(small_campaign(3))).status_code == 200


async def test_a_campaign_keeps_its_boundaries(api: IntakeApi) -> None:
    boundaries = small_campaign().boundaries.model_dump()
    redrawn = await api.load(small_campaign(2, boundaries=boundaries | {"version": "2027"}))
    assert redrawn.status_code == 409
    (error,) = redrawn.json()["errors"]
    assert error["field"] == "boundaries.version"
    assert error["expected"].startswith("'2008'")
    assert (
        await api.load(small_campaign(2, boundaries=boundaries | {"source": "The Order"}))
    ).status_code == 200


async def test_another_api_judges_by_a_change_from_its_next_group_on(campaign_engine: AsyncEngine) -> None:
    async with running_api(campaign_engine) as one, running_api(campaign_engine) as other:
        assert (await other.enrol(person(1, schemes=["PMUY"]))).status_code == 201
        await one.load(small_campaign(2, schemes=[]))
        # The other api has not looked for changes, yet the group commits under the version in force.
        assert (await other.enrol(person(2, schemes=["PMUY"]))).status_code == 422
        await one.load(small_campaign(3))
        assert (await other.enrol(person(3, schemes=["PMUY"]))).status_code == 201
        assert (await other.enrol(person(3, schemes=["PMUY"]))).status_code == 409


async def test_another_api_knows_a_new_campaign_at_once(enrolment_engine: AsyncEngine) -> None:
    async with running_api(enrolment_engine) as here, running_api(enrolment_engine) as there:
        assert (await there.enrol()).json()["type"] == "urn:mitra:problem:no-campaign"
        assert (await here.load(small_campaign())).status_code == 200
        assert (await there.enrol()).status_code == 201


async def test_no_enrolment_stands_behind_a_change_it_does_not_satisfy(campaign_engine: AsyncEngine) -> None:
    """Segments leave and come back while people are enrolled from two apis."""
    without = [area.model_dump() for area in small_campaign().areas if area.code != "S11-AC019"]
    async with running_api(campaign_engine) as one, running_api(campaign_engine) as other:

        async def change() -> None:
            for version in range(2, 10):
                definition = small_campaign(version, **({"areas": without} if version % 2 == 0 else {}))
                assert (await one.load(definition)).status_code == 200
                await asyncio.sleep(0.02)

        changing = asyncio.create_task(change())
        number = 0
        while not changing.done():
            number += 4
            await asyncio.gather(
                *(api.enrol(person(number + i)) for i, api in enumerate((one, other, one, other)))
            )
        await changing
    known: dict[str, bool] = {}
    for event in await logged(campaign_engine, "enrolment"):
        if event["type"] == "CampaignDefinedV1":
            known = {area["code"]: True for area in event["definition"]["areas"]}
        else:
            assert event["segment"] in known
    assert await heads_match_log(campaign_engine, "enrolment")


async def test_loading_twice_at_once_makes_one_version(enrolment_engine: AsyncEngine) -> None:
    async with running_api(enrolment_engine) as one, running_api(enrolment_engine) as other:
        found = await asyncio.gather(*(api.load(small_campaign()) for api in (one, other) for _ in range(3)))
    assert {answer.status_code for answer in found} == {200}
    assert sorted(answer.json()["changed"] for answer in found) == [False] * 5 + [True]


async def test_a_token_of_no_campaign_is_for_the_only_one(campaign_engine: AsyncEngine) -> None:
    await load(campaign_engine, small_campaign(id="second"))
    async with running_api(campaign_engine) as api:
        assert (await api.enrol(person(1), bearer=token(campaign=None))).status_code == 409
        # The same phone may be enrolled in two campaigns.
        assert (await api.enrol(person(1))).status_code == 201
        assert (await api.enrol(person(1), bearer=token(campaign="second"))).status_code == 201
