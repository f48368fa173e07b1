"""One person with several enrolments that were merged: who says stop under any of them leaves with all."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any
from uuid import UUID

import httpx
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.storage.row_security import Work, work_as
from mitra_shared.ids import MitraId
from mitra_shared.security.tokens import Role
from tests.enrolment.contacting import BY_IN_CHARGE, BY_RECRUITER, RECRUITER, ContactWorld, refusal
from tests.enrolment.intake_api import (
    ELSEWHERE,
    SEALS,
    TestClock,
    load,
    logged,
    person,
    rows,
    running_api,
    token,
)
from tests.enrolment.matching import family_campaign, match
from tests.enrolment.people import Browser, Person, codes_sent
from tests.factories import ROUND

OTHER = "S24-PC07"
BY_OTHER = token(f"{OTHER}/in-charge", Role.IN_CHARGE, OTHER)


@dataclass
class Chain:
    """One person: enrolled in another constituency, and twice here. The last was merged into the second,
    that one into the first, which stays."""

    world: ContactWorld
    stays: str
    between: str
    away: str

    async def withdrawn(self) -> set[str]:
        found = await rows(
            self.world.engine,
            "select cast(id as text) from mitra where id = any(cast(:people as uuid[]))"
            " and withdrawn_at is not null",
            people=[self.stays, self.between, self.away],
        )
        return {row.id for row in found}

    async def row(self, mitra: str) -> Any:
        (row,) = await rows(
            self.world.engine, "select * from mitra where id = cast(:mitra as uuid)", mitra=mitra
        )
        return row

    def person(self) -> Person:
        """With the receipt of the enrolment that was merged away first."""
        return Person(self.world.api, self.away, SEALS.receipt(MitraId(UUID(self.away))))


@pytest_asyncio.fixture
async def world(enrolment_engine: AsyncEngine) -> AsyncIterator[ContactWorld]:
    clock = TestClock()
    await load(enrolment_engine, family_campaign())
    async with running_api(enrolment_engine, clock=clock) as api:
        yield ContactWorld(api, clock)


async def enrolled(world: ContactWorld, phone: int, bearer: str = BY_RECRUITER, **changes: Any) -> str:
    answer = await world.api.enrol(person(phone, name="Imran Khan", **changes), bearer=bearer)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["mitra_id"])


async def merge(world: ContactWorld, away: str, keep: str) -> None:
    await match(world.engine)
    (pair,) = await rows(
        world.engine,
        "select id from likely_duplicate where (earlier, later) in"
        " ((cast(:one as uuid), cast(:two as uuid)), (cast(:two as uuid), cast(:one as uuid)))",
        one=away,
        two=keep,
    )
    answer = await world.api.post(
        f"/v1/likely-duplicates/{pair.id}/decision", {"decision": "merge", "keep": keep}, bearer=BY_IN_CHARGE
    )
    assert answer.status_code == 200, answer.text


async def chain(world: ContactWorld, phone: int = 1) -> Chain:
    stays = await enrolled(world, phone, BY_OTHER, segment=ELSEWHERE)
    between, away = await enrolled(world, phone), await enrolled(world, phone)
    await merge(world, away, between)
    await merge(world, between, stays)
    made = Chain(world, stays, between, away)
    assert await made.withdrawn() == {between, away}
    return made


async def on_the_own_page(somebody: Chain) -> None:
    browser, home = Browser(somebody.world.api), f"/r/{somebody.person().receipt}"
    page = await browser.sign_in(somebody.person())
    assert "your other enrolment stays" in page.text
    assert f'href="{home}/withdraw"' in page.text
    done = await browser.submit(await browser.get(f"{home}/withdraw"), f"{home}/withdraw")
    page = await browser.get(done.headers["location"])
    assert "your other enrolment stays" not in page.text
    assert f'href="{home}/withdraw"' not in page.text


async def with_a_helper(somebody: Chain) -> None:
    session = await somebody.person().session()
    assert (await somebody.person().ask("POST", "/withdrawal", session)).status_code == 200


async def by_staff(somebody: Chain) -> httpx.Response:
    answer = await somebody.world.api.post(f"/v1/mitras/{somebody.away}/withdrawal", bearer=BY_RECRUITER)
    assert answer.status_code == 200
    return answer


async def when_called(somebody: Chain) -> None:
    told = somebody.world.contact(somebody.away, "asked_to_stop")
    (answer,) = await somebody.world.tell(told)
    assert answer["status"] == "recorded"


async def asking_for_erasure(somebody: Chain) -> None:
    session = await somebody.person().session()
    assert (await somebody.person().ask("POST", "/erasure", session)).status_code == 200


async def staff_asking_for_erasure(somebody: Chain) -> None:
    answer = await somebody.world.api.post(f"/v1/mitras/{somebody.away}/erasure", bearer=BY_RECRUITER)
    assert answer.status_code == 202


WAYS: list[tuple[Callable[[Chain], Awaitable[Any]], str]] = [
    (on_the_own_page, "page"),
    (with_a_helper, RECRUITER),
    (by_staff, RECRUITER),
    (when_called, RECRUITER),
    (asking_for_erasure, RECRUITER),
    (staff_asking_for_erasure, RECRUITER),
]


async def test_however_somebody_says_stop_the_enrolment_that_stays_is_withdrawn_wherever_it_is(
    world: ContactWorld,
) -> None:
    for phone, (stop, through) in enumerate(WAYS):
        somebody = await chain(world, phone)
        await stop(somebody)
        await by_staff(somebody)
        assert await somebody.withdrawn() == {somebody.stays, somebody.between, somebody.away}, stop
        told = await logged(world.engine, "enrolment", "MitraWithdrawnV1")
        assert [each["mitra_id"] for each in told].count(somebody.stays) == 1
        asked = await rows(
            world.engine,
            "select kind, constituency, asked_through from person_request where mitra = cast(:mitra as uuid)",
            mitra=somebody.stays,
        )
        assert [tuple(row) for row in asked] == [("withdrawal", OTHER, through)]
        noted = await rows(
            world.engine,
            "select kind from message where recipient = cast(:mitra as uuid)",
            mitra=somebody.stays,
        )
        assert "withdrawn" in {row.kind for row in noted}


async def test_an_erasure_goes_to_all_enrolments_and_staff_plan_none_in_another_constituency(
    world: ContactWorld,
) -> None:
    now = world.clock.now
    somebody, helped = await chain(world, 1), await chain(world, 2)
    await asking_for_erasure(somebody)
    await staff_asking_for_erasure(helped)
    for mitra in (somebody.stays, somebody.between, somebody.away, helped.between, helped.away):
        assert (await somebody.row(mitra)).erase_at == now + timedelta(hours=48)
    row = await helped.row(helped.stays)
    assert (row.erase_at, row.erasure_why) == (now + timedelta(days=30), "withdrawn")
    again = await world.api.post(f"/v1/mitras/{helped.stays}/erasure", bearer=BY_OTHER)
    assert again.status_code == 202
    await world.upkeep(hours=48)
    for mitra in (somebody.stays, somebody.between, somebody.away, helped.stays, helped.between, helped.away):
        row = await somebody.row(mitra)
        assert (row.name, row.merged_into) == (None, None)


async def test_whose_merged_enrolment_is_erased_was_sent_the_receipt_of_the_one_that_stays(
    world: ContactWorld,
) -> None:
    somebody = await chain(world)
    await world.upkeep(days=40)
    await world.upkeep(hours=49)
    assert (await somebody.row(somebody.away)).erased_at is not None
    # The receipt of the erased one opens nothing, not even with help.
    await world.api.post(f"{somebody.person().path}/codes")
    assert await codes_sent(world.api) == 0
    sent = await rows(
        world.engine,
        "select count(*) as times from message where kind = 'receipt' and recipient = cast(:id as uuid)",
        id=somebody.stays,
    )
    assert sent[0].times == 2
    stays = Person(world.api, somebody.stays, SEALS.receipt(MitraId(UUID(somebody.stays))))
    assert (await stays.ask("GET", "", await stays.session())).status_code == 200


async def test_no_messages_under_a_merged_enrolment_holds_for_the_one_that_stays(world: ContactWorld) -> None:
    somebody, helped = await chain(world, 1), await chain(world, 2)
    session = await somebody.person().session()
    await somebody.person().ask("PUT", "/messages", session, {"wanted": False})
    await world.api.post(f"/v1/mitras/{helped.away}/messages-off", bearer=BY_RECRUITER)
    for each in (somebody, helped):
        assert (await each.row(each.stays)).messages_off_at == world.clock.now
    told = (await somebody.person().ask("GET", "", session)).json()
    assert (told["stays_enrolled"], told["state"]) == (True, "withdrawn")
    chosen = (await somebody.person().ask("PUT", "/messages", session, {"wanted": True})).json()
    kept = await somebody.row(somebody.stays)
    assert kept.messages_off_at == datetime.fromisoformat(chosen["messages_off_at"])


async def test_the_way_to_the_one_that_stays_outlives_the_enrolment_in_between(world: ContactWorld) -> None:
    somebody = await chain(world)
    async with world.engine.begin() as connection:
        await work_as(connection, Work.UPKEEP)
        await connection.execute(
            text("update mitra set erase_at = :now, erasure_noticed_at = :told where id = cast(:id as uuid)"),
            {
                "now": world.clock.now,
                "told": world.clock.now - timedelta(days=2),
                "id": somebody.between,
            },
        )
    await world.upkeep()
    assert (await somebody.row(somebody.between)).name is None
    await by_staff(somebody)
    assert somebody.stays in await somebody.withdrawn()


async def test_merges_of_before_lead_to_the_one_that_stays_after_the_migration(world: ContactWorld) -> None:
    somebody = await chain(world)
    migration = import_module("enrolment.migrations.versions.0017_merged_enrolments")
    async with world.engine.begin() as connection:
        await work_as(connection, Work.UPKEEP)
        await connection.execute(text("update mitra set merged_into = null"))
        for statement in migration.MERGED_BEFORE:
            await connection.execute(text(statement))
    for mitra, leads_to in ((somebody.away, somebody.stays), (somebody.between, somebody.stays)):
        assert str((await somebody.row(mitra)).merged_into) == leads_to
    assert (await somebody.row(somebody.stays)).merged_into is None


async def test_two_who_are_different_do_not_withdraw_one_another(world: ContactWorld) -> None:
    one, other = await enrolled(world, 1), await enrolled(world, 1)
    await match(world.engine)
    (pair,) = await rows(world.engine, "select id from likely_duplicate")
    for given in ({"decision": "different", "reason": "family"}, {"decision": "reopen"}):
        path = f"/v1/likely-duplicates/{pair.id}/decision"
        assert (await world.api.post(path, given, bearer=BY_IN_CHARGE)).status_code == 200
        await world.api.post(f"/v1/mitras/{one}/withdrawal", bearer=BY_RECRUITER)
        left = await rows(world.engine, "select cast(id as text) from mitra where withdrawn_at is null")
        assert [row.id for row in left] == [other]


async def test_who_was_reached_under_an_enrolment_that_was_merged_is_due_under_none(
    world: ContactWorld,
) -> None:
    stays = await enrolled(world, 1, BY_OTHER, segment=ELSEWHERE)
    between, away = await enrolled(world, 1), await enrolled(world, 1)
    await world.told(away)
    await merge(world, away, between)
    assert await world.due_ids() == []
    assert (await world.progress())[RECRUITER] | {"at_work": True} == {
        "at_work": True,
        "people": 1,
        "reached": 1,
        "due": 0,
        "attempts": 1,
    }
    await merge(world, between, stays)
    assert await world.due_ids(BY_OTHER) == []
    calls = await world.api.post(f"/v1/rounds/{ROUND}/calls", {"mitra_ids": [stays]}, bearer=BY_OTHER)
    assert calls.json() == {"people": []}
    somebody = Person(world.api, stays, SEALS.receipt(MitraId(UUID(stays))))
    told = (await somebody.ask("GET", "", await somebody.session())).json()
    assert (told["contacts"], told["reached_elsewhere"]) == ([], [ROUND])


async def test_who_was_reached_before_a_phone_knew_of_the_merge_is_not_called_again(
    world: ContactWorld,
) -> None:
    stays, away = await enrolled(world, 1), await enrolled(world, 1)
    await merge(world, away, stays)
    assert await world.due_ids() == [stays]
    (not_reached,) = await world.tell(world.contact(away, "not_reached"))
    assert refusal(not_reached) == (409, "mitra-withdrawn")
    assert await world.due_ids() == [stays]
    late = world.contact(away, "reached")
    assert [told["status"] for told in await world.tell(late) + await world.tell(late)] == ["recorded"] * 2
    assert await world.due_ids() == []
    assert await world.kept() == []
    (wrong,) = await world.tell(world.contact(away, "reached", day=world.day(1)))
    assert wrong["status"] == "refused"
