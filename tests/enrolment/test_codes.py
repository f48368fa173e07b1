"""The way to the own data is a code to the phone; guessing is limited, and nobody learns who is enrolled."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.commands.forget_messages import forget_messages
from tests.enrolment.intake_api import IntakeApi, TestClock, rows, running_api
from tests.enrolment.people import UNKNOWN, Person, codes_sent, enrolled_person, in_charge, wrong


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


async def test_the_right_code_opens_all_that_is_held(somebody: Person) -> None:
    session = await somebody.session()
    told = (await somebody.ask("GET", "", session)).json()
    assert (told["name"], told["phone"], told["state"]) == ("आयशा बेगम", "+919800000001", "enrolled")


async def test_a_receipt_that_nobody_has_is_answered_like_any(api: IntakeApi, somebody: Person) -> None:
    for suffix, body in (("codes", None), ("sessions", {"code": "123456"})):
        known = await api.post(f"{somebody.path}/{suffix}", body)
        unknown = await api.post(f"/v1/receipts/{UNKNOWN}/{suffix}", body)
        assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
        assert set(known.headers) == set(unknown.headers)
    assert await codes_sent(api) == 1


async def test_a_wrong_code_opens_nothing_and_five_of_them_spoil_the_right_one(
    api: IntakeApi, somebody: Person
) -> None:
    await api.post(f"{somebody.path}/codes")
    code = await somebody.newest_code()
    for _ in range(5):
        answer = await api.post(f"{somebody.path}/sessions", {"code": wrong(code)})
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:mitra:problem:wrong-code")
    assert (await api.post(f"{somebody.path}/sessions", {"code": code})).status_code == 403


async def test_tries_at_once_are_counted_one_by_one(api: IntakeApi, somebody: Person) -> None:
    await api.post(f"{somebody.path}/codes")
    code = await somebody.newest_code()
    await asyncio.gather(*(api.post(f"{somebody.path}/sessions", {"code": wrong(code)}) for _ in range(8)))
    (row,) = await rows(api.engine, "select tries from one_time_code")
    assert row.tries == 8
    assert (await api.post(f"{somebody.path}/sessions", {"code": code})).status_code == 403


async def test_a_code_is_used_once(api: IntakeApi, somebody: Person) -> None:
    await somebody.session()
    again = await api.post(f"{somebody.path}/sessions", {"code": await somebody.newest_code()})
    assert again.status_code == 403


async def test_a_code_is_valid_for_ten_minutes(api: IntakeApi, somebody: Person, clock: TestClock) -> None:
    await api.post(f"{somebody.path}/codes")
    code = await somebody.newest_code()
    clock.now += timedelta(minutes=10)
    assert (await api.post(f"{somebody.path}/sessions", {"code": code})).status_code == 403


async def test_every_try_that_is_refused_is_counted_and_recorded_with_who_helped(
    api: IntakeApi, somebody: Person, clock: TestClock
) -> None:
    sessions, page = f"{somebody.path}/sessions", f"/r/{somebody.receipt}/session"
    await api.post(sessions, {"code": "000000"})
    await somebody.session()
    code = await somebody.newest_code()
    await api.post(sessions, {"code": code})
    clock.now += timedelta(seconds=1)
    await api.post(f"{somebody.path}/codes")
    code = await somebody.newest_code()
    for _ in range(5):
        await api.post(sessions, {"code": wrong(code)})
    await api.post(sessions, {"code": code})
    clock.now += timedelta(minutes=10)
    await api.client.post(page, data={"code": code})
    recorded = await rows(
        api.engine,
        "select actor, facts from staff_record where what = 'refused-own-page' order by at, facts->>'why'",
    )
    assert [row.facts["why"] for row in recorded] == [
        "not-asked",
        "used",
        "spoiled",
        *["wrong"] * 5,
        "expired",
    ]
    assert {row.facts["mitra"] for row in recorded} == {somebody.mitra}
    helper = {row.actor for row in recorded[:-1]}
    assert (len(helper), None in helper, recorded[-1].actor) == (1, False, None)
    counted = await rows(api.engine, "select tries, used_at from one_time_code order by asked_at")
    assert [(row.tries, row.used_at is None) for row in counted] == [(2, False), (7, True)]
    # Of a receipt that nobody has, all the same.
    await api.post(f"/v1/receipts/{UNKNOWN}/sessions", {"code": "000000"})
    (unknown,) = await rows(api.engine, "select facts from staff_record where facts->>'mitra' is null")
    assert unknown.facts == {"why": "not-asked"}


async def test_only_the_newest_code_counts(api: IntakeApi, somebody: Person, clock: TestClock) -> None:
    await api.post(f"{somebody.path}/codes")
    old = await somebody.newest_code()
    clock.now += timedelta(seconds=1)
    await api.post(f"{somebody.path}/codes")
    assert (await api.post(f"{somebody.path}/sessions", {"code": old})).status_code == 403
    new = await somebody.newest_code()
    assert (await api.post(f"{somebody.path}/sessions", {"code": new})).status_code == 201


async def test_a_code_of_one_receipt_opens_no_other(api: IntakeApi, somebody: Person) -> None:
    other = await enrolled_person(api, 2)
    await api.post(f"{other.path}/codes")
    await api.post(f"{somebody.path}/codes")
    answer = await api.post(f"{other.path}/sessions", {"code": await somebody.newest_code()})
    assert answer.status_code == 403


async def test_three_codes_an_hour_and_ten_a_day_are_sent_and_nothing_tells(
    api: IntakeApi, somebody: Person, clock: TestClock
) -> None:
    answers = set()
    for _ in range(5):
        answers.add((await api.post(f"{somebody.path}/codes")).content)
    assert await codes_sent(api) == 3
    for _ in range(6):
        clock.now += timedelta(minutes=61)
        for _ in range(3):
            answers.add((await api.post(f"{somebody.path}/codes")).content)
    assert await codes_sent(api) == 10
    clock.now += timedelta(hours=23)
    await api.post(f"{somebody.path}/codes")
    assert await codes_sent(api) == 11
    assert len(answers) == 1


async def test_codes_asked_for_at_once_are_three(api: IntakeApi, somebody: Person) -> None:
    await asyncio.gather(*(api.post(f"{somebody.path}/codes") for _ in range(8)))
    assert await codes_sent(api) == 3


async def test_one_address_has_so_many_tries(campaign_engine: AsyncEngine) -> None:
    async with running_api(campaign_engine, codes_a_minute=3) as api:
        path = f"/v1/receipts/{UNKNOWN}/sessions"
        statuses = [(await api.post(path, {"code": "000000"})).status_code for _ in range(4)]
        page = await api.client.post(f"/r/{UNKNOWN}/session", data={"code": "000000"})
    assert statuses == [403, 403, 403, 429]
    assert page.status_code == 429


async def test_a_session_ends_after_fifteen_minutes(somebody: Person, clock: TestClock) -> None:
    session = await somebody.session()
    clock.now += timedelta(minutes=15)
    answer = await somebody.ask("GET", "", session)
    assert (answer.status_code, answer.json()["type"]) == (401, "urn:mitra:problem:person-session")


async def test_a_session_opens_no_other_receipt(api: IntakeApi, somebody: Person) -> None:
    session = await somebody.session()
    other = await enrolled_person(api, 2)
    for method, path in (("GET", ""), ("POST", "/withdrawal")):
        assert (await other.ask(method, path, session)).status_code == 401


async def test_a_session_that_was_closed_is_closed_for_good(somebody: Person) -> None:
    session = await somebody.session()
    assert (await somebody.ask("DELETE", "/sessions/current", session)).status_code == 204
    assert (await somebody.ask("GET", "", session)).status_code == 401


async def test_the_database_holds_neither_code_nor_session(api: IntakeApi, somebody: Person) -> None:
    session = await somebody.session()
    code = await somebody.newest_code()
    for table in ("one_time_code", "person_session", "message"):
        kept = str(await rows(api.engine, f"select * from {table}"))  # noqa: S608
        assert session not in kept
        assert f"'{code}'" not in kept
        assert somebody.receipt not in kept


@pytest.mark.parametrize("code", ["", "12345", "1234567", "12345a", "१२३४५६"])
async def test_what_is_no_code_is_said_to_be_none(somebody: Person, api: IntakeApi, code: str) -> None:
    answer = await api.post(f"{somebody.path}/sessions", {"code": code})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "code")


async def test_what_is_no_receipt_is_said_to_be_none(api: IntakeApi) -> None:
    answer = await api.post("/v1/receipts/UUUU/codes")
    assert (answer.status_code, "never the letter U" in answer.json()["detail"]) == (404, True)


async def test_helpers_alone_may_ask_and_only_with_the_session(somebody: Person) -> None:
    asked = (
        ("GET", ""), ("POST", "/withdrawal"), ("POST", "/corrections"), ("POST", "/grievances"),
        ("POST", "/erasure"), ("PUT", "/nominee"), ("DELETE", "/sessions/current"),
    )  # fmt: skip
    for method, path in asked:
        answer = await somebody.ask(method, path, None, {}, bearer=in_charge())
        assert (answer.status_code, answer.json()["type"]) == (401, "urn:mitra:problem:person-session"), path


async def test_codes_and_sessions_are_forgotten_in_time(
    api: IntakeApi, somebody: Person, clock: TestClock
) -> None:
    await somebody.session()
    clock.now += timedelta(hours=23)
    assert await forget_messages(api.engine, clock.now) == 1  # the session
    clock.now += timedelta(hours=2)
    assert await forget_messages(api.engine, clock.now) == 1  # the code
    assert await forget_messages(api.engine, clock.now) == 0
    assert len(await rows(api.engine, "select 1 from message")) == 2
