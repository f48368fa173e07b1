"""Erasure: planned by the rule or asked for, told 48 hours before, whole or not begun, nothing left."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from sqlalchemy import event, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.commands.announce_erasures import announce_erasures, plan_ends
from enrolment.commands.erase_mitras import erase_mitras
from enrolment.commands.forget_outcomes import forget_outcomes
from enrolment.commands.plan_erasure import PlanErasure, plan_erasure
from enrolment.commands.withdraw_mitra import MitraNotFound
from enrolment.storage.row_security import Work, work_as
from enrolment.upkeep import Upkeep
from mitra_shared.campaign.definition import Retention
from mitra_shared.ids import CampaignId, MitraId
from tests.enrolment.intake_api import (
    IntakeApi,
    TestClock,
    load,
    logged,
    person,
    rows,
    running_api,
    token,
)
from tests.factories import small_campaign

CAMPAIGN = CampaignId("small")


@dataclass
class Town:
    """An api with a clock that is moved by hand, and who was told what."""

    api: IntakeApi
    clock: TestClock

    async def enrol(self, number: int = 0, key: str | None = None) -> MitraId:
        answer = await self.api.enrol(person(number), key=key)
        assert answer.status_code == 201, answer.text
        return MitraId(UUID(answer.json()["mitra_id"]))

    async def withdraw(self, mitra: MitraId) -> None:
        assert (await self.api.post(f"/v1/mitras/{mitra}/withdrawal")).status_code == 200

    async def ask(self, mitra: MitraId) -> dict[str, Any]:
        answer = await self.api.post(f"/v1/mitras/{mitra}/erasure")
        assert answer.status_code == 202, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def look(self, mitra: MitraId) -> dict[str, Any]:
        told: dict[str, Any] = (await self.api.get(f"/v1/mitras/{mitra}/erasure")).json()
        return told

    async def upkeep(self, **later: float) -> None:
        self.clock.now += timedelta(**later)
        await Upkeep(self.api.engine, self.clock).work()

    async def row(self, mitra: MitraId) -> Any:
        (row,) = await rows(self.api.engine, "select * from mitra where id = :id", id=mitra)
        return row


@pytest_asyncio.fixture
async def town(enrolment_engine: AsyncEngine) -> AsyncIterator[Town]:
    clock = TestClock()
    await load(enrolment_engine, small_campaign())
    async with running_api(enrolment_engine, clock=clock) as api:
        yield Town(api, clock)


async def notices(town: Town) -> list[tuple[MitraId, datetime]]:
    """Who was told of an erasure, and when it is due."""
    found = await rows(
        town.api.engine,
        "select recipient, facts ->> 'due_at' as due_at, send_after from message"
        " where kind = 'erasure_notice' order by send_after, recipient",
    )
    told = [(MitraId(each.recipient), datetime.fromisoformat(each.due_at), each.send_after) for each in found]
    assert all(due_at >= at + timedelta(hours=48) for _, due_at, at in told)
    return [(who, due_at) for who, due_at, _ in told]


async def kinds(town: Town, mitra: MitraId) -> list[str]:
    """Types of what the log tells of a person, in order."""
    return [
        told["type"]
        for told in await logged(town.api.engine, "enrolment")
        if told.get("mitra_id") == str(mitra)
    ]


async def test_who_asks_is_withdrawn_at_once_told_and_erased_48_hours_later(town: Town) -> None:
    mitra = await town.enrol()
    asked = town.clock.now
    told = await town.ask(mitra)
    assert (told["state"], told["why"]) == ("noticed", "asked")
    assert datetime.fromisoformat(told["due_at"]) == asked + timedelta(hours=48)
    assert (await notices(town)) == [(mitra, asked + timedelta(hours=48))]
    assert await kinds(town, mitra) == ["MitraEnrolledV1", "MitraWithdrawnV1"]
    await town.upkeep(hours=47.9)
    assert (await town.look(mitra))["state"] == "noticed"
    await town.upkeep(hours=0.2)
    assert (await town.look(mitra))["state"] == "erased"
    assert await kinds(town, mitra) == ["MitraEnrolledV1", "MitraWithdrawnV1", "MitraErasedV1"]


async def test_nothing_personal_is_left_in_any_row_and_what_is_counted_stays(town: Town) -> None:
    key = str(uuid4())
    mitra, other = await town.enrol(1, key), await town.enrol(2)
    before = await town.row(mitra)
    await town.api.enrol(person(1), bearer=token("S11-PC04/co-in-charge-08"))
    assert await rows(
        town.api.engine, "select 1 from duplicate_record where phone_hash = :h", h=before.phone_hash
    )
    await town.ask(mitra)
    await town.upkeep(hours=48)
    after = await town.row(mitra)
    assert (after.name, after.phone, after.phone_hash, after.slot) == (None, None, None, None)
    kept = ("segment", "basis", "schemes", "recruiter", "enrolled_at", "withdrawn_at")
    assert all(getattr(after, each) is not None for each in kept)
    (told,) = [
        each
        for each in await logged(town.api.engine, "enrolment", "MitraEnrolledV1")
        if each["mitra_id"] == str(mitra)
    ]
    assert "holder_name" not in told
    assert told["schemes"] == ["PMAY-G"]
    assert before.name not in json.dumps(await logged(town.api.engine, "enrolment"))
    assert (await town.row(other)).name is not None
    assert not await rows(town.api.engine, "select 1 from duplicate_record where phone_hash is not null")
    digests = await rows(
        town.api.engine, "select status, length(digest) from outcome order by status, length"
    )
    assert [tuple(each) for each in digests] == [(201, 32), (409, 0), (410, 0)]


async def test_an_enrolment_that_is_sent_again_after_an_erasure_enrols_nobody(town: Town) -> None:
    key = str(uuid4())
    mitra = await town.enrol(1, key)
    await town.ask(mitra)
    await town.upkeep(hours=48)
    again = await town.api.enrol(person(1), key=key)
    assert (again.status_code, again.json()["type"].rpartition(":")[2]) == (410, "erased")
    assert str(mitra) not in again.text
    assert (await town.api.enrol(person(1))).status_code == 201


async def test_what_a_duplicate_was_answered_does_not_tell_that_the_other_is_erased(town: Town) -> None:
    mitra = await town.enrol(1)
    key, caller = str(uuid4()), token("S11-PC04/co-in-charge-08")
    first = await town.api.enrol(person(1), key=key, bearer=caller)
    await town.ask(mitra)
    await town.upkeep(hours=48)
    again = await town.api.enrol(person(1), key=key, bearer=caller)
    assert (again.status_code, again.text) == (409, first.text)


async def test_a_withdrawal_plans_the_erasure_by_the_rule_of_the_campaign(town: Town) -> None:
    await load(town.api.engine, small_campaign(version=2, retention=Retention(days_after_withdrawal=10)))
    mitra = await town.enrol()
    withdrawn = town.clock.now
    await town.withdraw(mitra)
    told = await town.look(mitra)
    assert (told["state"], told["why"]) == ("planned", "withdrawn")
    assert datetime.fromisoformat(told["due_at"]) == withdrawn + timedelta(days=10)
    await town.upkeep(days=7.9)
    assert (await notices(town)) == []
    await town.upkeep(days=0.2)
    assert [who for who, _ in (await notices(town))] == [mitra]
    await town.upkeep(hours=47)
    assert (await town.look(mitra))["state"] == "noticed"
    await town.upkeep(hours=1)
    assert (await town.look(mitra))["state"] == "erased"


async def test_a_campaign_without_a_rule_keeps_names_for_thirty_days(town: Town) -> None:
    mitra = await town.enrol()
    await town.withdraw(mitra)
    assert (await town.row(mitra)).erase_at == town.clock.now + timedelta(days=30)


async def test_a_late_upkeep_still_gives_48_hours_of_notice(town: Town) -> None:
    mitra = await town.enrol()
    await town.withdraw(mitra)
    await town.upkeep(days=40)
    assert (await notices(town)) == [(mitra, town.clock.now + timedelta(hours=48))]
    await town.upkeep(hours=47)
    assert (await town.look(mitra))["state"] == "noticed"


async def test_at_the_end_of_the_campaign_everybody_is_erased_withdrawn_first(town: Town) -> None:
    stays, left = await town.enrol(1), await town.enrol(2)
    definition = small_campaign()
    end = datetime.combine(definition.target_date + timedelta(days=1), datetime.min.time(), UTC) - timedelta(
        hours=5.5
    )
    town.clock.now = end - timedelta(days=3)
    await town.withdraw(left)
    assert await plan_ends(town.api.engine, town.clock.now) == 0
    town.clock.now = end - timedelta(hours=48)
    assert await plan_ends(town.api.engine, town.clock.now) == 2
    assert await plan_ends(town.api.engine, town.clock.now) == 0
    await town.upkeep()
    assert {who for who, _ in (await notices(town))} == {stays, left}
    await town.upkeep(hours=48)
    assert await kinds(town, stays) == ["MitraEnrolledV1", "MitraWithdrawnV1", "MitraErasedV1"]
    assert await kinds(town, left) == ["MitraEnrolledV1", "MitraWithdrawnV1", "MitraErasedV1"]
    assert (await town.look(stays))["why"] == "campaign_ended"


async def test_asking_again_changes_nothing(town: Town) -> None:
    mitra = await town.enrol()
    first = await town.ask(mitra)
    town.clock.now += timedelta(hours=3)
    assert await town.ask(mitra) == first
    await town.upkeep(hours=48)
    erased = await town.ask(mitra)
    assert (erased["state"], erased["due_at"]) == ("erased", first["due_at"])
    assert len(await notices(town)) == 1
    assert await kinds(town, mitra) == ["MitraEnrolledV1", "MitraWithdrawnV1", "MitraErasedV1"]
    await town.withdraw(mitra)
    assert (await town.api.get(f"/v1/mitras/{mitra}")).json()["state"] == "erased"


async def test_only_those_of_the_constituency_may_ask(town: Town) -> None:
    mitra = await town.enrol()
    stranger = token("S24-PC07/co-in-charge-01", area="S24-PC07")
    for answer in (
        await town.api.post(f"/v1/mitras/{mitra}/erasure", bearer=stranger),
        await town.api.get(f"/v1/mitras/{mitra}/erasure", bearer=stranger),
        await town.api.post(f"/v1/mitras/{uuid4()}/erasure"),
    ):
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (404, "not-found")
    assert (await town.row(mitra)).erase_at is None
    with pytest.raises(MitraNotFound):
        await plan_erasure(PlanErasure(mitra, CampaignId("another"), town.clock.now), town.api.engine)


async def test_an_erasure_that_is_cut_off_at_any_statement_has_not_begun(town: Town) -> None:
    """Whatever statement the connection is lost at, the person is whole, and erased by the next pass."""
    engine = town.api.engine
    mitra = await town.enrol(1)
    await town.api.enrol(person(1), bearer=token("S11-PC04/co-in-charge-08"))
    await town.ask(mitra)
    town.clock.now += timedelta(hours=48)
    whole = await everything(engine)
    statements = 0
    cut_at = 1

    def cut(*_: object) -> None:
        nonlocal statements
        statements += 1
        if statements == cut_at:
            raise ConnectionResetError("cut off by the test")

    event.listen(engine.sync_engine, "before_cursor_execute", cut)
    try:
        while True:
            statements = 0
            try:
                done = await erase_mitras(engine, town.clock.now)
            except ConnectionResetError:
                assert await everything(engine) == whole
                cut_at += 1
            else:
                break
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", cut)
    assert (done, cut_at > 8) == (1, True)
    assert whole != await everything(engine)
    assert await kinds(town, mitra) == ["MitraEnrolledV1", "MitraWithdrawnV1", "MitraErasedV1"]


async def everything(engine: AsyncEngine) -> list[Any]:
    """The rows that an erasure touches."""
    return [
        await rows(engine, f"select * from {table} order by 1, 2")  # noqa: S608 - names of ours
        for table in ("mitra", "enrolment_head", "outcome", "duplicate_record", "erasure")
    ] + [await logged(engine, "enrolment")]


async def test_several_at_once_erase_each_person_once(town: Town) -> None:
    people = [await town.enrol(number) for number in range(12)]
    for mitra in people:
        await town.ask(mitra)
    town.clock.now += timedelta(hours=48)
    while sum(
        await asyncio.gather(*(erase_mitras(town.api.engine, town.clock.now, at_most=3) for _ in range(3)))
    ):
        pass
    assert await erase_mitras(town.api.engine, town.clock.now) == 0
    for mitra in people:
        assert (await kinds(town, mitra))[-1] == "MitraErasedV1"
        assert len(await kinds(town, mitra)) == 3
    ((entries,),) = await rows(town.api.engine, "select count(*) from erasure")
    assert entries == len(people)


async def test_records_of_erasures_are_kept_for_a_year(town: Town) -> None:
    mitra = await town.enrol()
    await town.ask(mitra)
    await town.upkeep(hours=48)
    async with town.api.engine.begin() as connection:
        await connection.exec_driver_sql(
            "update erasure set written_anew_at = erased_at, completed_at = erased_at"
        )
    await forget_outcomes(town.api.engine, town.clock.now + timedelta(days=365))
    assert await rows(town.api.engine, "select 1 from erasure")
    await forget_outcomes(town.api.engine, town.clock.now + timedelta(days=367))
    assert not await rows(town.api.engine, "select 1 from erasure")


async def test_a_notice_that_cannot_be_given_plans_nothing(town: Town) -> None:
    mitra = await town.enrol()
    await town.withdraw(mitra)
    async with town.api.engine.begin() as connection:
        await connection.exec_driver_sql("alter table message rename to message_away")
    with pytest.raises(ProgrammingError):
        await announce_erasures(town.api.engine, town.clock.now + timedelta(days=29))
    assert (await town.look(mitra))["state"] == "planned"


async def test_what_was_asked_and_who_was_named_goes_with_the_person(town: Town) -> None:
    mitra = await town.enrol()
    async with town.api.engine.begin() as connection:
        await work_as(connection, Work.OWN_DATA)
        await connection.execute(
            text(
                "insert into nominee (mitra, name, phone, nominated_at)"
                " values (:id, 'sealed', 'sealed', now())"
            ),
            {"id": mitra},
        )
    assert (await town.row(mitra)).receipt_hash is not None
    await town.ask(mitra)
    await town.upkeep(hours=48)
    assert (await town.row(mitra)).receipt_hash is None
    assert await rows(town.api.engine, "select 1 from nominee") == []
