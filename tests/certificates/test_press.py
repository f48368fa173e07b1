"""The press: sheets are set, kept sealed, taken up again after a kill, and forget what is revoked."""

import asyncio
import csv
import io
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pypdfium2
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from certificates.press.press import Press
from certificates.press.store import STRAY_SECONDS, Part, SheetStore
from certificates.rendering.pool import RenderPool
from certificates.storage import press_jobs
from certificates.storage.press_jobs import Stage
from mitra_shared.log import unit_of_work
from mitra_shared.process import ShutdownSignal
from mitra_shared.security.tokens import public_jwks
from tests.certificates.certificates_api import SIGNING_KEY
from tests.certificates.issuing import NAME_KEYS, NAMES, PUBLIC_URL, enrol
from tests.certificates.papers import IN_CHARGE, SEGMENT, Office, office_on, slug
from tests.servers import Database

PATIENCE = 60
"""Seconds for anything to happen: a loose bound, for machines with much else to do."""


@pytest_asyncio.fixture
async def office(certificates_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Office]:
    async with office_on(certificates_engine, tmp_path) as office:
        yield office


@asynccontextmanager
async def press_of(office: Office, *, most_bytes: int = 1_000_000_000) -> AsyncIterator[Press]:
    """A press with a worker, whose store is the one that the API reads."""
    pool = RenderPool(workers=1, system_fonts=False)
    store = SheetStore(office.directory / "sheets", NAMES)
    try:
        yield Press(office.engine, office.issuer, pool, store, most_bytes=most_bytes)
    finally:
        await pool.close()


async def pressed(press: Press) -> None:
    """Work until nothing waits."""
    while await press.work_once(ShutdownSignal()):
        pass


async def file_of(office: Office, sheet: str, part: Part) -> bytes:
    answer = await office.api.get(f"/v1/sheets/{sheet}/{part}", headers=IN_CHARGE)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "private, no-store"
    return answer.content


def numbers_in(pdf: bytes) -> list[str]:
    """The number on each page."""
    with_numbers = []
    for page in pypdfium2.PdfDocument(pdf):
        words = page.get_textpage().get_text_range().replace("\r", "\n").split()
        with_numbers.append(next(word for word in words if word.startswith(f"{SEGMENT}-")))
    return with_numbers


def numbered(*serials: int) -> list[str]:
    return [f"{SEGMENT}-{serial:04d}" for serial in serials]


async def stage_of(office: Office, sheet: str) -> dict[str, Any]:
    answer = await office.api.get(f"/v1/sheets/{sheet}", headers=IN_CHARGE)
    assert answer.status_code == 200, answer.text
    pages: dict[str, Any] = answer.json()["pages"]
    return pages


async def test_a_sheet_is_set_in_order_with_its_lists(office: Office) -> None:
    await office.issue(4)
    sheet = await office.sheet(most=3)
    waiting = await office.api.get(f"/v1/sheets/{sheet}/certificates.pdf", headers=IN_CHARGE)
    assert (waiting.status_code, slug(waiting)) == (409, "sheet-not-ready")
    assert waiting.headers["retry-after"] == "2"
    async with press_of(office) as press:
        await pressed(press)
    told = await stage_of(office, sheet)
    assert (told["stage"], told["prepared"], told["total"]) == ("ready", 3, 3)
    assert numbers_in(await file_of(office, sheet, Part.CERTIFICATES)) == numbered(1, 2, 3)
    table = csv.reader(io.StringIO((await file_of(office, sheet, Part.TABLE)).decode("utf-8-sig")))
    assert list(table) == [
        ["number", "name", "co_in_charge", "signature"],
        *(
            [number, f"Asha Devi {n}", "S11-PC04/co-in-charge-01", ""]
            for n, number in enumerate(numbered(1, 2, 3), 1)
        ),
    ]
    manifest = pypdfium2.PdfDocument(await file_of(office, sheet, Part.MANIFEST))
    assert all(number in manifest[0].get_textpage().get_text_range() for number in numbered(1, 2, 3))
    assert (await office.post(f"/v1/sheets/{sheet}/printed")).json()["printed"]["new"] == 3


async def test_nothing_of_a_sheet_lies_in_clear(office: Office) -> None:
    await office.issue(2)
    sheet = await office.sheet()
    async with press_of(office) as press:
        await pressed(press)
    assert b"Asha Devi" in await file_of(office, sheet, Part.TABLE)
    files = list((office.directory / "sheets").iterdir())
    assert len(files) == len(Part)
    for path in files:
        assert path.stat().st_mode & 0o077 == 0
        assert b"Asha Devi" not in path.read_bytes()
        assert not path.read_bytes().startswith(b"%PDF")
    (row,) = await office.rows("select cast(press_job as text) from press_job")
    assert "Asha" not in row[0]


async def test_a_sheet_that_is_made_again_is_the_same_to_the_byte(office: Office) -> None:
    await office.issue(3)
    sheet = await office.sheet()
    async with press_of(office) as press:
        await pressed(press)
        before = [await file_of(office, sheet, part) for part in Part]
        await office.issue(2, first=10)
        again = await office.post(f"/v1/sheets/{sheet}/rendering")
        assert (again.status_code, again.json()["pages"]["stage"]) == (202, "waiting")
        await pressed(press)
    assert [await file_of(office, sheet, part) for part in Part] == before


async def test_a_certificate_that_cannot_be_set_is_named_and_the_rest_goes_on(office: Office) -> None:
    for number in range(1, 8):
        enrol(office.log, number, "\u200d" if number in {2, 6} else f"Asha Devi {number}")
    await office.sign()
    sheet = await office.sheet()
    async with press_of(office) as press:
        await pressed(press)
        assert numbers_in(await file_of(office, sheet, Part.CERTIFICATES)) == numbered(1, 3, 4, 5, 7)
        told = (await office.api.get(f"/v1/sheets/{sheet}", headers=IN_CHARGE)).json()
        assert [each["number"] for each in told["failed"]] == numbered(2, 6)
        assert all(each["why"] for each in told["failed"])
        assert (await office.post(f"/v1/sheets/{sheet}/printed")).json()["printed"]["new"] == 5
        later = await office.sheet()
        assert await office.serials(later) == [2, 6]
        await pressed(press)
    gone = await office.api.get(f"/v1/sheets/{later}/certificates.pdf", headers=IN_CHARGE)
    assert (gone.status_code, slug(gone)) == (410, "sheet-empty")


async def test_a_template_that_sets_nothing_is_blamed_and_no_certificate(office: Office) -> None:
    for number in range(1, 30):
        enrol(office.log, number, "\u200d")
    await office.sign()
    sheet = await office.sheet()
    async with press_of(office) as press:
        await pressed(press)
    answer = await office.api.get(f"/v1/sheets/{sheet}/certificates.pdf", headers=IN_CHARGE)
    assert (answer.status_code, slug(answer)) == (500, "sheet-failed")
    assert "more than 20 certificates cannot be set" in answer.json()["detail"]
    assert await office.rows("select place from sheet_member where failed is not null") == []
    assert (await office.post(f"/v1/sheets/{sheet}/rendering")).json()["pages"]["stage"] == "waiting"


async def test_a_revoked_certificate_is_in_no_rendering_from_that_moment(office: Office) -> None:
    await office.issue(3)
    sheet = await office.sheet()
    async with press_of(office) as press:
        await pressed(press)
        office.log.withdrew(2)
        await office.sign()
        assert await office.rows("select stage, sealed_key, rendering from press_job") == [
            ("gone", None, None)
        ]
        told = (await office.api.get(f"/v1/sheets/{sheet}", headers=IN_CHARGE)).json()
        assert told["revoked"] == numbered(2)
        asked = await office.api.get(f"/v1/sheets/{sheet}/manifest.csv", headers=IN_CHARGE)
        assert (asked.status_code, slug(asked)) == (409, "sheet-not-ready")
        await pressed(press)
    assert numbers_in(await file_of(office, sheet, Part.CERTIFICATES)) == numbered(1, 3)
    assert b"Asha Devi 2" not in await file_of(office, sheet, Part.TABLE)


async def test_a_revocation_in_the_middle_of_setting_begins_the_sheet_again(office: Office) -> None:
    await office.issue(2)
    sheet = await office.sheet()
    worker = uuid4()
    async with unit_of_work(office.engine) as unit:
        job = await press_jobs.claim(unit.connection, worker)
    assert job is not None
    office.log.withdrew(1)
    await office.sign()
    finished = press_jobs.Finished(uuid4(), "sealed", 1, (1, 2), 60)
    async with unit_of_work(office.engine) as unit:
        assert not await press_jobs.finish(unit.connection, job.sheet, worker, finished)
        assert not await press_jobs.renew(unit.connection, job.sheet, worker, Stage.TYPESETTING, 1, 2)
    async with press_of(office) as press:
        await pressed(press)
    assert numbers_in(await file_of(office, sheet, Part.CERTIFICATES)) == numbered(2)


async def test_whoever_lost_the_lease_has_nothing_to_say(office: Office) -> None:
    await office.issue(1)
    await office.sheet()
    slow, quick = uuid4(), uuid4()
    async with unit_of_work(office.engine) as unit:
        assert await press_jobs.claim(unit.connection, slow) is not None
        assert await press_jobs.claim(unit.connection, quick) is None
    await office.run("update press_job set lease_until = now() - interval '1 s'")
    async with unit_of_work(office.engine) as unit:
        job = await press_jobs.claim(unit.connection, quick)
        assert job is not None
        assert job.attempts == 2
        assert not await press_jobs.renew(unit.connection, job.sheet, slow, Stage.OPENING, 0, 1)
        await press_jobs.rest(unit.connection, job.sheet, slow, Stage.FAILED, "slow")
        late = press_jobs.Finished(uuid4(), "sealed", 1, (1,), 60)
        assert not await press_jobs.finish(unit.connection, job.sheet, slow, late)
    assert await office.rows("select stage, worker from press_job") == [("opening", quick)]


async def test_a_job_that_loses_its_worker_again_and_again_is_given_up(office: Office) -> None:
    await office.issue(1)
    sheet = await office.sheet()
    for _ in range(3):
        async with unit_of_work(office.engine) as unit:
            assert await press_jobs.claim(unit.connection, uuid4()) is not None
        await office.run("update press_job set lease_until = now() - interval '1 s'")
    async with press_of(office) as press:
        await pressed(press)
        told = await stage_of(office, sheet)
        assert (told["stage"], told["trouble"]) == ("failed", "whoever worked on it was lost 3 times")
        await office.post(f"/v1/sheets/{sheet}/rendering")
        await pressed(press)
    assert (await stage_of(office, sheet))["stage"] == "ready"


async def test_two_presses_share_the_sheets_and_make_each_once(office: Office) -> None:
    await office.issue(12)
    sheets = [await office.sheet(most=2) for _ in range(6)]
    async with press_of(office) as one, press_of(office) as other:
        await asyncio.gather(pressed(one), pressed(other))
    for place, sheet in enumerate(sheets):
        expected = numbered(2 * place + 1, 2 * place + 2)
        assert numbers_in(await file_of(office, sheet, Part.CERTIFICATES)) == expected
    assert len(list((office.directory / "sheets").iterdir())) == 6 * len(Part)


async def test_a_press_that_is_asked_to_stop_gives_its_job_back(office: Office) -> None:
    await office.issue(200)
    sheet = await office.sheet()
    stop = ShutdownSignal()
    async with press_of(office) as press:
        working = asyncio.create_task(press.work_once(stop))
        while (await stage_of(office, sheet))["stage"] == "waiting":  # noqa: ASYNC110 - rows tell, no event
            await asyncio.sleep(0.005)
        stop.request("the test says so")
        assert await working
        assert (await stage_of(office, sheet))["stage"] == "waiting"
        await pressed(press)
    assert numbers_in(await file_of(office, sheet, Part.CERTIFICATES)) == numbered(*range(1, 201))


async def test_what_is_old_or_too_much_is_given_up_and_its_files_removed(office: Office) -> None:
    await office.issue(3)
    sheets = [await office.sheet(most=1) for _ in range(3)]
    async with press_of(office) as press:
        await pressed(press)
        await office.run("update press_job set expires_at = now() where sheet = :sheet", sheet=sheets[0])
        directory = office.directory / "sheets"
        long_ago = (directory / "x").parent.stat().st_mtime - STRAY_SECONDS - 60
        for path in directory.iterdir():
            os.utime(path, (long_ago, long_ago))
        await press.tidy()
        assert [(await stage_of(office, sheet))["stage"] for sheet in sheets] == ["gone", "ready", "ready"]
        assert len(list(directory.iterdir())) == 2 * len(Part)
    async with press_of(office, most_bytes=0) as small:
        await small.tidy()
    assert list(directory.iterdir()) == []
    assert [(await stage_of(office, sheet))["stage"] for sheet in sheets] == ["gone"] * 3


async def test_a_file_that_is_damaged_or_gone_is_made_again(office: Office) -> None:
    await office.issue(2)
    sheet = await office.sheet()
    async with press_of(office) as press:
        await pressed(press)
        before = await file_of(office, sheet, Part.CERTIFICATES)
        for harm in ("damage", "remove"):
            (path,) = (office.directory / "sheets").glob("*.certificates.pdf")
            if harm == "damage":
                content = bytearray(path.read_bytes())
                content[len(content) // 2] ^= 1
                path.write_bytes(content)
            else:
                path.unlink()
            asked = await office.api.get(f"/v1/sheets/{sheet}/certificates.pdf", headers=IN_CHARGE)
            assert slug(asked) == "sheet-not-ready"
            for path in (office.directory / "sheets").iterdir():
                path.unlink()
            await pressed(press)
            assert await file_of(office, sheet, Part.CERTIFICATES) == before


class ApiProcess:
    """A real api process on the database and the store of an office."""

    def __init__(self, office: Office, database: Database, name: str) -> None:
        self._port_file = office.directory / f"port-{name}"
        self._environment = os.environ | {
            "MITRA_DATABASE_URL": database.url,
            "MITRA_REDIS_URL": "redis://127.0.0.1:1",
            "MITRA_TOKEN_KEYS": public_jwks(SIGNING_KEY),
            "MITRA_PUBLIC_URL": PUBLIC_URL,
            "MITRA_NAME_KEYS": NAME_KEYS,
            "MITRA_CERTIFICATE_KEY": b64encode(b"a key for tests of certificates.").decode(),
            "MITRA_ISSUER_KEYS": str(office.directory / "keys.json"),
            "MITRA_WORK_DIR": str(office.directory / f"work-{name}"),
            "MITRA_SHEETS_DIR": str(office.directory / "sheets"),
            "MITRA_RENDER_WORKERS": "1",
            "MITRA_PORT_FILE": str(self._port_file),
        }
        self._process: Process | None = None

    @property
    def is_there(self) -> bool:
        return self._process is not None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "certificates", "api", env=self._environment, stdout=DEVNULL
        )

    async def end(self, number: signal.Signals) -> None:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(number)
        async with asyncio.timeout(PATIENCE):
            await self._process.wait()


async def until(office: Office, sheet: str, *stages: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while (await stage_of(office, sheet))["stage"] not in stages:  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.01)


async def test_a_sheet_survives_kills_in_its_middle_with_the_same_members(
    office: Office, certificates_database: Database
) -> None:
    await office.issue(600)
    sheet = await office.sheet(most=500)
    members = await office.serials(sheet)
    processes = [ApiProcess(office, certificates_database, name) for name in ("one", "two")]
    try:
        for stages in (("opening", "typesetting"), ("typesetting",)):
            await processes[0].start()
            await until(office, sheet, *stages)
            await processes[0].end(signal.SIGKILL)
            assert (await stage_of(office, sheet))["stage"] in {"opening", "typesetting"}
            # As if the time of the lease had passed.
            await office.run("update press_job set lease_until = now()")
            await office.issue(1, first=1_000 + len(stages))
        await asyncio.gather(*(process.start() for process in processes))
        await until(office, sheet, "ready")
    finally:
        await asyncio.gather(*(process.end(signal.SIGKILL) for process in processes if process.is_there))
    assert await office.serials(sheet) == members
    assert numbers_in(await file_of(office, sheet, Part.CERTIFICATES)) == numbered(*members)
    (attempts,) = await office.rows("select attempts, stage from press_job")
    assert attempts == (0, "ready")


async def test_the_work_of_the_press_is_in_no_log(office: Office, capfd: Any) -> None:
    await office.issue(2)
    enrol(office.log, 9, "\u200d")
    await office.sign()
    await office.sheet()
    async with press_of(office) as press:
        await pressed(press)
    said = capfd.readouterr()
    assert "a sheet cannot be set whole" in said.out + said.err
    assert "Asha" not in said.out + said.err
