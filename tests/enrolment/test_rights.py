"""What an enrolled person may ask for, and what becomes of it."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.storage.forgetting import forget_rights
from enrolment.storage.row_security import Work, work_as
from mitra_shared.ids import MitraId
from mitra_shared.log import unit_of_work
from mitra_shared.security.sealing import WrongSealContext
from mitra_shared.security.tokens import Role
from tests.enrolment.intake_api import (
    SEALS,
    IntakeApi,
    TestClock,
    logged,
    operator,
    rows,
    running_api,
    token,
)
from tests.enrolment.people import Person, enrolled_person, in_charge
from tests.factories import small_campaign

ELSEWHERE = in_charge("S24-PC07")


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


async def messages(api: IntakeApi, kind: str) -> int:
    return len(await rows(api.engine, "select 1 from message where kind = :kind", kind=kind))


async def requests_of(api: IntakeApi, bearer: str, state: str = "open") -> list[dict[str, Any]]:
    answer = await api.get(f"/v1/requests?state={state}", bearer=bearer)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["requests"])


async def test_everything_that_is_held_is_shown(somebody: Person) -> None:
    told = (await somebody.ask("GET", "", await somebody.session())).json()
    assert told["segment"]["code"] == "S11-AC019"
    assert told["constituency"]["name"]["en"] == "Wayanad"
    assert [scheme["code"] for scheme in told["schemes"]] == ["PMAY-G"]
    assert told["consent"]["notice_text"]
    assert told["consent"]["recorded_by_role"] == "co_in_charge"
    assert (told["requests"], told["nominee"]) == ([], None)


async def test_a_person_withdraws_and_all_use_stops(api: IntakeApi, somebody: Person) -> None:
    session = await somebody.session()
    first = await somebody.ask("POST", "/withdrawal", session)
    again = await somebody.ask("POST", "/withdrawal", session)
    assert (first.status_code, first.json()) == (200, again.json())
    (event,) = await logged(api.engine, "enrolment", "MitraWithdrawnV1")
    assert event["mitra_id"] == somebody.mitra
    (row,) = await rows(api.engine, "select slot, withdrawn_at from mitra")
    assert row.slot is None
    told = (await somebody.ask("GET", "", session)).json()
    assert told["state"] == "withdrawn"
    assert [(asked["kind"], asked["state"], asked["reason"]) for asked in told["requests"]] == [
        ("withdrawal", "answered", "done")
    ]
    assert await messages(api, "withdrawn") == 1


async def test_a_withdrawal_that_staff_record_is_told_to_the_person_too(
    api: IntakeApi, somebody: Person
) -> None:
    await api.post(f"/v1/mitras/{somebody.mitra}/withdrawal")
    assert await messages(api, "withdrawn") == 1
    (row,) = await rows(api.engine, "select asked_through from person_request")
    assert row.asked_through == "S11-PC04/co-in-charge-07"


async def test_a_correction_is_sealed_answered_and_takes_effect(
    api: IntakeApi, somebody: Person, clock: TestClock
) -> None:
    session = await somebody.session()
    asked = {"name": " Ayesha Begum ", "language": "ur", "schemes": []}
    noted = await somebody.ask("POST", "/corrections", session, asked)
    assert noted.status_code == 201
    assert datetime.fromisoformat(noted.json()["due_at"]) == clock.now + timedelta(days=30)
    assert "Ayesha" not in str(await rows(api.engine, "select * from person_request"))
    (request,) = await requests_of(api, in_charge())
    opened = (await api.get(f"/v1/requests/{request['id']}", bearer=in_charge())).json()
    assert opened["name"] == "आयशा बेगम"
    assert opened["correction"] == {"name": "Ayesha Begum", "language": "ur", "schemes": []}
    answer = f"/v1/requests/{request['id']}/answer"
    for _ in range(2):
        answered = await api.post(answer, {"reason": "done"}, bearer=in_charge())
        assert (answered.status_code, answered.json()["state"]) == (200, "answered")
    other = await api.post(answer, {"reason": "not_justified"}, bearer=in_charge())
    assert (other.status_code, other.json()["type"]) == (409, "urn:mitra:problem:answered-already")
    told = (await somebody.ask("GET", "", session)).json()
    assert (told["name"], told["language"], told["schemes"]) == ("Ayesha Begum", "ur", [])
    assert told["requests"][0]["reason"] == "done"
    assert await messages(api, "request_answered") == 1


async def test_a_correction_that_is_refused_changes_nothing(api: IntakeApi, somebody: Person) -> None:
    session = await somebody.session()
    await somebody.ask("POST", "/corrections", session, {"name": "Ayesha"})
    (request,) = await requests_of(api, in_charge())
    answer = await api.post(
        f"/v1/requests/{request['id']}/answer", {"reason": "cannot_be_confirmed"}, bearer=in_charge()
    )
    assert answer.json()["state"] == "refused"
    assert (await somebody.ask("GET", "", session)).json()["name"] == "आयशा बेगम"
    assert await requests_of(api, in_charge()) == []
    assert len(await requests_of(api, in_charge(), "refused")) == 1


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({}, ""),
        ({"name": "12345"}, "name"),
        ({"name": "\u202emanA"}, "name"),
        ({"schemes": ["VOTES-FOR-X"]}, "schemes"),
        ({"language": "ta"}, "language"),
        ({"religion": "x"}, "religion"),
        ({"phone": "+919876543210"}, "phone"),
    ],
)
async def test_what_cannot_be_corrected_is_refused(
    somebody: Person, asked: dict[str, Any], field: str
) -> None:
    answer = await somebody.ask("POST", "/corrections", await somebody.session(), asked)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_a_grievance_is_read_by_the_in_charge_alone(api: IntakeApi, somebody: Person) -> None:
    session = await somebody.session()
    text = "मुझे प्रमाणपत्र नहीं मिला।\nTwo lines."
    assert (await somebody.ask("POST", "/grievances", session, {"text": text})).status_code == 201
    assert "Two lines" not in str(await rows(api.engine, "select * from person_request"))
    (request,) = await requests_of(api, in_charge())
    assert "Two lines" not in str(request)
    path = f"/v1/requests/{request['id']}"
    assert (await api.get(path, bearer=in_charge())).json()["grievance"] == text
    for bearer in (token(), operator("small"), token("hq", Role.HEADQUARTERS, None)):
        assert (await api.get(path, bearer=bearer)).status_code == 403
    assert (await api.get(path, bearer=ELSEWHERE)).status_code == 404


@pytest.mark.parametrize("text", [" ", "12 34", "x" * 501, "a\u202eb", "a\x00b"])
async def test_a_grievance_that_cannot_be_kept_is_refused(somebody: Person, text: str) -> None:
    answer = await somebody.ask("POST", "/grievances", await somebody.session(), {"text": text})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "text")


async def test_a_fourth_open_grievance_is_refused(somebody: Person) -> None:
    session = await somebody.session()
    answers = [await somebody.ask("POST", "/grievances", session, {"text": "Help"}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 409]
    assert answers[-1].json()["type"] == "urn:mitra:problem:too-many-open-requests"


async def test_a_nominee_is_sealed_and_the_last_one_counts(api: IntakeApi, somebody: Person) -> None:
    session = await somebody.session()
    for name, phone in (("Salim Khan", "9876543211"), ("Nadia Khan", "+919876543212")):
        answer = await somebody.ask("PUT", "/nominee", session, {"name": name, "phone": phone})
        assert answer.status_code == 204
    kept = str(await rows(api.engine, "select * from nominee"))
    assert "Khan" not in kept
    assert "987654321" not in kept
    told = (await somebody.ask("GET", "", session)).json()["nominee"]
    assert (told["name"], told["phone"]) == ("Nadia Khan", "+919876543212")
    wrong = await somebody.ask("PUT", "/nominee", session, {"name": "42", "phone": "42"})
    assert [error["field"] for error in wrong.json()["errors"]] == ["name", "phone"]


async def test_deadlines_are_those_of_the_campaign(
    api: IntakeApi, somebody: Person, clock: TestClock
) -> None:
    await api.load(small_campaign(2, rights={"correction_days": 7, "grievance_days": 3}))
    session = await somebody.session()
    for path, body, days in (
        ("/corrections", {"language": "ur"}, 7),
        ("/grievances", {"text": "Help"}, 3),
    ):
        noted = await somebody.ask("POST", path, session, body)
        assert datetime.fromisoformat(noted.json()["due_at"]) == clock.now + timedelta(days=days)


async def test_requests_are_listed_by_deadline_for_whom_they_concern(
    api: IntakeApi, somebody: Person, clock: TestClock
) -> None:
    session = await somebody.session()
    await somebody.ask("POST", "/grievances", session, {"text": "Help"})
    clock.now += timedelta(minutes=5)
    await somebody.ask("POST", "/corrections", session, {"language": "ur"})
    clock.now += timedelta(days=30)
    for bearer in (in_charge(), operator("small"), token("hq", Role.HEADQUARTERS, None)):
        listed = await requests_of(api, bearer)
        assert [(each["kind"], each["overdue"]) for each in listed] == [
            ("grievance", True),
            ("correction", False),
        ]
    assert await requests_of(api, ELSEWHERE) == []
    for bearer in (token(), token("sc", Role.STATE_COORDINATOR, "S11")):
        assert (await api.get("/v1/requests", bearer=bearer)).status_code == 403


async def test_only_the_in_charge_of_the_constituency_answers(api: IntakeApi, somebody: Person) -> None:
    await somebody.ask("POST", "/grievances", await somebody.session(), {"text": "Help"})
    (request,) = await requests_of(api, in_charge())
    path = f"/v1/requests/{request['id']}/answer"
    assert (await api.post(path, {"reason": "done"}, bearer=ELSEWHERE)).status_code == 404
    for bearer in (token(), operator("small"), token("hq", Role.HEADQUARTERS, None)):
        assert (await api.post(path, {"reason": "done"}, bearer=bearer)).status_code == 403
    words = await api.post(path, {"reason": "she votes for nobody"}, bearer=in_charge())
    assert (words.status_code, words.json()["errors"][0]["field"]) == (422, "reason")
    unknown = await api.post(f"/v1/requests/{uuid4()}/answer", {"reason": "done"}, bearer=in_charge())
    assert unknown.status_code == 404


async def test_erasure_withdraws_at_once_and_is_planned(
    api: IntakeApi, somebody: Person, clock: TestClock
) -> None:
    session = await somebody.session()
    answers = [await somebody.ask("POST", "/erasure", session) for _ in range(2)]
    told = (await somebody.ask("GET", "", session)).json()
    assert [answer.status_code for answer in answers] == [200, 200]
    assert datetime.fromisoformat(answers[0].json()["due_at"]) == clock.now + timedelta(hours=48)
    assert answers[0].json() == answers[1].json()
    assert await messages(api, "erasure_notice") == 1
    assert told["state"] == "withdrawn"
    assert sorted(asked["kind"] for asked in told["requests"]) == ["erasure", "withdrawal"]


async def test_what_was_kept_for_rights_goes_with_the_person(api: IntakeApi, somebody: Person) -> None:
    session = await somebody.session()
    await somebody.ask("POST", "/grievances", session, {"text": "Help"})
    await somebody.ask("PUT", "/nominee", session, {"name": "Salim", "phone": "9876543211"})
    async with unit_of_work(api.engine) as unit:
        await work_as(unit.connection, Work.UPKEEP)
        await forget_rights(unit.connection, [MitraId(UUID(somebody.mitra))])
    (request,) = await rows(api.engine, "select details, kind from person_request")
    assert (request.details, request.kind) == (None, "grievance")
    assert await rows(api.engine, "select 1 from nominee union all select 1 from person_session") == []
    (listed,) = await requests_of(api, in_charge())
    opened = (await api.get(f"/v1/requests/{listed['id']}", bearer=in_charge())).json()
    assert opened["grievance"] is None


async def test_a_person_who_is_erased_gets_no_code_sees_nothing_and_adds_nothing(
    api: IntakeApi, somebody: Person
) -> None:
    session = await somebody.session()
    async with unit_of_work(api.engine) as unit:
        await work_as(unit.connection, Work.UPKEEP)
        await unit.connection.execute(
            text(
                "update mitra set name = null, phone = null, phone_hash = null, slot = null,"
                " withdrawn_at = enrolled_at, erased_at = enrolled_at"
            )
        )
    assert (await somebody.ask("GET", "", session)).status_code == 404
    named = {"name": "Salim", "phone": "9876543211"}
    assert (await somebody.ask("PUT", "/nominee", session, named)).status_code == 404
    assert (await somebody.ask("POST", "/grievances", session, {"text": "Help"})).status_code == 404
    assert (
        await rows(api.engine, "select mitra from nominee union all select mitra from person_request") == []
    )
    before = await messages(api, "code")
    assert (await api.post(f"{somebody.path}/codes")).status_code == 202
    assert await messages(api, "code") == before


async def test_data_protection_tells_counts_and_deadlines_without_names(
    api: IntakeApi, somebody: Person, clock: TestClock
) -> None:
    await enrolled_person(api, 2)
    session = await somebody.session()
    await somebody.ask("POST", "/grievances", session, {"text": "Help"})
    await somebody.ask("POST", "/erasure", session)
    due = (clock.now + timedelta(hours=48)).isoformat().replace("+00:00", "Z")
    clock.now += timedelta(days=31)
    for bearer in (operator("small"), token("hq", Role.HEADQUARTERS, None)):
        answer = await api.get("/v1/data-protection", bearer=bearer)
        assert answer.status_code == 200
        told = answer.json()
        (shown,) = (n for n in told["notices"] if n["language"] == "hi")
        assert (shown["in_force"], shown["consents"], shown["withdrawn"]) == (True, 2, 1)
        assert told["consents_elsewhere"] == 0
        (count,) = told["requests"]
        assert (count["kind"], count["open"], count["overdue"]) == ("grievance", 1, 1)
        assert told["next_due"][0]["overdue"]
        assert told["erasures"] == {"announced": 1, "next_due": due, "overdue": 1, "unfinished": 0}
        assert told["messages"]["due"] == 5
        assert told["breach_runbook"] == "docs/breach.md"
        for secret in ("आयशा", "9800000001", "Help", somebody.mitra, somebody.receipt):
            assert secret not in answer.text
    for bearer in (token(), in_charge(), token("sc", Role.STATE_COORDINATOR, "S11")):
        assert (await api.get("/v1/data-protection", bearer=bearer)).status_code == 403


async def test_a_consent_to_a_text_that_is_gone_shows(api: IntakeApi, somebody: Person) -> None:
    notices = [notice.model_dump() for notice in small_campaign().notices]
    for notice in notices:
        notice["text"] += " Changed."
    assert (await api.load(small_campaign(2, notices=notices))).status_code == 200
    told = (await api.get("/v1/data-protection", bearer=operator("small"))).json()
    assert told["consents_elsewhere"] == 1
    held = (await somebody.ask("GET", "", await somebody.session())).json()
    assert held["consent"]["notice_text"]
    assert "Changed" not in held["consent"]["notice_text"]


def test_seals_of_rights_open_for_their_own_record_only() -> None:
    mitra, request = MitraId(uuid4()), uuid4()
    name, phone = SEALS.seal_nominee("Salim", "+919876543211", mitra)
    assert SEALS.open_nominee(name, phone, mitra) == ("Salim", "+919876543211")
    with pytest.raises(WrongSealContext):
        SEALS.open_nominee(name, phone, MitraId(uuid4()))
    assert SEALS.open_details(SEALS.seal_details("Help", request), request) == "Help"
