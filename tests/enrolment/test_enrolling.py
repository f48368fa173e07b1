"""Enrolling one person, and reading that person back."""

from datetime import UTC, datetime

import pytest

from mitra_shared.contracts.topics import partition_of
from tests.enrolment.intake_api import (
    CONSTITUENCY,
    SEALS,
    IntakeApi,
    count,
    heads_match_log,
    logged,
    person,
    rows,
    token,
)


async def test_an_enrolment_is_answered_with_its_place_in_the_log(api: IntakeApi) -> None:
    answer = await api.enrol(person(1))
    assert answer.status_code == 201
    told = answer.json()
    assert told["partition"] == partition_of(CONSTITUENCY)
    (entry,) = await rows(
        api.engine,
        "select epoch, position, type, key, cast(subject as text) as subject, traceparent from enrolment_log"
        " where partition = :partition and position = :position",
        partition=told["partition"],
        position=told["position"],
    )
    assert (entry.epoch, entry.type, entry.key) == (told["epoch"], "MitraEnrolledV1", CONSTITUENCY)
    assert entry.subject == told["mitra_id"]
    assert entry.traceparent is not None
    assert await heads_match_log(api.engine, "enrolment")


async def test_name_and_phone_are_stored_and_published_sealed_only(api: IntakeApi) -> None:
    answer = await api.enrol(person(2, name="  Meera Nair "))
    (row,) = await rows(api.engine, "select * from mitra")
    assert "Meera" not in str(row)
    assert "9800000002" not in str(row)
    assert SEALS.names.open(row.name, context=b"name:" + row.id.bytes) == "Meera Nair"
    assert SEALS.phones.open(row.phone, context=b"phone:" + row.id.bytes) == "+919800000002"
    (event,) = await logged(api.engine, "enrolment", "MitraEnrolledV1")
    assert event["holder_name"] == row.name
    assert "Meera" not in str(event)
    assert "9800000002" not in str(event)
    assert "Meera" not in answer.text
    (outcome,) = await rows(api.engine, "select cast(body as text) as body from outcome")
    assert outcome.body == answer.text


async def test_a_name_is_stored_in_normal_form(api: IntakeApi) -> None:
    await api.enrol(person(3, name="Jose\u0301"))
    (row,) = await rows(api.engine, "select id, name from mitra")
    assert SEALS.names.open(row.name, context=b"name:" + row.id.bytes) == "Jos\u00e9"


async def test_the_language_is_that_of_the_consent_unless_another_is_named(api: IntakeApi) -> None:
    await api.enrol(person(4))
    await api.enrol(person(5, language="ur"))
    found = await rows(api.engine, "select language, notice_language from mitra order by id")
    assert [tuple(row) for row in found] == [("hi", "hi"), ("ur", "hi")]


async def test_a_scheme_said_twice_counts_once(api: IntakeApi) -> None:
    await api.enrol(person(6, schemes=["PMUY", "PMAY-G", "PMUY"]))
    (row,) = await rows(api.engine, "select schemes from mitra")
    assert row.schemes == ["PMUY", "PMAY-G"]


async def test_those_of_the_constituency_see_a_person_without_name_and_phone(api: IntakeApi) -> None:
    mitra_id = (await api.enrol(person(7))).json()["mitra_id"]
    answer = await api.get(f"/v1/mitras/{mitra_id}")
    assert answer.status_code == 200
    told = answer.json()
    assert told["state"] == "enrolled"
    assert told["constituency"] == CONSTITUENCY
    assert told["consent"]["notice_version"] == "2026-11"
    assert told["consent"]["language"] == "hi"
    assert datetime.fromisoformat(told["enrolled_at"]) <= datetime.now(UTC)
    assert not {"name", "phone", "phone_hash"} & told.keys()


@pytest.mark.parametrize(
    "stranger",
    [
        {"subject": "S24-PC07/in-charge", "area": "S24-PC07"},
        {"subject": "nowhere", "area": None},
    ],
)
async def test_others_cannot_tell_whether_a_person_exists(api: IntakeApi, stranger: dict[str, str]) -> None:
    mitra_id = (await api.enrol(person(8))).json()["mitra_id"]
    there = await api.get(f"/v1/mitras/{mitra_id}", bearer=token(**stranger))
    not_there = await api.get("/v1/mitras/0193e2f0-6d3c-7c41-9a6b-1c2d3e4f5a6b", bearer=token(**stranger))
    assert there.status_code == not_there.status_code == 404
    assert there.content == not_there.content


async def test_withdrawing_is_logged_once_and_answered_the_same_again(api: IntakeApi) -> None:
    mitra_id = (await api.enrol(person(9))).json()["mitra_id"]
    first = await api.post(f"/v1/mitras/{mitra_id}/withdrawal")
    second = await api.post(f"/v1/mitras/{mitra_id}/withdrawal")
    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()
    (event,) = await logged(api.engine, "enrolment", "MitraWithdrawnV1")
    assert event["mitra_id"] == mitra_id
    assert event["basis"] == "beneficiary"
    assert (await api.get(f"/v1/mitras/{mitra_id}")).json()["state"] == "withdrawn"


async def test_only_the_own_constituency_can_withdraw_a_person(api: IntakeApi) -> None:
    mitra_id = (await api.enrol(person(10))).json()["mitra_id"]
    answer = await api.post(
        f"/v1/mitras/{mitra_id}/withdrawal", bearer=token("S24-PC07/in-charge", area="S24-PC07")
    )
    assert answer.status_code == 404
    assert await logged(api.engine, "enrolment", "MitraWithdrawnV1") == []


async def test_who_withdrew_can_be_enrolled_again(api: IntakeApi) -> None:
    mitra_id = (await api.enrol(person(11))).json()["mitra_id"]
    await api.post(f"/v1/mitras/{mitra_id}/withdrawal")
    assert (await api.enrol(person(11))).status_code == 201
    assert (await api.enrol(person(11))).status_code == 409
    assert await count(api.engine, "mitra") == 2
