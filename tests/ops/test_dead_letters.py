"""`mitra dead-letters`: an event that cannot be applied, what waits behind it, and what an operator does."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from mitra_shared.contracts.events import MitraEnrolledV1, MitraWithdrawnV1
from mitra_shared.ids import AreaCode, CampaignId, MitraId, StaffId, new_event_id, new_mitra_id
from mitra_shared.log import unit_of_work
from mitra_shared.person_names import seal_context
from tests.enrolment.intake_api import SEALS, load
from tests.factories import small_campaign
from tests.ops.broken import notes_of
from tests.ops.campaign_world import World, quotas
from tests.ops.commands import mitra
from tests.ops.operating import Operator

NEW = AreaCode("S11-AC020")
"""A segment that the campaign does not have yet."""

_PEOPLE = """
    merge into mitra using (
        select enrolled.subject, enrolled.key, enrolled.payload ->> 'segment' as segment, enrolled.partition,
               enrolled.payload ->> 'recruiter' as recruiter, enrolled.occurred_at,
               enrolled.payload ->> 'holder_name' as name,
               withdrawn.occurred_at as withdrawn_at, withdrawn.epoch, withdrawn.position
        from enrolment_log as enrolled
        left join enrolment_log as withdrawn
          on withdrawn.subject = enrolled.subject and withdrawn.type = 'MitraWithdrawnV1'
        where enrolled.type = 'MitraEnrolledV1'
    ) as told on mitra.id = told.subject
    when matched and mitra.withdrawn_at is distinct from told.withdrawn_at then update
        set withdrawn_at = told.withdrawn_at, slot = null, withdrawal_epoch = told.epoch,
            withdrawal_position = told.position, erasure_why = 'withdrawn',
            erase_at = told.withdrawn_at + interval '30 days'
    when not matched then insert
        (id, campaign, constituency, segment, partition, recruiter, basis, schemes, language, name,
         phone_hash, slot, notice_version, notice_language, enrolled_at)
        values (told.subject, 'small', told.key, told.segment, told.partition, told.recruiter, 'admirer',
                '{}', 'hi', told.name, decode(md5(told.subject::text), 'hex'), 0, '2026-11', 'hi',
                told.occurred_at)
"""
"""People as they are told of by events that were appended past the intake."""


def about(mitra_id: MitraId, segment: str) -> dict[str, Any]:
    return {
        "event_id": new_event_id(),
        "campaign": CampaignId("small"),
        "occurred_at": datetime.now(UTC),
        "mitra_id": mitra_id,
        "constituency": AreaCode("S11-PC04"),
        "segment": AreaCode(segment),
        "basis": "admirer",
    }


def enrolled(mitra_id: MitraId, segment: str) -> MitraEnrolledV1:
    recruiter = StaffId("S11-PC04/in-charge")
    return MitraEnrolledV1(
        **about(mitra_id, segment),
        recruiter=recruiter,
        language="hi",
        holder_name=SEALS.names.seal("Asha Devi", context=seal_context(mitra_id)),
    )


async def append(world: World, *events: MitraEnrolledV1 | MitraWithdrawnV1) -> None:
    async with unit_of_work(world.enrolment) as unit:
        for event in events:
            unit.emit(event)
    await world.run("enrolment", "alter table mitra disable row level security")
    await world.run("enrolment", _PEOPLE)


async def put_in_force_with_the_new_segment(world: World, version: int = 5, *, frozen: bool = False) -> None:
    areas = [area.model_dump(mode="json") for area in small_campaign().areas]
    here = next(area for area in areas if area["code"] == "S11-AC019")
    new = here | {"code": NEW, "number": 20, "name": {"en": "Kalpetta North"}}
    definition = small_campaign(
        version,
        goals=quotas(3, S11_AC019=2),
        areas=[*areas, new],
        issuing={"issue_on": "enrolled", "frozen": frozen},
    )
    await load(world.enrolment, definition)


@asynccontextmanager
async def poisoned(world: World, directory: Path) -> AsyncIterator[tuple[Operator, UUID]]:
    """A person enrolled where there is no segment, who withdraws; another one who is fine; all at work."""
    person, other = new_mitra_id(), new_mitra_id()
    async with world.living():
        await append(world, enrolled(person, NEW), enrolled(other, "S11-AC018"))
        await append(world, MitraWithdrawnV1(**about(person, NEW)))
        await world.settled()
        yield Operator(world, directory), person


async def states(world: World) -> list[str]:
    rows = await world.rows("certificates", "select state from dead_letter order by position")
    return [state for (state,) in rows]


async def references(world: World) -> list[str]:
    rows = await world.rows("certificates", "select id from dead_letter order by position")
    return [f"certificates/{number}" for (number,) in rows]


async def eventually(world: World, wanted: list[str]) -> None:
    for _ in range(1_200):
        if await states(world) == wanted:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{await states(world)} instead of {wanted}")


async def test_a_redriven_event_and_what_waits_behind_it_take_effect_in_order(
    world: World, tmp_path: Path
) -> None:
    async with poisoned(world, tmp_path) as (operator, person):
        report = await world.audit(patience=20)
        assert [finding.what for finding in report.findings["dead letters"]] == [
            "an event could not be applied",
            "an event is parked behind an earlier one",
        ]
        listed = (await operator.asks("dead-letters", "list"))["letters"]
        assert [(letter["state"], letter["subject"]) for letter in listed] == [
            ("poison", str(person)), ("parked", str(person)),
        ]  # fmt: skip
        poison, parked = (letter["letter"] for letter in listed)

        await put_in_force_with_the_new_segment(world)
        await world.settled()
        answer = await operator.asks("dead-letters", "redrive", poison, "--wait", "20")
        assert answer["letters"][0]["state"] == "done"
        shown = await operator.asks("dead-letters", "show", parked, "--wait", "20")
        assert (shown["state"], shown["attempts"]) == ("done", 1)
        assert "payload" not in shown
        assert (await operator.asks("dead-letters", "list"))["letters"] == []
        assert len((await operator.asks("dead-letters", "list", "--all"))["letters"]) == 2
        await world.settled()
    rows = await world.rows(
        "certificates", "select state, serial from certificate where mitra_id = :m", m=person
    )
    assert [tuple(row) for row in rows] == [("revoked", 1)]
    report = await world.audit(deep=True)
    assert report.clean, report.findings


async def test_the_audit_follows_what_was_redriven_during_a_freeze_that_is_over(
    world: World, tmp_path: Path
) -> None:
    async with poisoned(world, tmp_path) as (operator, _):
        stays = new_mitra_id()
        await append(world, enrolled(stays, NEW))
        await world.settled()
        letters = (await operator.asks("dead-letters", "list"))["letters"]
        await put_in_force_with_the_new_segment(world, frozen=True)
        await world.settled()
        for letter in letters:
            if letter["state"] == "poison":
                await operator.asks("dead-letters", "redrive", letter["letter"], "--wait", "20")
        await world.settled()
        await append(world, *(enrolled(new_mitra_id(), NEW) for _ in range(4)))
        await put_in_force_with_the_new_segment(world, 6)
        await world.settled()
    rows = await world.rows("certificates", "select serial from certificate where mitra_id = :m", m=stays)
    assert [tuple(row) for row in rows] == [(1,)]
    report = await world.audit(deep=True)
    assert report.clean, report.findings


async def test_an_event_that_fails_again_is_poison_again(world: World, tmp_path: Path) -> None:
    async with poisoned(world, tmp_path) as (operator, _):
        poison, _ = await references(world)
        done = await operator.runs("dead-letters", "redrive", poison, "--wait", "20")
        assert done.returncode == 1
        assert f"{poison} failed again: SegmentNotInCampaign: " in done.stdout
        assert await states(world) == ["poison", "parked"]


async def test_discarding_plays_what_waits_behind(world: World, tmp_path: Path) -> None:
    async with poisoned(world, tmp_path) as (operator, _):
        poison, parked = await references(world)
        answer = await operator.asks("dead-letters", "discard", poison)
        assert answer["letters"][0]["state"] == "discarded"
        # The withdrawal is played now, and fails by itself: there is nobody to withdraw.
        await eventually(world, ["discarded", "poison"])
        await operator.asks("dead-letters", "discard", parked, "--wait", "20")
        assert await states(world) == ["discarded", "discarded"]
        await world.settled()
    report = await world.audit(deep=True)
    assert report.clean, report.findings
    notes = notes_of(report)
    assert notes == ["certificates: 2 events were discarded by an operator and have no effect"]


async def test_an_event_that_is_parked_while_its_poison_is_discarded_is_played_all_the_same(
    world: World, tmp_path: Path
) -> None:
    async with poisoned(world, tmp_path):
        # As if the withdrawal had been parked a moment after the discarding looked for such events.
        await world.run("certificates", "update dead_letter set state = 'discarded' where state = 'poison'")
        await eventually(world, ["discarded", "poison"])


async def test_what_waits_or_is_over_is_not_acted_upon(world: World, tmp_path: Path) -> None:
    async with poisoned(world, tmp_path) as (operator, _):
        poison, parked = await references(world)
        for action in ("redrive", "discard"):
            done = await operator.runs("dead-letters", action, parked)
            assert done.returncode == 1
            assert done.stdout == f"{parked}: {parked} waits behind {poison}: act on that one\n"
        await operator.asks("dead-letters", "discard", poison)
        done = await operator.runs("dead-letters", "redrive", poison)
        assert done.returncode == 1
        assert "is discarded: nothing is left to do with it" in done.stdout
        done = await operator.runs("dead-letters", "show", "certificates/999")
        assert done.returncode == 1
        assert done.stderr == "mitra: certificates has no dead letter 999; see: mitra dead-letters list\n"


async def test_a_sealed_name_is_shown_to_those_who_ask_for_it_alone(world: World, tmp_path: Path) -> None:
    async with poisoned(world, tmp_path) as (operator, person):
        poison, _ = await references(world)
        for command in (["list"], ["list", "--json"], ["show", poison], ["show", poison, "--json"]):
            told = (await operator.runs("dead-letters", *command)).stdout
            assert str(person) in told
            assert "holder_name" not in told
        done = await operator.runs("dead-letters", "show", poison, "--payload")
        assert done.returncode == 1, "it still waits"
        payload = json.loads(done.stdout[done.stdout.index("{") : done.stdout.rindex("}") + 1])
        assert SEALS.names.open(payload["holder_name"], context=seal_context(MitraId(person))) == "Asha Devi"


@pytest.mark.parametrize("reference", ["12", "enrolment/1", "certificates/one", "certificates/"])
def test_a_reference_that_names_no_letter_is_explained(tmp_path: Path, reference: str) -> None:
    done = mitra("dead-letters", "redrive", reference, directory=tmp_path)
    assert done.returncode == 2
    assert "names no letter; e.g. certificates/12" in done.stderr


def test_a_database_that_is_away_is_told_in_one_sentence(tmp_path: Path) -> None:
    away = "postgresql://certificates:secret@127.0.0.1:1/certificates"
    done = mitra("dead-letters", "redrive", "certificates/1", "--database", away, directory=tmp_path)
    assert done.returncode == 1
    assert "the certificates database cannot be used: " in done.stdout
    assert "secret" not in done.stdout + done.stderr
