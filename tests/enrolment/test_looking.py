"""Names and phones are seen by those whom the notice names, one person at a time, each time on record."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.security.tokens import Role
from tests.enrolment.intake_api import CONSTITUENCY, IntakeApi, TestClock, person, rows, running_api, token

RECRUITER = token()
COLLEAGUE = token(f"{CONSTITUENCY}/co-in-charge-08")
IN_CHARGE = token(f"{CONSTITUENCY}/in-charge", Role.IN_CHARGE)


async def enrolled(api: IntakeApi, number: int = 1) -> str:
    return str((await api.enrol(person(number), bearer=RECRUITER)).json()["mitra_id"])


async def look(api: IntakeApi, mitra: str, bearer: str, purpose: str = "contact") -> httpx.Response:
    return await api.post(f"/v1/mitras/{mitra}/look", {"purpose": purpose}, bearer=bearer)


async def on_record(engine: AsyncEngine) -> list[Any]:
    found = await rows(
        engine, "select actor, role, purpose, cast(subject as text), fields from access_record"
    )
    return [tuple(row) for row in found]


async def test_the_recruiter_and_the_in_charge_see_name_and_phone_and_that_is_on_record(
    api: IntakeApi,
) -> None:
    mitra = await enrolled(api)
    for bearer in (RECRUITER, IN_CHARGE):
        seen = await look(api, mitra, bearer)
        assert seen.json() == {"id": mitra, "name": "आयशा बेगम", "phone": "+919800000001"}
        assert seen.headers["cache-control"] == "no-store"
    fields = ["name", "phone"]
    assert await on_record(api.engine) == [
        (f"{CONSTITUENCY}/co-in-charge-07", "co_in_charge", "contact", mitra, fields),
        (f"{CONSTITUENCY}/in-charge", "in_charge", "contact", mitra, fields),
    ]


@pytest.mark.parametrize(
    "bearer",
    [COLLEAGUE, token("S24-PC07/in-charge", Role.IN_CHARGE, "S24-PC07")],
    ids=["another co-in-charge", "another constituency"],
)
async def test_others_are_told_that_there_is_nobody(api: IntakeApi, bearer: str) -> None:
    there = await look(api, await enrolled(api), bearer)
    nobody = await look(api, "0193e2f0-6d3c-7c41-9a6b-1c2d3e4f5a6b", bearer)
    assert there.status_code == nobody.status_code == 404
    assert there.json()["detail"] == nobody.json()["detail"]
    assert await on_record(api.engine) == []


async def test_headquarters_never_sees_a_person(api: IntakeApi) -> None:
    answer = await look(api, await enrolled(api), token("hq", Role.HEADQUARTERS, None))
    assert answer.status_code == 403


async def test_whoever_withdrew_is_seen_by_nobody(api: IntakeApi) -> None:
    mitra = await enrolled(api)
    await api.post(f"/v1/mitras/{mitra}/withdrawal")
    answer = await look(api, mitra, IN_CHARGE)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:mitra:problem:mitra-withdrawn")
    assert await on_record(api.engine) == []


async def test_a_look_without_a_known_purpose_is_refused(api: IntakeApi) -> None:
    answer = await look(api, await enrolled(api), IN_CHARGE, purpose="curiosity")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "purpose"


async def test_one_can_look_at_so_many_people_a_day_and_no_more(campaign_engine: AsyncEngine) -> None:
    clock = TestClock()
    async with running_api(campaign_engine, clock=clock, looks=2) as api:
        first, second, third = [await enrolled(api, number) for number in range(3)]
        for mitra in (first, second, first):
            assert (await look(api, mitra, IN_CHARGE)).status_code == 200
        answer = await look(api, third, IN_CHARGE)
        assert (answer.status_code, answer.json()["type"]) == (429, "urn:mitra:problem:looks-used-up")
        assert 0 < int(answer.headers["retry-after"]) <= 86_400
        assert len(await on_record(api.engine)) == 3
        assert (await look(api, third, RECRUITER)).status_code == 200
        clock.now += timedelta(days=1)
        assert (await look(api, third, IN_CHARGE)).status_code == 200


async def test_nothing_is_shown_that_cannot_be_put_on_record(api: IntakeApi) -> None:
    mitra = await enrolled(api)
    async with api.engine.begin() as connection:
        await connection.execute(text("drop table access_record"))
    answer = await look(api, mitra, IN_CHARGE)
    assert answer.status_code == 503
    assert "+91" not in answer.text
