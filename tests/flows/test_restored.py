"""Databases that come back from a backup: everybody ends up agreeing with the log that is there now."""

import asyncio
import os
import secrets
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio

from certificates.queries import unconfirmed
from mitra_shared.ops.embedded.programs import postgres_bin
from tests.factories import SEGMENTS
from tests.flows.logs import logs_of, rows
from tests.flows.real_stack import SINGLE, RealStack, real_stack
from tests.flows.settling import come_to_agree, until_settled
from tests.flows.story import Story, quota, story, until

PLACES = 6
"""For certificates in each segment: some are free before the backup, none afterwards."""
BEFORE, LOST, AFTER = 40, 24, 16
"""People enrolled before the backup, between it and the loss, and afterwards."""


@pytest_asyncio.fixture(scope="module")
async def village_stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RealStack]:
    """One process of each kind."""
    async with real_stack(SINGLE, tmp_path_factory.mktemp("village")) as stack:
        yield stack


@pytest_asyncio.fixture
async def village(village_stack: RealStack) -> AsyncIterator[Story]:
    """A campaign of its own, with a few more places than the small one has."""
    await village_stack.ready()
    async with story(village_stack, f"village-{secrets.token_hex(3)}") as told:
        await told.define(goals=quota(PLACES))
        yield told


async def enrol(tale: Story, people: int) -> list[tuple[str, str]]:
    """Enrol people in all segments in turn; every fifth withdraws. Returns their segments and ids."""
    segments = [list(SEGMENTS)[number % len(SEGMENTS)] for number in range(people)]
    enrolled = [
        (segment, answer["mitra_id"])
        for segment, answer in zip(segments, await asyncio.gather(*map(tale.enrol, segments)), strict=True)
    ]
    for segment, mitra in enrolled[::5]:
        await tale.withdraw(segment, mitra)
    return enrolled


async def issued(tale: Story) -> set[tuple[UUID, str, int]]:
    """Every number that is given: the Mitra, the segment, the number."""
    given = await rows(
        tale.stack.engines["certificates"],
        "select mitra_id, segment, serial from certificate where serial is not null and campaign = :campaign",
        campaign=tale.campaign,
    )
    return {(row.mitra_id, row.segment, row.serial) for row in given}


def dump(stack: RealStack, database: str) -> str:
    """A backup of a database as `pg_dump` makes it, while everything runs."""
    done = subprocess.run(
        [str(postgres_bin() / "pg_dump"), stack.postgres.url(database)],
        capture_output=True, text=True, check=True, env={"LC_ALL": "C.UTF-8", "PATH": os.defpath}, timeout=60,
    )  # fmt: skip
    return done.stdout


def restore(stack: RealStack, database: str, backup: str) -> None:
    stack.postgres.run_script(f"drop database {database} with (force);")
    stack.postgres.run_script(stack.roles_script())
    stack.postgres.run_script(backup, database=database)


async def wipe_redis(stack: RealStack) -> None:
    stack.held.add(stack.redis)
    stack.redis.kill()
    stack.redis.forget()
    await stack.launch(stack.redis)
    stack.held.discard(stack.redis)


KEPT, WIPED = "redis kept", "redis wiped"


@pytest.mark.parametrize(
    ("wiped", "grown"),
    [
        pytest.param(False, False, id=f"shorter, {KEPT}", marks=pytest.mark.soak),
        pytest.param(True, False, id=f"shorter, {WIPED}"),
        pytest.param(False, True, id=f"grown past what was lost, {KEPT}", marks=pytest.mark.soak),
        pytest.param(True, True, id=f"grown past what was lost, {WIPED}", marks=pytest.mark.soak),
    ],
)
async def test_everybody_follows_a_restored_enrolment_log(
    village: Story, *, wiped: bool, grown: bool
) -> None:
    stack = village.stack
    await enrol(village, BEFORE)
    backup = dump(stack, "enrolment")
    lost = await enrol(village, LOST)
    await until_settled(stack)
    given = await issued(village)
    epochs = {p: head.epoch for p, head in (await logs_of(stack))["enrolment"].heads.items()}

    processes = list(stack.services.values())
    await stack.down(processes)
    restore(stack, "enrolment", backup)
    if wiped:
        await wipe_redis(stack)
    if grown:
        # The intake is back first, and takes more people than were lost before anybody looks at the log.
        first = stack.of("enrolment", "api")
        stack.up(first)
        await stack.ready()
        await enrol(village, 2 * LOST)
        stack.up(process for process in processes if process not in first)
    else:
        stack.up(processes)
        await stack.ready()
        await enrol(village, AFTER)

    await come_to_agree(stack)
    logs = await logs_of(stack)
    assert not {UUID(mitra) for _, mitra in lost} & {entry.subject for entry in logs["enrolment"].all()}
    async with stack.engines["certificates"].connect() as connection:
        told = await unconfirmed(connection)
    still = await issued(village)
    assert {(each.segment, each.serial) for each in told if each.campaign == village.campaign} == {
        (segment, serial) for _, segment, serial in given - still
    }
    assert given - still
    of_people = [entry for entry in logs["enrolment"].all() if entry.subject is not None]
    begun = {entry.partition for entry in of_people if entry.payload["campaign"] == village.campaign}
    assert all(logs["enrolment"].heads[partition].epoch > epochs[partition] for partition in begun)


@pytest.mark.parametrize(
    ("database", "wiped"),
    [
        pytest.param("certificates", False, id=f"certificates, {KEPT}", marks=pytest.mark.soak),
        pytest.param("certificates", True, id=f"certificates, {WIPED}", marks=pytest.mark.soak),
        pytest.param("reporting", False, id=f"reporting, {KEPT}", marks=pytest.mark.soak),
        pytest.param("reporting", True, id=f"reporting, {WIPED}", marks=pytest.mark.soak),
    ],
)
async def test_a_restored_consumer_catches_up(village: Story, database: str, *, wiped: bool) -> None:
    stack = village.stack
    await enrol(village, BEFORE)
    await until_settled(stack)
    backup = dump(stack, database)
    await enrol(village, LOST)
    await until_settled(stack)
    before = await issued(village)

    processes = list(stack.services.values())
    await stack.down(processes)
    restore(stack, database, backup)
    if wiped:
        await wipe_redis(stack)
    stack.up(processes)
    await come_to_agree(stack)
    assert await issued(village) == before
    await enrol(village, AFTER)
    await come_to_agree(stack)


@pytest.mark.soak
async def test_a_log_that_was_replayed_to_the_same_end_is_followed_into_its_new_epoch(village: Story) -> None:
    stack = village.stack
    await enrol(village, BEFORE)
    await until_settled(stack)
    backup = dump(stack, "certificates")
    await enrol(village, LOST)
    await until_settled(stack)

    processes = list(stack.services.values())
    await stack.down(processes)
    restore(stack, "certificates", backup)
    # The relay finds the fork before the consumer has caught up, and reporting comes only afterwards.
    late = [*stack.of("reporting"), *stack.of("certificates", "consumer")]
    stack.up(process for process in processes if process not in late)
    await stack.ready()
    stack.up(stack.of("certificates", "consumer"))
    await stack.ready()
    await until(lambda: _lacking(stack, "certificates"), lambda lacking: lacking == 0)
    stack.up(stack.of("reporting"))
    await come_to_agree(stack)
    await enrol(village, AFTER)
    await come_to_agree(stack)


async def _lacking(stack: RealStack, group: str) -> int:
    """How many entries of the enrolment log a group has not applied."""
    ends = await rows(stack.engines["enrolment"], "select sum(position) from enrolment_head")
    stands = await rows(
        stack.engines[group], "select sum(position) from consumer_position where topic = 'enrolment'"
    )
    return int(ends[0][0] - stands[0][0])


@pytest.mark.parametrize(
    ("wiped", "running"),
    [
        pytest.param(False, False, id=f"services stopped, {KEPT}", marks=pytest.mark.soak),
        pytest.param(True, False, id=f"services stopped, {WIPED}"),
        pytest.param(False, True, id=f"services running, {KEPT}", marks=pytest.mark.soak),
        pytest.param(True, True, id=f"services running, {WIPED}", marks=pytest.mark.soak),
    ],
)
async def test_all_databases_go_back_together(village: Story, *, wiped: bool, running: bool) -> None:
    stack = village.stack
    await enrol(village, BEFORE)
    await until_settled(stack)
    backup = await copy_of_data(stack)
    await enrol(village, LOST)
    await until_settled(stack)

    processes = [] if running else list(stack.services.values())
    await stack.down(processes)
    await put_back(stack, backup)
    if wiped:
        await wipe_redis(stack)
    stack.up(processes)
    await come_to_agree(stack)
    await enrol(village, AFTER)
    await come_to_agree(stack)


async def copy_of_data(stack: RealStack) -> Path:
    """Stop Postgres, copy its files, start it again."""
    stack.held.add(stack.postgres)
    await asyncio.to_thread(stack.postgres.stop)
    backup = stack.postgres.data.with_name("backup")
    _copy(stack.postgres.data, backup)
    await stack.launch(stack.postgres)
    stack.held.discard(stack.postgres)
    return backup


async def put_back(stack: RealStack, backup: Path) -> None:
    stack.held.add(stack.postgres)
    stack.postgres.kill()
    shutil.rmtree(stack.postgres.data)
    shutil.move(backup, stack.postgres.data)
    await stack.launch(stack.postgres)
    stack.held.discard(stack.postgres)


def _copy(source: Path, target: Path) -> None:
    """Copy a data directory with its owner, who is not us where we are root."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True, timeout=60)
