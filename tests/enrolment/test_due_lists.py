"""Who is due to whom in a round of contact, in which order, page by page."""

from datetime import date, timedelta

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
)
from tests.enrolment.intake_api import load, operator
from tests.enrolment.staff_world import problem
from tests.factories import ROUND, small_campaign


async def test_a_person_is_due_to_the_recruiter_with_what_is_known_and_no_name(
    contacts: ContactWorld,
) -> None:
    mitra = await contacts.enrol(1, consent={"given": True, "notice_version": "2026-11", "language": "hi"})
    await contacts.told(mitra, "not_reached", preferred_time="evening")
    told = (await contacts.due()).json()
    assert told == {
        "round": ROUND,
        "due": [
            {
                "mitra_id": mitra,
                "segment": "S11-AC019",
                "language": "hi",
                "preferred_time": "evening",
                "last_contact": contacts.day(0),
                "last_outcome": "not_reached",
                "call_on": None,
            }
        ],
        "next": None,
        "count": 1,
    }
    for other in (BY_COLLEAGUE, BY_IN_CHARGE, BY_STRANGER):
        assert await contacts.due_ids(other) == []


async def test_promised_calls_come_first_then_who_was_never_contacted_then_the_oldest_contact(
    contacts: ContactWorld,
) -> None:
    people = [await contacts.enrol(number) for number in range(8)]
    never = sorted(people[:2])
    lately, long_ago, promised, promised_before, to_come, after_all = people[2:]
    contacts.clock.now += timedelta(days=10)
    await contacts.told(lately, "not_reached", day=contacts.day(-1))
    await contacts.told(long_ago, "not_reached", day=contacts.day(-9))
    await contacts.told(promised, "call_later", day=contacts.day(-3), call_on=contacts.day(0))
    await contacts.told(promised_before, "call_later", day=contacts.day(-3), call_on=contacts.day(-1))
    await contacts.told(to_come, "call_later", day=contacts.day(-3), call_on=contacts.day(1))
    # Tried on the promised day, in vain: the promise is kept.
    await contacts.told(after_all, "call_later", day=contacts.day(-5), call_on=contacts.day(-2))
    await contacts.told(after_all, "not_reached", day=contacts.day(-2))
    expected = [promised_before, promised, *never, long_ago, after_all, lately]
    assert await contacts.due_ids() == expected
    contacts.clock.now += timedelta(days=1)
    assert await contacts.due_ids() == [
        promised_before,
        promised,
        to_come,
        *never,
        long_ago,
        after_all,
        lately,
    ]


async def test_who_was_reached_or_has_a_wrong_number_or_withdrew_is_due_no_more(
    contacts: ContactWorld,
) -> None:
    reached, wrong, stopped, withdrew, left = [await contacts.enrol(number) for number in range(5)]
    await contacts.told(reached, "reached")
    await contacts.told(wrong, "wrong_number")
    await contacts.told(stopped, "asked_to_stop")
    await contacts.api.post(f"/v1/mitras/{withdrew}/withdrawal", bearer=BY_RECRUITER)
    assert await contacts.due_ids() == [left]
    # On one day, what was decided weighs more than an attempt, whichever was told first.
    await contacts.told(reached, "not_reached")
    assert await contacts.due_ids() == [left]


async def test_another_round_begins_anew_and_the_last_contact_is_still_told(contacts: ContactWorld) -> None:
    mitra, fresh = await contacts.enrol(1), await contacts.enrol(2)
    await contacts.told(mitra, "reached")
    first = small_campaign().rounds[0].model_dump(mode="json")
    later = first | {"id": "round-2", "opens_on": contacts.day(1)}
    first |= {"closes_on": contacts.day(0)}
    await contacts.api.load(small_campaign(2, rounds=[first, later]), bearer=operator())
    contacts.clock.now += timedelta(days=1)
    told = (await contacts.due(round_id="round-2")).json()["due"]
    assert [(each["mitra_id"], each["last_contact"], each["last_outcome"]) for each in told] == [
        (fresh, None, None),
        (mitra, contacts.day(-1), "reached"),
    ]


async def test_pages_follow_each_other_and_leave_nobody_out(contacts: ContactWorld) -> None:
    people = [await contacts.enrol(number) for number in range(7)]
    contacts.clock.now += timedelta(days=3)
    for mitra, days in zip(people[:4], (-2, -2, -1, 0), strict=True):
        await contacts.told(mitra, "not_reached", day=contacts.day(days))
    whole = await contacts.due_ids()
    paged, after = [], ""
    for _ in range(4):
        page = (await contacts.due(limit=2, after=after)).json()
        assert page["count"] == 7
        paged += [each["mitra_id"] for each in page["due"]]
        after = page["next"]
        if after is None:
            break
    assert paged == whole
    assert set(paged) == set(people)
    beyond = f"2.{contacts.day(1)}.ffffffff-ffff-4fff-bfff-ffffffffffff"
    empty = (await contacts.due(after=beyond)).json()
    assert (empty["due"], empty["next"], empty["count"]) == ([], None, 7)


@pytest.mark.parametrize("after", ["x", "3.2026-01-01.x", "1.2026-13-01.x", "0.0.0", "2.2026-01-01.me"])
async def test_a_place_that_is_none_is_refused(contacts: ContactWorld, after: str) -> None:
    answer = await contacts.due(after=after)
    assert problem(answer) == (422, "invalid-request")
    assert answer.json()["errors"][0]["field"] == "after"


async def test_a_round_that_is_unknown_or_not_open_is_refused_with_its_days(contacts: ContactWorld) -> None:
    unknown = await contacts.due(round_id="round-9")
    assert problem(unknown) == (422, "unknown-round")
    assert ROUND in unknown.json()["errors"][0]["expected"]
    planned = small_campaign().rounds[0].model_dump(mode="json")
    for opens, closes in (
        (date(2026, 1, 1), contacts.today - timedelta(days=1)),
        (date(2035, 1, 1), date(2036, 1, 1)),
    ):
        moved = planned | {"opens_on": opens.isoformat(), "closes_on": closes.isoformat()}
        version = 2 if opens.year == 2026 else 3
        await load(contacts.engine, small_campaign(version, rounds=[moved]))
        async with contacts.engine.connect() as connection:
            await contacts.api.service.campaigns.refresh(connection)
        for answer in (await contacts.due(), await contacts.calls([await contacts.enrol(version)])):
            assert problem(answer) == (422, "round-not-open")
            assert f"{opens} to {closes}" in answer.json()["errors"][0]["expected"]


async def test_people_of_whoever_left_fall_to_the_in_charge_until_they_are_handed_over(
    contacts: ContactWorld,
) -> None:
    first, second = sorted([await contacts.enrol(1), await contacts.enrol(2)])
    await contacts.due(BY_COLLEAGUE)
    await contacts.due(BY_IN_CHARGE)
    assert await contacts.due_ids(BY_IN_CHARGE) == []
    await contacts.leaves(RECRUITER)
    assert await contacts.due_ids(BY_IN_CHARGE) == [first, second]
    assert (await contacts.hand_over(RECRUITER, COLLEAGUE)).json() == {"people": 2}
    assert await contacts.due_ids(BY_COLLEAGUE) == [first, second]
    assert await contacts.due_ids(BY_IN_CHARGE) == []
    assert await contacts.due_ids(BY_RECRUITER) == []
    assert (await contacts.hand_over(COLLEAGUE, IN_CHARGE)).json() == {"people": 2}
    assert await contacts.due_ids(BY_IN_CHARGE) == [first, second]
