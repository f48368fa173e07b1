"""The matcher on a whole campaign of made-up people of whom it is known who is enrolled twice.

Rules were set on seed 1; what is reported is of seed 2.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bench import stacks
from bench.measuring import Figure, Told, proportional_memory
from enrolment.commands.define_campaign import DefineCampaign, define_campaign
from enrolment.domain.consent import READ
from enrolment.drafts import Draft
from enrolment.seals import Seals
from enrolment.storage import mitras
from enrolment.storage.row_security import Grant, Work, grant_by_token, work_as
from mitra_shared.campaign.definition import Level
from mitra_shared.contracts.topics import ENROLMENT
from mitra_shared.database import create_engine
from mitra_shared.ids import CampaignId, StaffId, new_event_id, new_mitra_id
from mitra_shared.log import unit_of_work
from mitra_shared.log.append import Emitted, append
from mitra_shared.ops.service_process import environment
from mitra_shared.ops.simulate.doubles import Enrolment, enrolments
from mitra_shared.ops.stack import Stack
from mitra_shared.security.lookup import KeyedHash
from mitra_shared.security.sealing import KeyRing
from mitra_shared.security.secret_files import read_secret
from mitra_shared.security.tokens import Role

PEOPLE: Final = int(os.environ.get("MATCHER_PEOPLE", "325000"))
SEED: Final = 2
AT_A_TIME: Final = 2_000
PATIENCE_SECONDS: Final = 3_000
RECRUITER: Final = StaffId("bench")

Pair = tuple[int, int]
"""Two entries of the list, by their places in it."""


async def measure(tell: Told) -> list[Figure]:
    """The figures of this part."""
    definition = stacks.definition()
    segments = [
        (segment.code, definition.ancestor(segment.code, Level.CONSTITUENCY).code)
        for segment in definition.at_level(Level.SEGMENT)
    ]
    listed = list(enrolments(segments, PEOPLE, SEED))
    async with stacks.stack(stacks.ONLY_INTAKE) as made:
        engine = create_engine(made.state().databases["enrolment"], application="bench", pool_size=2)
        try:
            campaign = definition.model_copy(
                update={
                    "version": definition.version + 1,
                    "issuing": definition.issuing.model_copy(update={"issue_on": "cleared"}),
                    "eligibility": definition.eligibility.model_copy(update={"people_per_phone": 4}),
                }
            )
            await define_campaign(DefineCampaign(campaign, datetime.now(UTC)), engine)
            tell(f"enrolling {PEOPLE}")
            places = await _enrol(engine, _seals(made), definition.id, listed)
            tell("matching")
            seconds, memory = await _match(made, engine)
            found = await _found(engine, places)
        finally:
            await engine.dispose()
    return [
        Figure(
            f"{PEOPLE:,} people examined, and all without an open pair cleared",
            "s",
            [seconds],
            note=f"load average of the machine {os.getloadavg()[0]:.0f}",
        ),
        Figure("the same", "people/s", [PEOPLE / seconds]),
        Figure("memory of the matcher at most", "MiB", [memory]),
        *_quality(listed, found),
    ]


def _seals(made: Stack) -> Seals:
    secrets = made.state().secrets / "enrolment"
    return Seals(
        KeyRing.from_json(read_secret(secrets / "mitra_name_keys")),
        KeyRing.from_json(read_secret(secrets / "mitra_phone_keys")),
        KeyedHash.from_base64(read_secret(secrets / "mitra_lookup_key")),
    )


async def _enrol(
    engine: AsyncEngine, seals: Seals, campaign: CampaignId, listed: Sequence[Enrolment]
) -> dict[UUID, int]:
    """Write the list as the intake would, without its HTTP. Returns places in the list by the Mitra's id."""
    places: dict[UUID, int] = {}
    on_phone: dict[str, int] = defaultdict(int)
    for start in range(0, len(listed), AT_A_TIME):
        drafts: list[tuple[Draft, int]] = []
        for place, entry in enumerate(listed[start : start + AT_A_TIME], start):
            draft = _draft(seals, campaign, entry)
            places[UUID(bytes=draft.mitra.bytes)] = place
            drafts.append((draft, on_phone[entry.phone]))
            on_phone[entry.phone] += 1
        async with unit_of_work(engine) as unit:
            await grant_by_token(
                unit.connection,
                {Grant(RECRUITER, campaign, draft.constituency) for draft, _ in drafts},
                datetime.now(UTC),
            )
            await work_as(unit.connection, Work.INTAKE)
            await mitras.insert(unit.connection, drafts)
            await append(unit.connection, ENROLMENT, [Emitted(draft.enrolled(), None) for draft, _ in drafts])
    async with engine.connect() as connection:
        plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await plain.execute(text("analyze mitra"))
        await plain.execute(text("analyze enrolment_log"))
    return places


def _draft(seals: Seals, campaign: CampaignId, entry: Enrolment) -> Draft:
    mitra = new_mitra_id()
    receipt = seals.receipt(mitra)
    return Draft(
        mitra=mitra,
        event=new_event_id(),
        campaign=campaign,
        constituency=entry.constituency,
        segment=entry.segment,
        recruiter=RECRUITER,
        recruiter_role=Role.CO_IN_CHARGE,
        basis="admirer",
        schemes=(),
        language="en",
        name=seals.seal_name(entry.name, mitra),
        phone=seals.seal_phone(entry.phone, mitra),
        phone_hash=seals.phone_hash(campaign, entry.phone),
        people_per_phone=4,
        notice_version="bench",
        notice_language="en",
        notice_hash=bytes(32),
        consent_manner=READ,
        receipt=receipt,
        receipt_hash=seals.receipt_hash(receipt),
        enrolled_at=datetime.now(UTC),
    )


async def _match(made: Stack, engine: AsyncEngine) -> tuple[float, float]:
    """Run the process until nothing waits. Returns seconds, its start included, and MiB."""
    command = [sys.executable, "-m", "enrolment", "matcher"]
    settings = environment(secrets_dir=str(made.state().secrets / "enrolment"), log_level="warning")
    began, memory = time.monotonic(), 0.0
    process = await asyncio.to_thread(subprocess.Popen, command, env=settings, cwd=Path.cwd())
    try:
        while await _waiting(engine):
            assert process.poll() is None, "the matcher has ended"
            assert time.monotonic() - began < PATIENCE_SECONDS, "the matcher is not done in time"
            memory = max(memory, proportional_memory(process.pid))
            await asyncio.sleep(2)
        return time.monotonic() - began, memory
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 30)


async def _waiting(engine: AsyncEngine) -> bool:
    async with engine.connect() as connection:
        await work_as(connection, Work.MATCHER)
        row = (
            await connection.execute(
                text(
                    """
                    select (select count(*) from enrolment_log where type = 'MitraClearedV1') as cleared,
                           (select count(*) from examined) as examined,
                           (select count(*) from (
                                select earlier from likely_duplicate where state = 'open' union
                                select later from likely_duplicate where state = 'open') as held) as held
                    """
                )
            )
        ).one()
    # Somebody may have been cleared before a duplicate was enrolled: at least all others are.
    return bool(row.examined < PEOPLE or row.cleared + row.held < PEOPLE)


async def _found(engine: AsyncEngine, places: Mapping[UUID, int]) -> dict[Pair, str]:
    async with engine.connect() as connection:
        await work_as(connection, Work.MATCHER)
        rows = await connection.execute(text("select earlier, later, evidence from likely_duplicate"))
        return {_pair(places[row.earlier], places[row.later]): row.evidence for row in rows}


def _pair(one: int, other: int) -> Pair:
    return (one, other) if one < other else (other, one)


def _quality(listed: Sequence[Enrolment], found: Mapping[Pair, str]) -> list[Figure]:
    by_person: dict[int, list[int]] = defaultdict(list)
    for place, entry in enumerate(listed):
        by_person[entry.person].append(place)
    truth = {_pair(*both) for both in by_person.values() if len(both) == 2}
    on_phone = {pair for pair in truth if listed[pair[0]].phone == listed[pair[1]].phone}
    in_segment = {pair for pair in truth - on_phone if listed[pair[0]].segment == listed[pair[1]].segment}
    exact = _exact(listed)
    figures = []
    for what, pairs in (("the matcher", set(found)), ("peer: the same letters", exact)):
        for where, doubles in (("on one phone", on_phone), ("in one segment, on two phones", in_segment)):
            of_phone = where == "on one phone"
            claimed = {pair for pair in pairs if (listed[pair[0]].phone == listed[pair[1]].phone) is of_phone}
            hits = len(claimed & doubles)
            note = f"{hits:,} of {len(doubles):,} doubles; {len(claimed):,} pairs"
            recall = 100 * hits / max(1, len(doubles))
            figures.append(Figure(f"{what}, {where}: recall", "%", [recall], note=note))
            figures.append(Figure(f"{what}, {where}: precision", "%", [100 * hits / max(1, len(claimed))]))
    return figures


def _exact(listed: Sequence[Enrolment]) -> set[Pair]:
    """The peer: names of the same letters in any order of words, on a phone or in a segment."""
    alike: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, entry in enumerate(listed):
        name = " ".join(sorted(entry.name.casefold().replace(".", " ").split()))
        for where in (entry.phone, entry.segment):
            alike[where, name].append(place)
    return {
        (one, other) for places in alike.values() for at, other in enumerate(places) for one in places[:at]
    }
