"""What came of contacts: each recorded once, by day, judged alone; whoever asked to stop is withdrawn."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid1, uuid4

import pytest

from tests.enrolment.contacting import (
    BY_COLLEAGUE,
    BY_IN_CHARGE,
    BY_RECRUITER,
    BY_STRANGER,
    COLLEAGUE,
    IN_CHARGE,
    RECRUITER,
    ContactWorld,
    refusal,
)
from tests.enrolment.intake_api import count, logged, rows
from tests.enrolment.staff_world import problem


async def test_each_outcome_is_kept_with_its_day_and_no_hour(contacts: ContactWorld) -> None:
    told: list[Any] = []
    for number, outcome in enumerate(
        ["reached", "not_reached", "call_later", "wrong_number", "asked_to_stop"]
    ):
        mitra = await contacts.enrol(number)
        told.append(contacts.contact(mitra, outcome, preferred_time="morning"))
    answers = await contacts.tell(*told)
    assert [(each["contact_id"], each["status"]) for each in answers] == [
        (each["contact_id"], "recorded") for each in told
    ]
    kept = {str(row.id): row for row in await contacts.kept()}
    for each in told:
        row = kept[each["contact_id"]]
        assert (str(row.mitra), row.round, row.day, row.recorded_on, row.outcome, row.call_on) == (
            each["mitra_id"],
            each["round"],
            contacts.today,
            contacts.today,
            each["outcome"],
            contacts.today + timedelta(days=2) if "call_on" in each else None,
        )
        assert (row.staff, row.role, row.preferred_time) == (RECRUITER, "co_in_charge", "morning")
        assert row.counted_as is None


async def test_no_column_of_contacts_is_finer_than_a_day(contacts: ContactWorld) -> None:
    columns = await rows(
        contacts.engine,
        "select table_name, column_name, data_type from information_schema.columns"
        " where table_name in ('contact', 'person_care')",
    )
    assert {column.data_type for column in columns} == {"uuid", "text", "date"}
    assert len(columns) == 18


async def test_a_contact_told_again_is_known_and_with_other_content_is_refused(
    contacts: ContactWorld,
) -> None:
    mitra, other = await contacts.enrol(1), await contacts.enrol(2)
    made = contacts.contact(mitra, "call_later", preferred_time="morning")
    assert (await contacts.tell(made))[0]["status"] == "recorded"
    assert [each["status"] for each in await contacts.tell(made, made)] == ["known", "known"]
    changes: list[dict[str, Any]] = [
        {"mitra_id": other},
        {"day": contacts.day(-1)},
        {"outcome": "reached", "call_on": None},
        {"call_on": contacts.day(3)},
        {"preferred_time": None},
    ]
    for answer in await contacts.tell(*(made | change for change in changes)):
        assert refusal(answer) == (409, "contact-id-taken")
    (by_another,) = await contacts.tell(made, bearer=BY_COLLEAGUE)
    assert refusal(by_another) == (409, "contact-id-taken")
    assert await count(contacts.engine, "contact") == 1


@pytest.mark.parametrize("outcome", ["reached", "asked_to_stop"])
async def test_one_contact_told_many_times_at_once_counts_once(contacts: ContactWorld, outcome: str) -> None:
    mitra = await contacts.enrol(1)
    made = contacts.contact(mitra, outcome)
    told = await asyncio.gather(*(contacts.tell(made) for _ in range(6)))
    assert sorted(answers[0]["status"] for answers in told) == ["known"] * 5 + ["recorded"]
    assert await count(contacts.engine, "contact") == 1
    stops = outcome == "asked_to_stop"
    assert len(await logged(contacts.engine, "enrolment", "MitraWithdrawnV1")) == int(stops)


async def test_whoever_asked_to_stop_is_withdrawn_as_if_it_was_asked_at_the_desk(
    contacts: ContactWorld,
) -> None:
    by_phone, at_desk = await contacts.enrol(1), await contacts.enrol(2)
    await contacts.told(by_phone, "asked_to_stop")
    await contacts.api.post(f"/v1/mitras/{at_desk}/withdrawal", bearer=BY_RECRUITER)
    for each in (
        "select withdrawn_at, slot, erasure_why, erase_at from mitra where id = :id",
        "select kind, asked_through, state, answered_by, reason from person_request where mitra = :id",
        "select kind, state, send_after, facts from message where recipient = :id and kind = 'withdrawn'",
    ):
        (one,) = await rows(contacts.engine, each, id=by_phone)
        (other,) = await rows(contacts.engine, each, id=at_desk)
        assert tuple(one) == tuple(other)
    withdrawn = await logged(contacts.engine, "enrolment", "MitraWithdrawnV1")
    assert [event["mitra_id"] for event in withdrawn] == [by_phone, at_desk]


async def test_whoever_withdrew_or_was_erased_is_refused_plainly(contacts: ContactWorld) -> None:
    mitra = await contacts.enrol(1)
    stop = contacts.contact(mitra, "asked_to_stop")
    after, before = contacts.contact(mitra, "reached"), contacts.contact(mitra, "not_reached")
    answers = await contacts.tell(before, stop, after, stop)
    assert [each["status"] for each in answers] == ["recorded", "recorded", "refused", "known"]
    assert refusal(answers[2]) == (409, "mitra-withdrawn")
    assert "contact" in answers[2]["problem"]["detail"]
    await contacts.api.post(f"/v1/mitras/{mitra}/erasure", bearer=BY_RECRUITER)
    await contacts.upkeep(hours=49)
    assert await contacts.kept() == []
    (again,) = await contacts.tell(stop | {"day": contacts.day(0)})
    assert refusal(again) == (409, "mitra-withdrawn")


async def test_people_of_another_constituency_cannot_be_told_of_even_at_once(contacts: ContactWorld) -> None:
    mitra = await contacts.enrol(1)
    made = contacts.contact(mitra, "asked_to_stop")
    (mine,), (theirs,) = await asyncio.gather(contacts.tell(made), contacts.tell(made, bearer=BY_STRANGER))
    assert mine["status"] == "recorded"
    assert refusal(theirs) == (404, "not-found")
    (nobody,) = await contacts.tell(contacts.contact(str(uuid4())))
    assert refusal(nobody) == (404, "not-found")
    assert nobody["problem"]["detail"] == theirs["problem"]["detail"]
    # An id that is taken in a constituency out of sight is taken all the same, and nothing more is told.
    elsewhere = await contacts.enrol(2, BY_STRANGER, segment="S24-AC037")
    (taken,) = await contacts.tell(
        contacts.contact(elsewhere, contact_id=made["contact_id"]), bearer=BY_STRANGER
    )
    assert refusal(taken) == (409, "contact-id-taken")


async def test_contacts_are_told_by_who_has_or_had_the_person_in_care_and_by_the_in_charge(
    contacts: ContactWorld,
) -> None:
    mitra = await contacts.enrol(1)
    stop = contacts.contact(mitra, "asked_to_stop")
    (stranger_to_them,) = await contacts.tell(stop, bearer=BY_COLLEAGUE)
    assert refusal(stranger_to_them) == (404, "not-found")
    assert "/withdrawal" in stranger_to_them["problem"]["detail"]
    assert await logged(contacts.engine, "enrolment", "MitraWithdrawnV1") == []
    for bearer in (BY_COLLEAGUE, BY_IN_CHARGE):
        await contacts.due(bearer)
    assert (await contacts.hand_over(RECRUITER, COLLEAGUE)).json() == {"people": 1}
    await contacts.calls([mitra], BY_COLLEAGUE)
    assert (await contacts.hand_over(COLLEAGUE, IN_CHARGE)).json() == {"people": 1}
    # Phones of both were without a network meanwhile.
    await contacts.told(mitra, "not_reached")
    await contacts.told(mitra, "not_reached", bearer=BY_COLLEAGUE)
    await contacts.told(mitra, "not_reached", bearer=BY_IN_CHARGE)
    contacts.clock.now += timedelta(days=32)
    (long_ago,) = await contacts.tell(contacts.contact(mitra), bearer=BY_COLLEAGUE)
    assert refusal(long_ago) == (404, "not-found")
    await contacts.told(mitra, "asked_to_stop", bearer=BY_IN_CHARGE)
    assert len(await logged(contacts.engine, "enrolment", "MitraWithdrawnV1")) == 1


async def test_a_day_that_cannot_be_is_refused_with_those_that_can(contacts: ContactWorld) -> None:
    contacts.clock.now = datetime(2026, 3, 10, tzinfo=UTC)
    mitra = await contacts.enrol(1)
    contacts.clock.now += timedelta(days=40)
    late = await contacts.enrol(2)
    for other, day, what in (
        (mitra, contacts.day(1), "yet to come"),
        (mitra, contacts.day(-32), "more than 31 days"),
        (late, contacts.day(-1), "not enrolled"),
        (mitra, "2025-12-31", "not open"),
    ):
        (answer,) = await contacts.tell(contacts.contact(other, day=day))
        assert refusal(answer) == (422, "invalid-contact")
        (error,) = answer["problem"]["errors"]
        assert (error["field"], what in error["message"]) == ("day", True), error
        assert contacts.day(0) in error["expected"]
    await contacts.told(mitra, day=contacts.day(-31))
    await contacts.told(late)


async def test_a_promise_goes_with_call_later_alone_and_lies_ahead_in_the_round(
    contacts: ContactWorld,
) -> None:
    mitra = await contacts.enrol(1)
    for changes in (
        {"outcome": "reached", "call_on": contacts.day(1)},
        {"outcome": "call_later", "call_on": None},
        {"outcome": "call_later", "call_on": contacts.day(0)},
        {"outcome": "call_later", "call_on": "2037-01-01"},
    ):
        (answer,) = await contacts.tell(contacts.contact(mitra, **changes))
        assert refusal(answer) == (422, "invalid-contact")
        assert [error["field"] for error in answer["problem"]["errors"]] == ["call_on"]
    (unknown,) = await contacts.tell(contacts.contact(mitra, round="round-9"))
    assert refusal(unknown) == (422, "unknown-round")


async def test_what_does_not_fit_is_refused_alone_and_the_rest_is_recorded(contacts: ContactWorld) -> None:
    mitra = await contacts.enrol(1)
    good = contacts.contact(mitra)
    timed = contacts.contact(mitra, contact_id=str(uuid1()))
    for bad, told_id in (
        (timed, timed["contact_id"]),
        (contacts.contact(mitra, outcome="busy", contact_id=good["contact_id"]), good["contact_id"]),
        (contacts.contact(mitra, note="was friendly", contact_id="mine"), None),
        ({"contact_id": None}, None),
        ("a word", None),
    ):
        first, second = await contacts.tell(bad, good)
        assert refusal(first) == (422, "invalid-request")
        assert first["contact_id"] == told_id
        assert second["status"] in {"recorded", "known"}
    assert await count(contacts.engine, "contact") == 1
    wholes: list[dict[str, list[Any]]] = [
        {"contacts": []},
        {"contacts": [good] * 101},
        {"contact": [good]},
    ]
    for whole in wholes:
        answer = await contacts.api.post("/v1/contacts", whole, bearer=BY_RECRUITER)
        assert problem(answer) == (422, "invalid-request")
