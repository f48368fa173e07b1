"""The servers the tests run on: embedded ones, given ones, or containers. Used by conftest.py."""

import atexit
import itertools
import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import asyncpg
from sqlalchemy.engine import make_url

from mitra_shared.ops.embedded import process
from mitra_shared.ops.embedded.accounts import REDIS_RIGHTS
from mitra_shared.ops.embedded.postgres import EmbeddedPostgres
from mitra_shared.ops.embedded.redis import EmbeddedRedis
from mitra_shared.ops.forking.client import ForkServer
from mitra_shared.ops.service_process import environment
from mitra_shared.ops.stack_plan import IMPORTED

MEMORY = Path("/dev/shm")  # noqa: S108 - only the place; the names in it are made by mkdtemp
ENOUGH_MEMORY = 2 * 2**30
OF_COMMANDS = tuple(
    f"mitra_shared.ops.{name}"
    for name in (
        "audit.command",
        "campaign",
        "dead_letters",
        "keys_command",
        "rebuild",
        "secrets_command",
    )
)
"""Modules of the commands that tests run most."""


def data_place() -> Path | None:
    """Where databases of tests lie best: in memory, if there is enough. They are made and dropped often."""
    if not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < ENOUGH_MEMORY:
        return None
    return MEMORY


@contextmanager
def server_home(place: Path | None = None) -> Iterator[Path]:
    """A directory that `nobody` can reach, unlike pytest's own; gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="mitra-test-", dir=place))
    home.chmod(0o755)
    try:
        yield home
    finally:
        shutil.rmtree(home)


@cache
def fork_server() -> ForkServer:
    """The one for all stacks of this test process, so that what services import is imported once."""
    place = Path(tempfile.mkdtemp(prefix="mitra-test-"))
    server = ForkServer((*IMPORTED, *OF_COMMANDS), place / "fork-server.log", environment())
    atexit.register(shutil.rmtree, place)
    atexit.register(server.close)
    return server


@contextmanager
def embedded_postgres(settings: dict[str, str] | None = None) -> Iterator[EmbeddedPostgres]:
    """A started Postgres of its own; commits survive a kill, not a power cut."""
    with server_home(data_place()) as home:
        server = EmbeddedPostgres(home / "postgres", password="test", durable=False, settings=settings)
        try:
            server.start()
            yield server
        finally:
            server.stop(within=5)


@contextmanager
def embedded_redis(memory: str = "0") -> Iterator[EmbeddedRedis]:
    """A started Redis of its own; every account's password is its name."""
    with server_home(data_place()) as home:
        passwords = {user: user for user in REDIS_RIGHTS}
        server = EmbeddedRedis(home / "redis", passwords=passwords, memory=memory)
        try:
            server.start()
            yield server
        finally:
            server.stop(within=5)


@contextmanager
def container_postgres() -> Iterator[str]:
    """Admin URL of Postgres in a container."""
    from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415 - only with --containers

    container = PostgresContainer("postgres:18", username="postgres", password="test", driver=None)
    # As the embedded ones: commits survive a kill, not a power cut.
    container.with_command("postgres -c fsync=off -c full_page_writes=off -c max_connections=200")
    with container:
        yield container.get_connection_url()


@contextmanager
def container_redis() -> Iterator[str]:
    """URL of Redis in a container."""
    from testcontainers.community.redis import RedisContainer  # noqa: PLC0415 - only with --containers

    with RedisContainer("redis:8", password="test") as container:
        host, port = container.get_container_host_ip(), container.get_exposed_port(6379)
        yield f"redis://default:test@{host}:{port}/0"


def migrate(**databases: str) -> None:
    """Run the migrations of services on databases, as `python -m SERVICE migrate` does in a deployment."""
    with tempfile.TemporaryDirectory(prefix="mitra-test-") as directory:
        logs = {service: Path(directory) / f"{service}.log" for service in databases}
        running = {
            service: fork_server().start(
                service,
                "migrate",
                log=logs[service],
                environment=os.environ | {"MITRA_DATABASE_URL": url},
                directory=Path(directory),
                death_signal=signal.SIGKILL,
            )
            for service, url in databases.items()
        }
        for service, migration in running.items():
            if not process.finish(migration, within=300) or migration.returncode != 0:
                raise AssertionError(f"python -m {service} migrate failed:\n{logs[service].read_text()}")


@dataclass(frozen=True)
class Database:
    """A database of one test, owned by a role that is no superuser."""

    name: str
    url: str


class Databases:
    """Makes databases on one server: each a copy of a template that was migrated once."""

    def __init__(self, admin_url: str, admin: asyncpg.Connection) -> None:
        self._admin_url = make_url(admin_url)
        self._admin = admin
        self._session = f"mitra_test_{os.getpid()}_{secrets.token_hex(2)}"
        self._numbers = itertools.count(1)
        self._templates: dict[str, str] = {}
        self._made: list[str] = []

    async def begin(self) -> None:
        """Create the role that owns the databases of this session."""
        await self._admin.execute(f"CREATE ROLE {self._session} LOGIN CREATEDB PASSWORD '{self._session}'")

    async def end(self) -> None:
        """Drop what this session made."""
        for name in (*self._made, *self._templates.values()):
            await self._admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await self._admin.execute(f"DROP ROLE {self._session}")

    async def make(self, service: str | None = None) -> Database:
        """A fresh database with the tables of a service, or a blank one."""
        template = "template0" if service is None else await self._template(service)
        return await self._create(f"{self._session}_{next(self._numbers)}", template)

    async def copy(self, database: Database) -> Database:
        """A database as it is now, as a backup would keep it; nobody may be connected to it."""
        return await self._create(f"{self._session}_{next(self._numbers)}", database.name)

    async def drop(self, database: Database) -> None:
        """Drop a database, whoever is still connected to it."""
        await self._admin.execute(f"DROP DATABASE IF EXISTS {database.name} WITH (FORCE)")
        self._made.remove(database.name)

    async def _template(self, service: str) -> str:
        if service not in self._templates:
            database = await self._create(f"{self._session}_{service}", "template0")
            migrate(**{service: database.url})
            self._templates[service] = database.name
        return self._templates[service]

    async def _create(self, name: str, template: str) -> Database:
        # Copied as files: half the time of the default, where commits need not survive a power cut.
        await self._admin.execute(
            f"CREATE DATABASE {name} TEMPLATE {template} OWNER {self._session} STRATEGY file_copy"
        )
        self._made.append(name)
        url = self._admin_url.set(username=self._session, password=self._session, database=name)
        return Database(name, url.render_as_string(hide_password=False))


PostgresFactory = Callable[..., EmbeddedPostgres]
RedisFactory = Callable[..., EmbeddedRedis]
