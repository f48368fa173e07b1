"""The ledger of erasures: a file apart from the backups, and a restored database that is erased again."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.commands.apply_ledger import apply_ledger
from enrolment.commands.erase_mitras import erase_mitras
from enrolment.commands.file_erasures import file_erasures
from enrolment.commands.plan_erasure import PlanErasure, plan_erasure
from enrolment.domain.retention import Why
from enrolment.ledger_file import FiledErasure, append_to, lines_of, read_ledger
from enrolment.storage.locks import try_lock_upkeep
from mitra_shared.database import create_engine
from mitra_shared.ids import CampaignId, MitraId
from tests.enrolment.intake_api import CONSTITUENCY, IntakeApi, load, logged, person, rows, running_api
from tests.enrolment.staff_world import staff_world
from tests.factories import small_campaign
from tests.servers import Database, Databases

CAMPAIGN = CampaignId("small")
LATER = datetime.now(UTC) + timedelta(days=3)


def filed(mitra: UUID | None = None) -> FiledErasure:
    return FiledErasure(
        mitra=MitraId(mitra or uuid4()),
        campaign=CAMPAIGN,
        why=Why.ASKED,
        noticed_at=LATER - timedelta(days=2),
        erased_at=LATER,
        event_id=uuid4(),
    )


async def enrolled(api: IntakeApi, number: int) -> MitraId:
    return MitraId(UUID((await api.enrol(person(number))).json()["mitra_id"]))


async def erase(engine: AsyncEngine, *mitras: MitraId) -> None:
    for mitra in mitras:
        await plan_erasure(PlanErasure(mitra, CAMPAIGN, datetime.now(UTC)), engine)
    assert await erase_mitras(engine, LATER) == len(mitras)


def tool(database: Database, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "enrolment", "erasures", *arguments],
        env={**os.environ, "MITRA_DATABASE_URL": database.url},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_a_line_that_was_cut_off_spoils_no_other(tmp_path: Path) -> None:
    path, first, second = tmp_path / "ledger", filed(), filed()
    append_to(path, [first])
    with path.open("a") as file:
        file.write(lines_of([second])[:40])
    append_to(path, [second])
    ledger = read_ledger(path.read_text())
    assert (list(ledger.erasures), list(ledger.unreadable)) == ([first, second], [])
    assert list(read_ledger(path.read_text() + "01a2").unreadable) == [4]
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_erasure_that_was_filed_twice_counts_once() -> None:
    one = filed()
    assert list(read_ledger(lines_of([one, one])).erasures) == [one]


async def test_each_erasure_is_filed_and_a_process_that_ended_before_the_note_files_it_again(
    enrolment_engine: AsyncEngine, tmp_path: Path
) -> None:
    path = tmp_path / "ledger"
    await load(enrolment_engine, small_campaign())
    async with running_api(enrolment_engine) as api:
        mitras = [await enrolled(api, number) for number in range(3)]
    await erase(enrolment_engine, *mitras)
    assert await file_erasures(enrolment_engine, path, LATER) == 3
    assert await file_erasures(enrolment_engine, path, LATER) == 0
    await rows_changed(enrolment_engine, "update erasure set filed_at = null")
    assert await file_erasures(enrolment_engine, path, LATER) == 3
    ledger = read_ledger(path.read_text())
    assert ({each.mitra for each in ledger.erasures}, ledger.unreadable) == (set(mitras), [])
    assert set(json.loads(path.read_text().splitlines()[0])) == {
        "mitra", "campaign", "why", "noticed_at", "erased_at", "event_id",
    }  # fmt: skip


async def rows_changed(engine: AsyncEngine, statement: str) -> None:
    async with engine.begin() as connection:
        await connection.exec_driver_sql(statement)


async def test_a_database_from_before_is_erased_again_before_it_serves(
    enrolment_database: Database, enrolment_engine: AsyncEngine, databases: Databases, tmp_path: Path
) -> None:
    """A copy of the database stands for the backup: it knows of no erasure, and not of who came later."""
    await load(enrolment_engine, small_campaign())
    async with running_api(enrolment_engine) as api:
        gone, left, stays = [await enrolled(api, number) for number in range(3)]
        await api.post(f"/v1/mitras/{left}/withdrawal")
        await enrolment_engine.dispose()
        backup = await databases.copy(enrolment_database)
        later = await enrolled(api, 7)
    await erase(enrolment_engine, gone, left, later)
    exported = await asyncio.to_thread(tool, enrolment_database, "export", str(tmp_path / "ledger"))
    assert exported.returncode == 0, exported.stderr
    applied = await asyncio.to_thread(tool, backup, "apply", str(tmp_path / "ledger"))
    assert (applied.returncode, applied.stdout) == (
        0,
        (
            "3 people in the ledger: 2 erased now, 0 erased before, 1 not in this database\n"
            "0 former staff in the ledger: 0 erased now, 0 erased before, 0 not in this database\n"
        ),
    ), applied.stderr
    engine = create_engine(backup.url, application="tests")
    try:
        people = await rows(engine, "select id, name, erased_at from mitra")
        assert {each.id for each in people if each.erased_at is not None} == {gone, left}
        assert [each.id for each in people if each.name is not None] == [stays]
        told = await logged(engine, "enrolment")
        assert [each["type"] for each in told if each.get("mitra_id") == str(gone)] == [
            "MitraEnrolledV1", "MitraWithdrawnV1", "MitraErasedV1",
        ]  # fmt: skip
        again = await apply_ledger(engine, read_ledger((tmp_path / "ledger").read_text()).erasures, LATER)
        assert again == (0, 1)
    finally:
        await engine.dispose()
    await databases.drop(backup)


async def test_a_ledger_waits_for_periodic_work_that_is_under_way(enrolment_engine: AsyncEngine) -> None:
    await load(enrolment_engine, small_campaign())
    async with running_api(enrolment_engine) as api:
        mitra = await enrolled(api, 1)
    async with enrolment_engine.begin() as connection:
        assert await try_lock_upkeep(connection)
        applying = asyncio.create_task(apply_ledger(enrolment_engine, [filed(mitra)], LATER))
        done, _ = await asyncio.wait([applying], timeout=0.5)
        assert not done
    assert await applying == (1, 0)


async def test_former_staff_are_filed_and_erased_again_with_the_post_of_before(
    enrolment_database: Database, enrolment_engine: AsyncEngine, databases: Databases, tmp_path: Path
) -> None:
    path = tmp_path / "ledger"
    await load(enrolment_engine, small_campaign())
    async with staff_world(enrolment_engine) as staff:
        in_charge = await staff.in_charge()
        gone = await staff.appointed(in_charge.token, "co_in_charge", CONSTITUENCY)
        await enrolment_engine.dispose()
        backup = await databases.copy(enrolment_database)
        later = await staff.appointed(in_charge.token, "co_in_charge", CONSTITUENCY)
        for each in (gone, later):
            await staff.ask("POST", f"/v1/staff/{each.id}/suspension", token=in_charge.token)
            erased = await staff.ask("POST", f"/v1/staff/{each.id}/erasure", token=in_charge.token)
            assert erased.status_code == 204, erased.text
    assert await file_erasures(enrolment_engine, path, LATER) == 2
    assert await file_erasures(enrolment_engine, path, LATER) == 0
    exported = await asyncio.to_thread(tool, enrolment_database, "export", "-")
    assert read_ledger(exported.stdout).staff == read_ledger(path.read_text()).staff
    for told in ("1 erased now, 0 erased before", "0 erased now, 1 erased before"):
        applied = await asyncio.to_thread(tool, backup, "apply", str(path))
        assert f"2 former staff in the ledger: {told}, 1 not in this database\n" in applied.stdout
    engine = create_engine(backup.url, application="tests")
    try:
        accounts = await rows(engine, "select id from staff where erased_at is not null and name is null")
        posts = await rows(engine, "select ended_by from staff_grant where staff = :id", id=gone.id)
        names = [each.get("name") for each in await logged(engine, "staff") if each["staff"] == gone.id]
    finally:
        await engine.dispose()
    assert [row.id for row in accounts] == [gone.id]
    assert [row.ended_by for row in posts] == ["ledger"]
    assert set(names) == {None}
    await databases.drop(backup)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "usage: python -m enrolment erasures"),
        (("apply",), 2, "usage: python -m enrolment erasures"),
        (("apply", "/nowhere/ledger"), 2, "/nowhere/ledger cannot be read"),
        (("apply", "{garbled}"), 1, "no erasure can be read in line 1, 3"),
    ],
)
async def test_a_ledger_that_cannot_be_read_is_refused_in_plain_words(
    enrolment_database: Database, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    garbled = tmp_path / "garbled"
    garbled.write_text("{}\n" + lines_of([filed()]) + "01a2\n")
    given: list[Any] = [each.format(garbled=garbled) for each in arguments]
    done = await asyncio.to_thread(tool, enrolment_database, *given)
    assert done.returncode == code
    assert said in done.stderr
