"""The embedded stack with its real services: up, looked after, stopped, killed, up again."""

import asyncio
import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio

from mitra_shared.ops.stack_state import NoStack, StackState, state_file
from tests.ops.commands import ENVIRONMENT, mitra
from tests.ops.living import gone
from tests.ops.upping import Up, up
from tests.servers import server_home

ROOT = Path(__file__).parents[2]
CAMPAIGN = ROOT / "tests" / "campaigns" / "small"


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with server_home() as directory:
        yield directory / ".mitra"


@pytest.fixture(scope="module")
def stack(home: Path) -> Iterator[Up]:
    """One stack for the tests that leave it running."""
    with up(home, "--enrolment-apis", "2", "--certificates-consumers", "2") as running:
        yield running


@pytest_asyncio.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, timeout=5) as opened:
        yield opened


async def until_state(home: Path, holds: Callable[[StackState], bool], *, within: float = 90.0) -> StackState:
    async with asyncio.timeout(within):
        while not holds(state := StackState.read(home)):  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.1)
    return state


async def until_ready(client: httpx.AsyncClient, url: str, *, within: float = 90.0) -> None:
    async with asyncio.timeout(within):
        while True:
            with contextlib.suppress(httpx.TransportError):
                if (await client.get(f"{url}/ready")).is_success:
                    return
            await asyncio.sleep(0.1)


async def test_every_process_is_ready_once_the_stack_is_up(stack: Up, client: httpx.AsyncClient) -> None:
    names = [process.name for process in stack.state.processes]
    assert names == [
        *("enrolment-api-1", "enrolment-api-2", "enrolment-relay-1", "enrolment-messages-1"),
        "enrolment-imports-1",
        "enrolment-matcher-1",
        *("certificates-api-1", "certificates-consumer-1", "certificates-consumer-2"),
        *("certificates-signer-1", "certificates-relay-1"),
        *("reporting-api-1", "reporting-consumer-1", "reporting-webhooks-1"),
    ]
    for process in stack.state.processes:
        # A consumer that stood by and is handed partitions is not ready again until its first poll.
        await until_ready(client, process.url)
        for path in ("health", "metrics"):
            answer = await client.get(f"{process.url}/{path}")
            assert answer.status_code == 200, (process.name, path, answer.text)


def test_the_state_is_told_in_a_file_that_is_closed_to_others(stack: Up, home: Path) -> None:
    assert state_file(home).stat().st_mode & 0o777 == 0o600
    told = StackState.read(home)
    assert (told.databases, told.redis_urls) == (stack.state.databases, stack.state.redis_urls)
    assert told.pid == stack.state.pid == stack.launcher.pid
    assert len(stack.state.api_urls("enrolment")) == 2


async def test_the_told_databases_open_for_owner_and_audit(stack: Up) -> None:
    for urls in (stack.state.databases, stack.state.audit_databases):
        for service, url in urls.items():
            connection = await asyncpg.connect(url)
            assert await connection.fetchval("select current_database()") == service
            await connection.close()


def test_a_second_stack_on_the_same_directory_is_refused(stack: Up, home: Path) -> None:
    said = mitra("up", "--home", home, directory=home.parent)
    assert said.returncode == 1
    assert f"a stack is already running on {home} (pid {stack.launcher.pid})" in said.stderr
    assert StackState.read(home).pid == stack.launcher.pid
    assert stack.launcher.poll() is None


def test_a_campaign_is_loaded_through_the_running_stack(stack: Up, home: Path) -> None:
    for _ in range(2):
        said = mitra("campaign", "load", CAMPAIGN, "--home", home, directory=home.parent)
        assert said.returncode == 0, said.stderr
    assert stack.launcher.poll() is None


@pytest.mark.usefixtures("stack")
async def test_a_killed_service_is_started_again(home: Path, client: httpx.AsyncClient) -> None:
    killed = StackState.read(home).processes[0]
    os.kill(killed.pid, signal.SIGKILL)
    state = await until_state(home, lambda state: state.processes[0].starts == killed.starts + 1)
    assert state.processes[0].pid != killed.pid
    assert state.processes[0].url == killed.url
    await until_ready(client, killed.url)


@pytest.mark.usefixtures("stack")
async def test_killed_servers_are_started_again_and_the_services_recover(
    home: Path, client: httpx.AsyncClient
) -> None:
    before = StackState.read(home)
    killed = (before.postgres.pid, before.redis.pid)
    for pid in killed:
        assert pid
        os.kill(pid, signal.SIGKILL)
    state = await until_state(home, lambda s: s.postgres.pid != killed[0] and s.redis.pid != killed[1])
    assert (state.postgres.port, state.redis.port) == (before.postgres.port, before.redis.port)
    for process in state.processes:
        await until_ready(client, process.url)


@contextlib.contextmanager
def holding(*ports: int) -> Iterator[set[int]]:
    """Listen on these ports, as another program would, and tell on which; others may be taken already."""
    held = set()
    with contextlib.ExitStack() as listeners:
        for port in ports:
            listener = listeners.enter_context(socket.socket())
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                listener.bind(("127.0.0.1", port))
                listener.listen()
                held.add(port)
        yield held


async def count(state: StackState, query: str) -> int:
    connection = await asyncpg.connect(state.databases["enrolment"])
    found: int = await connection.fetchval(query)
    await connection.close()
    return found


@pytest.mark.timeout(600)
async def test_a_stack_ends_cleanly_and_the_next_one_continues_from_its_data() -> None:
    entries = "select count(*) from enrolment_log"
    with server_home() as directory:
        home = directory / ".mitra"
        with up(home) as first:
            assert mitra("campaign", "load", CAMPAIGN, "--home", home, directory=directory).returncode == 0
            assert await count(first.state, entries) == 16
            assert first.end(signal.SIGINT) == 0
            assert gone(first.pids | {first.launcher.pid})
            with pytest.raises(NoStack):
                StackState.read(home)
        with holding(15432, 16379, 8001, 8011, 8021) as held, up(home) as second:
            urls = [process.url for process in second.state.processes]
            used = {
                second.state.postgres.port,
                second.state.redis.port,
                *(httpx.URL(url).port for url in urls),
            }
            assert not used & held
            assert await count(second.state, entries) == 16
            second.end(signal.SIGKILL)
            assert gone(second.pids)
        with up(home) as third:
            assert await count(third.state, entries) == 16
            assert third.end(signal.SIGTERM) == 0
            assert gone(third.pids)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
@pytest.mark.timeout(600)
@pytest.mark.soak
def test_an_ordinary_user_runs_a_stack_from_an_environment_that_make_made() -> None:
    python = shutil.which("python3.11", path="/usr/bin")
    if python is None:
        pytest.skip("no Python that every user can run")
    user = pwd.getpwnam("daemon")
    outside = {name: text for name, text in ENVIRONMENT.items() if not name.startswith(("MAKE", "MFLAGS"))}
    with server_home() as directory:
        venv = directory / "venv"
        made = ["make", ".venv", f"VENV={venv}", f"PYTHON={python}"]
        subprocess.run(made, cwd=ROOT, env=outside, capture_output=True, text=True, check=True)
        home = directory / "of-the-user" / ".mitra"
        home.parent.mkdir()
        os.chown(home.parent, user.pw_uid, user.pw_gid)
        identity: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        environment = outside | {"HOME": str(home.parent), "PATH": os.defpath}
        with up(home, command=(str(venv / "bin" / "mitra"),), env=environment, **identity) as stack:
            assert {Path(f"/proc/{pid}").stat().st_uid for pid in stack.pids} == {user.pw_uid}
            assert stack.end(signal.SIGINT) == 0
            assert gone(stack.pids)


def test_a_command_that_needs_a_stack_says_how_to_start_one(tmp_path: Path) -> None:
    said = mitra("campaign", "load", CAMPAIGN, directory=tmp_path)
    assert said.returncode == 1
    assert said.stderr == "mitra: no stack runs on .mitra; start one with: mitra up\n"
