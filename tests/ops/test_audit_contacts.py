"""Contacts and their counts are broken in every way the audit claims to see, and it says which."""

from datetime import UTC, datetime, timedelta

import pytest

from enrolment.commands.count_contacts import count_contacts
from tests.enrolment.contacting import BY_COLLEAGUE, COLLEAGUE, RECRUITER, ContactWorld
from tests.enrolment.intake_api import TestClock, running_api
from tests.ops.broken import Breakable, Broken, assert_found, sql
from tests.ops.campaign_world import World

_CONTACT = (
    "insert into contact (id, mitra, campaign, constituency, segment, round, staff, role, day, recorded_on,"
    " outcome, counted_as) select gen_random_uuid(), id, campaign, constituency, segment, 'round-1',"
    " recruiter, 'co_in_charge', current_date, current_date, 'reached', 'reached' from mitra"
    " where withdrawn_at is null and segment = 'S11-AC017' order by id limit 1"
)
_EVENT = (
    "insert into enrolment_log (partition, position, epoch, event_id, type, key, occurred_at, payload)"
    " select {p}, 99999, 1, gen_random_uuid(), 'ContactsCountedV1', constituency, now(), json_build_object("
    "'campaign', campaign, 'segment', segment, 'round', round, 'staff', staff, 'day', day, 'attempts', 1,"
    " 'reached', 1) from contact"
)
_ERASED = (
    "update mitra set erased_at = now(), withdrawn_at = now(), name = null, phone = null, phone_hash = null,"
    " slot = null, receipt_hash = null where id = (select mitra from contact)"
)


def contact(name: str, says: str, *statements: str) -> Broken:
    return Broken(name, sql("enrolment", _CONTACT, _EVENT, *statements), "contacts", says)


BROKEN = [
    contact(
        "an attempt that was not told",
        "more contacts are counted than the log tells of",
        _CONTACT.replace("'reached' from", "'attempt' from"),
    ),
    contact(
        "somebody reached who was not told of",
        "more contacts are counted than the log tells of",
        "update enrolment_log set payload = (payload::jsonb || '{\"reached\": 0}')::json"
        " where position = 99999",
    ),
    contact(
        "a contact that is lost", "the log tells of more contacts than are counted", "delete from contact"
    ),
    contact(
        "a contact that counts for another day",
        "more contacts are counted than the log tells of",
        "update contact set day = day + 1",
    ),
    contact(
        "somebody reached who counts for nobody",
        "somebody who was reached is not counted as reached once",
        "update contact set counted_as = 'attempt'",
    ),
    contact("nobody's contact", "a contact is with nobody", "update contact set mitra = gen_random_uuid()"),
    contact(
        "another segment", "a contact differs from its person", "update contact set segment = 'S11-AC018'"
    ),
    contact(
        "before the enrolment", "a contact differs from its person", "update contact set day = '2026-01-01'"
    ),
    contact(
        "somebody who asked to stop in vain",
        "somebody who asked to stop was not withdrawn",
        "update contact set outcome = 'asked_to_stop'",
    ),
    contact(
        "a contact of somebody erased",
        "a contact of an erased person is kept",
        _ERASED,
    ),
    contact(
        "an erased person in care",
        "an erased person is kept in care",
        "insert into person_care select mitra, campaign, constituency, 'somebody' from contact",
        _ERASED,
    ),
    contact(
        "a contact that is forgotten",
        "a contact was not counted in its night",
        "update contact set counted_as = null, day = day - 3, recorded_on = recorded_on - 2",
    ),
    contact(
        "an hour",
        "a table of contacts has a column that may tell an hour",
        "alter table contact add column told_at timestamptz",
    ),
    contact(
        "a finer day",
        "a table of contacts has a column that may tell an hour",
        "alter table contact alter column day type timestamptz",
    ),
]


@pytest.mark.parametrize("broken", BROKEN, ids=str)
async def test_what_is_wrong_with_the_contacts_is_found(breakable: Breakable, broken: Broken) -> None:
    await assert_found(breakable, broken)


async def test_contacts_that_were_told_and_counted_are_sound(world: World) -> None:
    clock = TestClock(datetime.now(UTC))
    async with running_api(world.enrolment, clock=clock) as api:
        field = ContactWorld(api, clock)
        gone, stays, waits = [await field.enrol(number) for number in (9001, 9002, 9003)]
        await field.due(BY_COLLEAGUE)
        await field.told(gone, "reached")
        await field.told(gone, "not_reached")
        await field.told(stays, "asked_to_stop")
        tomorrow = clock.now + timedelta(days=1)
        assert await count_contacts(world.enrolment, tomorrow) == 3
        await field.told(waits, "not_reached")
        await field.hand_over(RECRUITER, COLLEAGUE)
    report = await world.audit(patience=0)
    assert "contacts" not in report.findings, report.findings
    numbers = next(check.numbers for check in report.checks if check.name == "contacts")
    assert (numbers["contacts"], numbers["counted"], numbers["reached"]) == (4, 3, 2)
    assert numbers["handed_over"] > 0
    assert {"entries", "logs", "people"} & report.findings.keys() == set(), report.findings
