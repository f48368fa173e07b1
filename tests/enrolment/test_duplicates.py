"""Duplicate people: a 409 that reveals nothing, and only so many of them."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.commands.forget_outcomes import forget_outcomes
from tests.enrolment.intake_api import IntakeApi, TestClock, count, load, person, rows, running_api, token
from tests.factories import small_campaign

OTHER_CONSTITUENCY = token("S24-PC07/in-charge", area="S24-PC07")


async def test_a_duplicate_phone_is_a_409_that_tells_nothing_of_the_other_person(api: IntakeApi) -> None:
    await api.enrol(person(1, name="Meera Nair"))
    elsewhere = person(1, name="Somebody Else", segment="S24-AC037")
    answer = await api.enrol(elsewhere, bearer=OTHER_CONSTITUENCY)
    assert answer.status_code == 409
    document = answer.json()
    assert document["type"] == "urn:mitra:problem:duplicate-person"
    assert "Meera" not in answer.text
    assert "S11" not in answer.text
    another = await api.enrol(person(1), bearer=OTHER_CONSTITUENCY)
    assert another.status_code == 403
    assert await count(api.engine, "mitra") == 1


@pytest.mark.parametrize("written", ["98000 00001", "098000-00001", "+91 98000 00001", "0091 9800000001"])
async def test_a_phone_is_the_same_however_it_is_written(api: IntakeApi, written: str) -> None:
    await api.enrol(person(1))
    assert (await api.enrol(person(phone=written))).status_code == 409


async def test_the_first_of_a_phone_in_one_group_wins(api: IntakeApi) -> None:
    found = await asyncio.gather(*(api.enrol(person(1)) for _ in range(5)))
    assert [answer.status_code for answer in found] == [201, 409, 409, 409, 409]


async def test_a_phone_may_serve_as_many_people_as_the_campaign_says(enrolment_engine: AsyncEngine) -> None:
    await load(enrolment_engine, small_campaign(eligibility={"people_per_phone": 2}))
    async with running_api(enrolment_engine) as api:
        found = await asyncio.gather(*(api.enrol(person(1)) for _ in range(2)))
        assert [answer.status_code for answer in found] == [201, 201]
        assert (await api.enrol(person(1))).status_code == 409
        await api.post(f"/v1/mitras/{found[0].json()['mitra_id']}/withdrawal")
        assert (await api.enrol(person(1))).status_code == 201
    slots = await rows(enrolment_engine, "select slot from mitra where slot is not null order by slot")
    assert [row.slot for row in slots] == [0, 1]


async def test_after_20_duplicates_a_caller_is_refused_until_midnight_in_india(
    enrolment_engine: AsyncEngine,
) -> None:
    await load(enrolment_engine, small_campaign())
    clock = TestClock(datetime(2026, 11, 23, 12, tzinfo=UTC))
    async with running_api(enrolment_engine, clock=clock) as api:
        assert (await api.enrol(person(0), key="the-first-of-all")).status_code == 201
        for _ in range(20):
            assert (await api.enrol(person(0))).status_code == 409
        duplicate, fresh = await api.enrol(person(0)), await api.enrol(person(1))
        # A refusal of duplicates alone would tell who is one.
        assert duplicate.content == fresh.content
        assert fresh.status_code == 429
        assert fresh.json()["type"] == "urn:mitra:problem:duplicate-answers-used-up"
        assert int(fresh.headers["retry-after"]) == 6 * 3600 + 1800
        assert (await api.enrol(person(0), key="the-first-of-all")).status_code == 201
        assert (await api.enrol(person(2), bearer=token("S11-PC04/in-charge"))).status_code == 201
        (counted,) = await rows(enrolment_engine, "select caller, answered, refused from duplicate_answer")
        assert tuple(counted) == ("S11-PC04/co-in-charge-07", 20, 2)
        assert await count(enrolment_engine, "duplicate_record") == 20
        clock.now += timedelta(hours=6, minutes=30)
        assert (await api.enrol(person(1))).status_code == 201


async def test_a_refusal_for_the_ration_is_not_kept(enrolment_engine: AsyncEngine) -> None:
    await load(enrolment_engine, small_campaign())
    clock = TestClock(datetime(2026, 11, 23, 12, tzinfo=UTC))
    async with running_api(enrolment_engine, clock=clock, ration=1) as api:
        await api.enrol(person(0))
        await api.enrol(person(0))
        assert (await api.enrol(person(1), key="tried-tomorrow")).status_code == 429
        clock.now += timedelta(days=1)
        assert (await api.enrol(person(1), key="tried-tomorrow")).status_code == 201


async def test_duplicate_answers_are_forgotten_after_60_days(api: IntakeApi) -> None:
    await api.enrol(person(1))
    assert (await api.enrol(person(1))).status_code == 409
    now = datetime.now(UTC)
    await forget_outcomes(api.engine, now + timedelta(days=59))
    kept = [await count(api.engine, table) for table in ("duplicate_record", "duplicate_answer")]
    while await forget_outcomes(api.engine, now + timedelta(days=62)):
        pass
    left = [await count(api.engine, table) for table in ("duplicate_record", "duplicate_answer")]
    assert (kept, left) == ([1, 1], [0, 0])


async def test_a_batch_has_no_ration_of_its_own(api: IntakeApi) -> None:
    await api.enrol(person(0))
    entries = [(str(uuid4()), person(0)) for _ in range(25)] + [(str(uuid4()), person(1))]
    outcomes = (await api.batch(entries)).json()["outcomes"]
    assert [outcome["status"] for outcome in outcomes] == [409] * 20 + [429] * 6


async def test_a_used_up_ration_raises_an_alert(api: IntakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    await api.enrol(person(0))
    await api.batch([(str(uuid4()), person(0)) for _ in range(21)])
    said = capsys.readouterr()
    assert "duplicate-ration" in said.out + said.err
