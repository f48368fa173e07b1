"""`mitra rebuild`: the same certificates, the right figures, whole streams, and honest ends."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from enrolment.commands.forget_requests import forget_requests
from enrolment.domain.retention import RECORDS_KEPT
from mitra_shared.contracts.topics import TOPICS
from tests.enrolment.intake_api import count
from tests.logs import served
from tests.ops.broken import WAYANAD
from tests.ops.campaign_world import World
from tests.ops.commands import mitra
from tests.ops.operating import Operator

CERTIFICATES = "select id, mitra_id, state, serial, issued_at, revoked_at from certificate order by id"


async def test_rebuilt_certificates_are_the_same_and_reporting_follows(world: World, tmp_path: Path) -> None:
    before = await world.rows("certificates", CERTIFICATES)
    async with world.living():
        told = await Operator(world, tmp_path).asks(
            "rebuild", "certificates", "--partition", str(WAYANAD), "--partition", "14"
        )
        assert (told["finished"], told["rebuilt"], told["partitions"]) == (
            True,
            "certificates",
            [WAYANAD, 14],
        )
        assert told["entries"] > 20
        assert await world.rows("certificates", CERTIFICATES) == before
        report = await world.audit(deep=True, patience=20)
        assert report.clean, report.findings
    epochs = await world.rows(
        "certificates", "select partition from certificates_head where epoch = 2 order by 1"
    )
    assert [partition for (partition,) in epochs] == [WAYANAD, 14]
    restarts = await world.rows("reporting", "select distinct partition from consumer_restart order by 1")
    assert [partition for (partition,) in restarts] == [WAYANAD, 14]


async def test_reporting_that_was_away_finds_that_certificates_were_rebuilt(
    world: World, tmp_path: Path
) -> None:
    async with world.relaying():
        async with world.consuming("certificates", "credentials"):
            told = await Operator(world, tmp_path).asks(
                "rebuild", "certificates", "--partition", str(WAYANAD), "--timeout", "20", exit_code=1
            )
        assert "certificates are rebuilt, but reporting has not followed" in told["why"]
        assert told["lacking"] == [f"certificates.{{{WAYANAD}}}"]
        assert "positions" in (await world.audit(patience=20)).findings
        async with world.consuming("reporting"):
            await followed(world)
    report = await world.audit(deep=True)
    assert report.clean, report.findings


async def followed(world: World) -> None:
    """Wait until reporting stands in the new epoch of the certificates log."""
    query = "select epoch, position from consumer_position where topic = 'certificates' and partition = :p"
    for _ in range(1_200):
        (standing,) = await world.rows("reporting", query, p=WAYANAD)
        if tuple(standing) == (2, 20):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"reporting stands at {standing}")


async def test_reporting_is_verified_and_put_right_beside_its_consumers(world: World, tmp_path: Path) -> None:
    await world.run("reporting", "update rollup_total set enrolled = enrolled + 1 where area = 'S11-AC017'")
    await world.run("reporting", "delete from rollup_day where metric = 'withdrawn'")
    positions = await world.rows("reporting", "select * from consumer_position order by topic, partition")
    async with world.living(), served(world.logs()) as url:
        operator = Operator(world, tmp_path, logs=url)
        told = await operator.asks("rebuild", "reporting", "--verify", exit_code=1)
        assert told["verified"] == "reporting"
        assert told["differing"]["rollup_total"] == 1
        figure = next(figure for figure in told["figures"] if figure["table"] == "rollup_total")
        assert (figure["key"]["area"], figure["figure"]) == ("S11-AC017", "enrolled")
        assert figure["live"] == figure["replayed"] + 1
        done = await operator.runs("rebuild", "reporting")
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("Rebuilt reporting: ")
        assert "1 figures of rollup_total were put right" in done.stdout
        done = await operator.runs("rebuild", "reporting", "--verify", "--partition", str(WAYANAD))
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.endswith("Live figures are what the logs give\n")
        report = await world.audit(patience=20)
        assert report.clean, report.findings
    assert await world.rows("reporting", "select * from consumer_restart") == []
    now = await world.rows("reporting", "select * from consumer_position order by topic, partition")
    assert [row[:5] for row in now] == [row[:5] for row in positions]


async def test_a_rebuild_killed_in_the_middle_changes_nothing_and_is_run_again(
    world: World, tmp_path: Path
) -> None:
    await world.run("reporting", "update rollup_total set enrolled = enrolled + 1 where area = 'S11-AC017'")
    before = await world.rows("reporting", "select area, enrolled from rollup_total order by 1")
    async with served(world.logs()) as url:
        operator = Operator(world, tmp_path, logs=url)
        # What it puts right it puts right under the version, which somebody holds.
        async with world.reporting.begin() as holding:
            await holding.execute(text("set local idle_in_transaction_session_timeout = 0"))
            await holding.execute(text("select * from rollup_version for update"))
            rebuilding = await operator.starts("rebuild")
            waits = "select 1 from pg_stat_activity where application_name = 'reporting rebuild'"
            async with asyncio.timeout(60):
                while not await world.rows("reporting", f"{waits} and wait_event_type = 'Lock'"):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            rebuilding.kill()
            await rebuilding.wait()
        async with asyncio.timeout(60):
            while await world.rows("reporting", waits):  # noqa: ASYNC110 - the server notices it by itself
                await asyncio.sleep(0.05)
        assert await world.rows("reporting", "select area, enrolled from rollup_total order by 1") == before
        told = await operator.asks("rebuild", "reporting")
        assert told["differing"] == {"rollup_total": 1}
    report = await world.audit()
    assert report.clean, report.findings


async def test_reporting_cannot_be_rebuilt_while_a_log_does_not_answer(world: World, tmp_path: Path) -> None:
    told = await Operator(world, tmp_path).asks("rebuild", "reporting", "--partition", "3", exit_code=2)
    assert told == {"finished": False, "why": told["why"]}
    assert "ConnectError at the log endpoint" in told["why"]
    done = await Operator(world, tmp_path).runs("rebuild", "reporting", "--timeout", "1")
    assert done.returncode == 2
    assert done.stderr.startswith("mitra: ")


async def test_rebuilt_streams_are_whole(world: World, tmp_path: Path) -> None:
    await world.redis.xdel("enrolment.{10}", "1-3", "1-4")
    await world.redis.set("certificates.{14}", "no stream")
    async with world.living():
        told = await Operator(world, tmp_path).asks("rebuild", "streams")
        assert told["rebuilt"] == "streams"
        report = await world.audit(deep=True, patience=20)
        assert report.clean, report.findings


async def test_requests_of_people_that_were_forgotten_do_not_come_back_and_all_adds_up(
    world: World, tmp_path: Path
) -> None:
    before = await world.rows("certificates", CERTIFICATES)
    asked = await count(world.enrolment, "person_request")
    later, forgotten = datetime.now(UTC) + RECORDS_KEPT, 0
    while some := await forget_requests(world.enrolment, later, at_most=2):
        forgotten += some
    assert forgotten == asked > 2
    async with world.living():
        operator = Operator(world, tmp_path)
        await operator.asks("rebuild", "certificates", "--partition", str(WAYANAD))
        await operator.asks("rebuild", "streams")
        report = await world.audit(deep=True, patience=20)
        assert report.clean, report.findings
    assert await world.rows("certificates", CERTIFICATES) == before
    assert await count(world.enrolment, "person_request") == 0


async def test_one_stream_alone_is_rebuilt(world: World, tmp_path: Path) -> None:
    other = await world.redis.xinfo_stream("enrolment.{14}")
    async with world.relaying():
        told = await Operator(world, tmp_path).asks(
            "rebuild", "streams", "--topic", "enrolment", "--partition", str(WAYANAD)
        )
    assert told["partitions"] == [WAYANAD]
    assert await world.redis.xinfo_stream("enrolment.{14}") == other
    assert (await world.audit(deep=True)).clean


async def test_a_rebuild_that_nobody_takes_up_is_not_called_done(world: World, tmp_path: Path) -> None:
    operator = Operator(world, tmp_path)
    told = await operator.asks("rebuild", "certificates", "--partition", "3", "--timeout", "1", exit_code=1)
    assert told["finished"] is False
    assert "no consumer of certificates has taken it up: is it running? The request stands" in told["why"]
    assert told["lacking"] == ["enrolment.{3}"]
    done = await operator.runs("rebuild", "streams", "--partition", "3", "--timeout", "1")
    assert done.returncode == 1
    assert "are they running?" in done.stderr
    async with world.living():
        await operator.asks("rebuild", "certificates", "--partition", "3")
        await operator.asks("rebuild", "streams", "--partition", "3")
        report = await world.audit(deep=True, patience=20)
        assert report.clean, report.findings


async def test_a_group_that_never_ran_has_nothing_to_rebuild(world: World, tmp_path: Path) -> None:
    await world.run("certificates", "delete from consumer_position")
    done = await Operator(world, tmp_path).runs("rebuild", "certificates")
    assert done.returncode == 1
    assert done.stderr == "mitra: certificates has never consumed anything: there is nothing to rebuild\n"


def test_an_unknown_topic_is_named(tmp_path: Path) -> None:
    done = mitra("rebuild", "streams", "--topic", "rollups", directory=tmp_path)
    assert done.returncode == 2
    assert f"there is no topic rollups; topics are {', '.join(TOPICS)}" in done.stderr


def test_without_a_stack_it_says_what_is_missing(tmp_path: Path) -> None:
    done = mitra("rebuild", "reporting", directory=tmp_path)
    assert done.returncode == 1
    assert "no stack runs on .mitra; start one with: mitra up, or name a deployment" in done.stderr
