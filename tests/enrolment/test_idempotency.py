"""The same key again gives the same answer; another request under it is refused."""

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.commands.forget_outcomes import forget_outcomes
from tests.enrolment.intake_api import IntakeApi, count, heads_match_log, load, person, running_api, token
from tests.factories import small_campaign

KEY = "0193e2f0-6d3c-7c41-9a6b-1c2d3e4f5a6b"


async def test_the_same_key_again_gives_the_same_answer(api: IntakeApi) -> None:
    first = await api.enrol(person(1), key=KEY)
    again = await api.enrol(person(1), key=KEY)
    assert first.status_code == 201
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert await count(api.engine, "mitra") == 1


async def test_a_body_written_differently_is_the_same_request(api: IntakeApi) -> None:
    first = await api.enrol(person(1), key=KEY)
    again = await api.enrol(dict(reversed((person(1) | {"language": None}).items())), key=KEY)
    assert again.content == first.content


async def test_another_request_under_the_key_is_refused(api: IntakeApi) -> None:
    await api.enrol(person(1), key=KEY)
    other = await api.enrol(person(2), key=KEY)
    assert other.status_code == 422
    assert other.json()["type"] == "urn:mitra:problem:idempotency-key-reused"
    assert other.json()["errors"][0]["field"] == "Idempotency-Key"
    assert await count(api.engine, "mitra") == 1


async def test_keys_of_two_callers_do_not_meet(api: IntakeApi) -> None:
    first = await api.enrol(person(1), key=KEY)
    other = await api.enrol(person(2), key=KEY, bearer=token("S11-PC04/in-charge"))
    assert first.status_code == other.status_code == 201


async def test_a_refusal_is_kept_too(api: IntakeApi) -> None:
    refused = await api.enrol(person(1, schemes=["NEW-SCHEME"]), key=KEY)
    assert refused.status_code == 422
    schemes = [
        *(scheme.model_dump() for scheme in small_campaign().schemes),
        {"code": "NEW-SCHEME", "name": {"en": "New"}},
    ]
    assert (await api.load(small_campaign(2, schemes=schemes))).status_code == 200
    again = await api.enrol(person(1, schemes=["NEW-SCHEME"]), key=KEY)
    assert (again.status_code, again.content) == (422, refused.content)
    assert (await api.enrol(person(1, schemes=["NEW-SCHEME"]))).status_code == 201


async def test_an_enrolment_is_confirmed_again_although_the_rules_have_changed(api: IntakeApi) -> None:
    first = await api.enrol(person(1), key=KEY)
    assert (await api.load(small_campaign(2, schemes=[]))).status_code == 200
    assert (await api.enrol(person(2))).status_code == 422
    assert (await api.enrol(person(1), key=KEY)).content == first.content


async def test_one_key_at_two_apis_at_once_enrols_one_person(campaign_engine: AsyncEngine) -> None:
    async with running_api(campaign_engine) as one, running_api(campaign_engine) as other:
        for number in range(10):
            key = f"{KEY}-{number}"
            found = await asyncio.gather(
                *(api.enrol(person(number), key=key) for api in (one, other) for _ in range(4))
            )
            assert {answer.status_code for answer in found} == {201}
            assert len({answer.content for answer in found}) == 1
    assert await count(campaign_engine, "mitra") == 10
    assert await heads_match_log(campaign_engine, "enrolment")


async def test_one_phone_at_two_apis_at_once_enrols_one_person(campaign_engine: AsyncEngine) -> None:
    async with running_api(campaign_engine) as one, running_api(campaign_engine) as other:
        for number in range(5):
            found = await asyncio.gather(
                *(api.enrol(person(number)) for api in (one, other) for _ in range(2))
            )
            assert sorted(answer.status_code for answer in found) == [201, 409, 409, 409]
    assert await count(campaign_engine, "mitra") == 5


async def test_one_key_with_two_requests_in_one_group_goes_to_the_first(api: IntakeApi) -> None:
    found = await asyncio.gather(
        api.enrol(person(1), key=KEY), api.enrol(person(2), key=KEY), api.enrol(person(1), key=KEY)
    )
    assert [answer.status_code for answer in found] == [201, 422, 201]
    assert found[0].content == found[2].content


async def test_answers_are_kept_for_60_days(enrolment_engine: AsyncEngine) -> None:
    await load(enrolment_engine, small_campaign())
    long_ago = datetime.now(UTC) - timedelta(days=59, hours=23)
    async with running_api(enrolment_engine, clock=lambda: long_ago) as api:
        await api.enrol(person(1), key=KEY)
    assert await forget_outcomes(enrolment_engine, datetime.now(UTC)) == 0
    assert await forget_outcomes(enrolment_engine, datetime.now(UTC) + timedelta(hours=2)) == 1
    assert await count(enrolment_engine, "outcome") == 0
