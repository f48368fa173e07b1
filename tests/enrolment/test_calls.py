"""Names and phones for calls: of people in care alone, all or none, on record; and who has whom in care."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.security.tokens import Role
from tests.enrolment.contacting import (
    BY_COLLEAGUE,
    BY_IN_CHARGE,
    BY_RECRUITER,
    BY_STRANGER,
    COLLEAGUE,
    IN_CHARGE,
    RECRUITER,
    ContactWorld,
)
from tests.enrolment.intake_api import TestClock, rows, running_api, token
from tests.enrolment.staff_world import StaffWorld, problem
from tests.factories import ROUND


async def looked_at(engine: AsyncEngine) -> list[tuple[Any, ...]]:
    found = await rows(
        engine, "select actor, role, purpose, cast(subject as text), fields from access_record order by seq"
    )
    return [tuple(row) for row in found]


async def test_calls_open_names_and_phones_in_the_order_asked_and_each_look_is_on_record(
    contacts: ContactWorld,
) -> None:
    first, second = await contacts.enrol(1), await contacts.enrol(2, name="सलीम ख़ान")
    answer = await contacts.calls([second, first, second])
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "people": [
            {"mitra_id": second, "name": "सलीम ख़ान", "phone": "+919800000002"},
            {"mitra_id": first, "name": "आयशा बेगम", "phone": "+919800000001"},
        ]
    }
    assert await looked_at(contacts.engine) == [
        (RECRUITER, "co_in_charge", "contact", mitra, ["name", "phone"]) for mitra in (second, first)
    ]


async def test_who_is_not_in_care_or_not_to_be_called_any_more_is_left_out(contacts: ContactWorld) -> None:
    reached, withdrew, mine = [await contacts.enrol(number) for number in range(3)]
    of_another = await contacts.enrol(3, BY_COLLEAGUE)
    await contacts.told(reached)
    await contacts.told(withdrew, "asked_to_stop")
    asked = [reached, withdrew, mine, of_another, "0193e2f0-6d3c-7c41-9a6b-1c2d3e4f5a6b"]
    shown = (await contacts.calls(asked)).json()["people"]
    assert [each["mitra_id"] for each in shown] == [mine]
    for other in (BY_IN_CHARGE, BY_STRANGER):
        assert (await contacts.calls(asked, other)).json() == {"people": []}
    assert [look[3] for look in await looked_at(contacts.engine)] == [mine]
    assert problem(await contacts.calls([])) == (422, "invalid-request")
    assert problem(await contacts.calls([mine] * 51)) == (422, "invalid-request")


async def test_nobody_is_shown_if_the_ration_does_not_reach_for_all(campaign_engine: AsyncEngine) -> None:
    clock = TestClock()
    async with running_api(campaign_engine, clock=clock, looks=3) as api:
        contacts = ContactWorld(api, clock)
        people = [await contacts.enrol(number) for number in range(4)]
        assert len((await contacts.calls(people[:2])).json()["people"]) == 2
        refused = await contacts.calls(people[1:])
        assert problem(refused) == (429, "looks-used-up")
        assert (refused.json()["left"], "1 more" in refused.json()["detail"]) == (1, True)
        assert 0 < int(refused.headers["retry-after"]) <= 86_400
        assert "+91" not in refused.text
        assert len(await looked_at(contacts.engine)) == 2
        # Whom one saw today already may be seen again.
        assert len((await contacts.calls(people[:3])).json()["people"]) == 3
        two = await asyncio.gather(contacts.calls(people[:3]), contacts.calls(people[3:]))
        assert [each.status_code for each in two] == [200, 429]
        clock.now += timedelta(days=1)
        assert len((await contacts.calls(people[1:])).json()["people"]) == 3


async def test_whoever_has_a_person_in_care_may_look_and_the_recruiter_no_longer(
    contacts: ContactWorld,
) -> None:
    mitra = await contacts.enrol(1)
    await contacts.due(BY_COLLEAGUE)

    async def looks() -> list[int]:
        return [
            (
                await contacts.api.post(f"/v1/mitras/{mitra}/look", {"purpose": "contact"}, bearer=each)
            ).status_code
            for each in (BY_RECRUITER, BY_COLLEAGUE, BY_IN_CHARGE, BY_STRANGER)
        ]

    assert await looks() == [200, 404, 200, 404]
    assert (await contacts.hand_over(RECRUITER, COLLEAGUE)).json() == {"people": 1}
    assert await looks() == [404, 200, 200, 404]
    assert (await contacts.calls([mitra])).json() == {"people": []}
    assert len((await contacts.calls([mitra], BY_COLLEAGUE)).json()["people"]) == 1


async def test_handing_over_again_moves_nobody_and_stands_on_record_once(contacts: ContactWorld) -> None:
    people = [await contacts.enrol(number) for number in range(3)]
    elsewhere = await contacts.enrol(7, BY_STRANGER, segment="S24-AC037")
    await contacts.told(people[0], "asked_to_stop")
    await contacts.due(BY_COLLEAGUE)
    both = await asyncio.gather(*(contacts.hand_over(RECRUITER, COLLEAGUE) for _ in range(2)))
    assert sorted(each.json()["people"] for each in both) == [0, 2]
    assert (await contacts.hand_over(RECRUITER, COLLEAGUE)).json() == {"people": 0}
    kept = await rows(contacts.engine, "select cast(mitra as text), staff from person_care order by mitra")
    assert [tuple(row) for row in kept] == [(mitra, COLLEAGUE) for mitra in sorted(people[1:])]
    (noted,) = await rows(
        contacts.engine, "select actor, staff, facts from staff_record where what = 'people-handed-over'"
    )
    assert (noted.actor, noted.staff, noted.facts["to"], noted.facts["people"]) == (
        IN_CHARGE, RECRUITER, COLLEAGUE, 2,
    )  # fmt: skip
    assert elsewhere in await contacts.due_ids(BY_STRANGER)


async def test_people_are_handed_over_between_staff_of_ones_own_constituency_alone(
    contacts: ContactWorld,
) -> None:
    await contacts.enrol(1)
    await contacts.due(BY_COLLEAGUE)
    await contacts.due(BY_STRANGER)
    stranger = "S24-PC07/in-charge"
    for leaving, to in (
        ("nobody", COLLEAGUE),
        (stranger, COLLEAGUE),
        (RECRUITER, "nobody"),
        (RECRUITER, stranger),
    ):
        assert problem(await contacts.hand_over(leaving, to)) == (409, "care-not-taken")
    assert problem(await contacts.hand_over(RECRUITER, COLLEAGUE, BY_STRANGER)) == (409, "care-not-taken")
    assert problem(await contacts.hand_over(RECRUITER, RECRUITER)) == (422, "invalid-request")
    assert problem(await contacts.hand_over(RECRUITER, COLLEAGUE, BY_RECRUITER)) == (403, "forbidden")
    assert await rows(contacts.engine, "select 1 from person_care") == []


async def test_progress_tells_each_ones_people_and_attempts_and_a_co_in_charge_the_own_alone(
    contacts: ContactWorld,
) -> None:
    reached, wrong, tried, stopped = [await contacts.enrol(number) for number in range(4)]
    later = await contacts.enrol(4, BY_COLLEAGUE)
    for mitra, outcome in (
        (reached, "not_reached"),
        (reached, "reached"),
        (wrong, "wrong_number"),
        (tried, "not_reached"),
        (stopped, "asked_to_stop"),
    ):
        await contacts.told(mitra, outcome)
    await contacts.told(later, "call_later", bearer=BY_COLLEAGUE)
    mine = {"at_work": True, "people": 3, "reached": 1, "due": 1, "attempts": 5}
    theirs = {"at_work": True, "people": 1, "reached": 0, "due": 1, "attempts": 1}
    none = {"at_work": True, "people": 0, "reached": 0, "due": 0, "attempts": 0}
    assert await contacts.progress() == {RECRUITER: mine, COLLEAGUE: theirs, IN_CHARGE: none}
    assert await contacts.progress(BY_RECRUITER) == {RECRUITER: mine}
    await contacts.leaves(RECRUITER)
    assert (await contacts.progress())[RECRUITER] == mine | {"at_work": False}
    assert set(await contacts.progress(BY_STRANGER)) == {"S24-PC07/in-charge"}
    unknown = await contacts.api.get("/v1/rounds/round-9/progress", bearer=BY_IN_CHARGE)
    assert problem(unknown) == (422, "unknown-round")


async def test_a_token_without_a_constituency_is_refused(contacts: ContactWorld) -> None:
    bearer = token("somebody", Role.IN_CHARGE, None)
    for answer in (
        await contacts.due(bearer),
        await contacts.calls(["0193e2f0-6d3c-7c41-9a6b-1c2d3e4f5a6b"], bearer),
        await contacts.hand_over(RECRUITER, COLLEAGUE, bearer),
        await contacts.api.get(f"/v1/rounds/{ROUND}/progress", bearer=bearer),
        await contacts.api.post("/v1/contacts", {"contacts": ["x"]}, bearer=bearer),
    ):
        assert problem(answer) == (403, "forbidden")


@pytest.mark.parametrize("how", ["suspended", "handed over"])
async def test_people_of_a_suspended_or_replaced_member_fall_to_the_in_charge(
    staff: StaffWorld, how: str
) -> None:
    in_charge = await staff.in_charge()
    member = await staff.appointed(in_charge.token, "co_in_charge", "S11-PC04")
    other = await staff.appointed(in_charge.token, "co_in_charge", "S11-PC04")
    world = ContactWorld(staff.api, staff.clock)
    mitra = await world.enrol(1, member.token)
    assert await world.due_ids(in_charge.token) == []
    if how == "suspended":
        await staff.ask("POST", f"/v1/staff/{member.id}/suspension", token=in_charge.token)
    else:
        handed = await staff.invite(in_charge.token, "co_in_charge", "S11-PC04", replaces=member.id)
        assert (await staff.accept(handed.json()["secret"], "+919811111111")).status_code == 201
    assert await world.due_ids(in_charge.token) == [mitra]
    assert len((await world.calls([mitra], in_charge.token)).json()["people"]) == 1
    assert (await world.hand_over(member.id, other.id, in_charge.token)).json() == {"people": 1}
    assert await world.due_ids(other.token) == [mitra]
    assert problem(await world.hand_over(other.id, member.id, in_charge.token)) == (409, "care-not-taken")
