"""The real processes together: streams in, certificates and their own streams out, whatever is killed."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from time import time

import httpx
import pytest
import pytest_asyncio
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from certificates.__main__ import SERVICE
from mitra_shared.contracts.topics import CERTIFICATES, ENROLMENT, all_partitions, partition_of
from mitra_shared.credential.keys import new_issuer_keys
from mitra_shared.ids import AreaCode, CampaignId, StaffId
from mitra_shared.log import unit_of_work
from mitra_shared.relay.relay import Relay
from mitra_shared.security.secret_files import write_secret
from mitra_shared.security.tokens import Caller, Role, mint, new_signing_key, public_jwks
from mitra_shared.streams import connect
from tests.certificates.conftest import Look
from tests.certificates.enrolment_log import CAMPAIGN, EnrolmentLog, quotas
from tests.certificates.issuing import NAME_KEYS, PUBLIC_URL, enrol
from tests.servers import Database

PATIENCE = 60
"""Seconds for anything to happen: a loose bound, for machines with much else to do."""

SIGNING_KEY = new_signing_key()
IN_CHARGE = Caller(StaffId("S11-PC04/in-charge"), Role.IN_CHARGE, CampaignId(CAMPAIGN), AreaCode("S11-PC04"))
BEARER = {"Authorization": f"Bearer {mint(SIGNING_KEY, IN_CHARGE, lifetime=timedelta(days=1))}"}


class Service:
    """Processes of the service, by name."""

    def __init__(self, directory: Path, database: Database, redis_url: str) -> None:
        service = Caller(StaffId("certificates"), Role.SERVICE)
        self.directory = directory
        self.environment = os.environ | {
            "MITRA_DATABASE_URL": database.url,
            "MITRA_REDIS_URL": redis_url,
            "MITRA_TOKEN_KEYS": public_jwks(SIGNING_KEY),
            "MITRA_SERVICE_TOKEN": mint(SIGNING_KEY, service, lifetime=timedelta(days=1)),
            "MITRA_CERTIFICATE_KEY": b64encode(bytes(32)).decode(),
            "MITRA_NAME_KEYS": NAME_KEYS,
            "MITRA_ENROLMENT_URL": "http://127.0.0.1:1",
            "MITRA_CERTIFICATES_URL": "http://127.0.0.1:1",
            "MITRA_PUBLIC_URL": PUBLIC_URL,
            "MITRA_ISSUER_KEYS": str(directory / "keys.json"),
            "MITRA_WORK_DIR": str(directory / "work"),
        }
        write_secret(directory / "keys.json", new_issuer_keys(time()))
        self.running: dict[str, tuple[Process, str]] = {}
        self.numbers = count()

    async def start(self, name: str) -> str:
        """Start a process; returns its address once it serves."""
        port_file = self.directory / f"{name}-{next(self.numbers)}"
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "certificates",
            name,
            env=self.environment | {"MITRA_PORT_FILE": str(port_file)},
            stdout=DEVNULL,
        )
        self.running[name] = (process, "")
        async with asyncio.timeout(PATIENCE):
            while not port_file.exists():  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(0.05)
        url = f"http://127.0.0.1:{int(port_file.read_text())}"
        self.running[name] = (process, url)
        return url

    async def end(self, name: str, number: signal.Signals) -> int:
        """Send a signal; returns the exit code."""
        process, _ = self.running.pop(name)
        process.send_signal(number)
        async with asyncio.timeout(PATIENCE):
            return await process.wait()


@pytest_asyncio.fixture
async def service(tmp_path: Path, certificates_database: Database, redis_url: str) -> AsyncIterator[Service]:
    service = Service(tmp_path, certificates_database, redis_url)
    yield service
    for process, _ in service.running.values():
        process.kill()
        await process.wait()


async def carry(log: EnrolmentLog, told: int, engine: AsyncEngine, redis_url: str) -> int:
    """Put what a test log holds after `told` into the real enrolment log and its streams."""
    async with unit_of_work(engine) as unit:
        seen = set()
        for event, _ in log.entries[told:]:
            if event.event_id not in seen:
                unit.emit(event)
                seen.add(event.event_id)
    redis = connect(redis_url)
    relay = Relay(engine, redis, ENROLMENT)
    while await relay.relay_once():
        pass
    await redis.aclose()
    return len(log.entries)


async def settled(look: Look, query: str, want: object) -> None:
    """Wait until a query gives `want`."""
    got: object = None
    for _ in range(20 * PATIENCE):
        got = await look(query)
        if got == want:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"still {got}, not {want}")


CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
SIGNED = """
    select count(*) filter (where k.revoked_at is null and c.state = 'issued'), count(k.revoked_at)
    from credential as k join certificate as c on c.id = k.certificate_id
"""
STATES = "select state, count(*) from certificate group by state order by state"


async def test_enrolments_become_certificates_over_kills_and_restarts(
    log: EnrolmentLog,
    enrolment_engine: AsyncEngine,
    look: Look,
    redis: Redis,
    redis_url: str,
    service: Service,
) -> None:
    await asyncio.gather(*map(service.start, ("api", "consumer", "signer", "relay")))
    log.defined(goals=quotas(100))
    for number in range(300):
        enrol(log, number, "Somebody", ["S11-AC017", "S24-AC036"][number % 2])
    told = await carry(log, 0, enrolment_engine, redis_url)
    await settled(look, STATES, [("issued", 200), ("waitlisted", 100)])

    await settled(look, SIGNED, [(200, 0)])

    assert await service.end("consumer", signal.SIGKILL) == -signal.SIGKILL
    assert await service.end("relay", signal.SIGKILL) == -signal.SIGKILL
    assert await service.end("signer", signal.SIGKILL) == -signal.SIGKILL
    for number in range(0, 40, 2):
        log.withdrew(number)
    told = await carry(log, told, enrolment_engine, redis_url)
    await asyncio.gather(*map(service.start, ("consumer", "signer", "relay")))
    await settled(look, STATES, [("issued", 200), ("revoked", 20), ("waitlisted", 80)])
    await settled(look, SIGNED, [(200, 20)])
    await settled(look, "select revoked from status_list where changes = published", [(20,)])

    _, url = service.running["api"]
    async with httpx.AsyncClient(base_url=url, headers=BEARER) as client:
        quota = (await client.get("/v1/segments/S11-AC017/quota")).json()
    assert (quota["taken"], quota["waitlisted"], quota["next_number"]) == (100, 30, "S11-AC017-0121")
    (logged,) = (await look("select count(*) from certificates_log"))[0]
    assert logged == 300 + 20 + 20
    async with asyncio.timeout(PATIENCE):
        streams = [CERTIFICATES.stream(partition) for partition in all_partitions()]
        while sum([await redis.xlen(stream) for stream in streams]) < logged:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_what_cannot_be_applied_is_put_away_and_holds_up_nobody_else(
    log: EnrolmentLog, enrolment_engine: AsyncEngine, look: Look, redis_url: str, service: Service
) -> None:
    await service.start("consumer")
    log.defined()
    log.enrolled(1)
    log.enrolled(2, "S11-AC999")
    log.enrolled(3)
    log.withdrew(2, "S11-AC999")
    log.enrolled(4)
    await carry(log, 0, enrolment_engine, redis_url)
    await settled(look, "select state, serial from certificate order by enrolled_position",
                  [("issued", 1), ("issued", 2), ("issued", 3)])  # fmt: skip
    await settled(look, "select state, type, partition from dead_letter order by position", [
        ("poison", "MitraEnrolledV1", partition_of("S11-PC04")),
        ("parked", "MitraWithdrawnV1", partition_of("S11-PC04")),
    ])  # fmt: skip
    ((error,),) = await look("select error from dead_letter where state = 'poison'")
    assert error.startswith("SegmentNotInCampaign: campaign small, version 1, has no segment S11-AC999")


async def test_every_process_is_ready_and_ends_when_asked_to(service: Service) -> None:
    names = ("api", "consumer", "signer", "relay")
    for name, url in zip(names, await asyncio.gather(*map(service.start, names)), strict=True):
        async with httpx.AsyncClient(base_url=url) as client:
            for _ in range(20 * PATIENCE):
                answer = await client.get("/ready")
                if answer.status_code == 200:
                    break
                await asyncio.sleep(0.05)
            assert answer.status_code == 200, answer.text
            assert (await client.get("/health")).status_code == 200
            assert "process_cpu_seconds_total" in (await client.get("/metrics")).text
        assert await service.end(name, signal.SIGTERM) == 0


async def test_the_consumer_refuses_to_start_without_a_usable_key(service: Service) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "certificates",
        "consumer",
        env=service.environment | {"MITRA_CERTIFICATE_KEY": "c2hvcnQ="},
        stdout=DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, complaint = await process.communicate()
    assert process.returncode == 2
    assert complaint.startswith(
        b"MITRA_CERTIFICATE_KEY is wrong: Value error, a look-up key has at least 32 bytes"
    )
    assert b"Traceback" not in complaint


@pytest.mark.parametrize("examples", [10, pytest.param(100, marks=pytest.mark.soak)])
async def test_no_request_within_or_beside_the_openapi_document_fails_it(
    log: EnrolmentLog, certificates_engine: AsyncEngine, service: Service, examples: int
) -> None:
    log.defined(goals=quotas(1))
    log.enrolled(1)
    log.enrolled(2)
    await log.deliver(certificates_engine)
    url = await service.start("api")
    tool = Path(sys.executable).with_name("schemathesis")
    process = await asyncio.create_subprocess_exec(
        tool, "run", f"{url}/openapi.json", "--header", f"Authorization: {BEARER['Authorization']}",
        "--checks", ",".join(CHECKS),
        "--max-examples", str(examples), "--seed", "1",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=service.directory,
    )  # fmt: skip
    out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()


def test_an_unknown_process_is_refused_with_a_word_on_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        SERVICE.main(["mint"])
    assert "api|consumer|signer|relay|migrate|openapi|preview" in capsys.readouterr().err
