"""Fixtures of all tests: real Postgres, real Redis, a fresh database for each test.

The servers are started once per session and are, in this order of preference: those of `--containers`
(testcontainers), those of DATABASE_URL (an account that may create roles and databases) and REDIS_URL (its
database is flushed), embedded ones. What to ask for:

    enrolment_engine, certificates_engine, reporting_engine, blank_engine
                        AsyncEngine on a database of this test, with the migrated tables of that service
    enrolment_database, certificates_database, reporting_database, blank_database
                        the same databases by URL (`.url`), for real processes
    redis               redis.asyncio.Redis, emptied before the test; `redis_url` is its URL
    databases           `await databases.make("enrolment")`, for a test that needs several
    private_postgres    factory: a Postgres of this test: `.url(db)`, `.kill()`, `.start()`, `.stop()`
    private_redis       factory: a Redis of this test: also `.forget()`; every account's password is its name
    migrate             `migrate(enrolment=url)`
    playwright, browser one Playwright and one Chromium for all tests (`tests/browsers.py`)

Tests on the session's servers carry the mark `containers` by themselves: `make test-containers` runs them.
`--seed N` (or a fresh one) decides random schedules, `--seeds N` how many of them are played.
"""

import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack

import asyncpg
import pytest
import pytest_asyncio
import redis as redis_client
from hypothesis import settings
from playwright.async_api import Browser, Playwright, async_playwright
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.database import create_engine
from mitra_shared.ops.embedded.postgres import EmbeddedPostgres
from mitra_shared.ops.embedded.redis import EmbeddedRedis
from tests import browsers, servers
from tests.servers import Database, Databases, PostgresFactory, RedisFactory

# A machine that is busy for a fifth of a second is no fault of an example.
settings.register_profile("tests", parent=settings.default, deadline=None)
settings.load_profile("tests")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--containers", action="store_true", help="servers from testcontainers")
    parser.addoption("--seed", type=int, help="seed of the random schedules")
    parser.addoption("--seeds", type=int, default=1, help="how many fresh seeds to play")


LONGEST_FIRST = ("flows", "ops", "verification")
"""Folders whose tests start whole stacks and browsers."""
SHARED_SERVERS = {"postgres_url", "session_redis_url"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever uses the session's servers also runs on containers; the rest would do the same there.

    What lasts longest comes first.
    """
    for item in items:
        if set(getattr(item, "fixturenames", ())) & SHARED_SERVERS:
            item.add_marker("containers")
    items.sort(key=lambda item: (item.get_closest_marker("chaos") is None, _folder_rank(item)))


def _folder_rank(item: pytest.Item) -> int:
    folder = item.path.parent.name
    return LONGEST_FIRST.index(folder) if folder in LONGEST_FIRST else len(LONGEST_FIRST)


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    """The seed of this session; printed, so that a failure can be played again."""
    given = request.config.getoption("--seed")
    return secrets.randbelow(2**32) if given is None else int(given)


@pytest.fixture(scope="session")
def postgres_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Admin URL of the session's Postgres."""
    with ExitStack() as stack:
        if request.config.getoption("--containers"):
            yield stack.enter_context(servers.container_postgres())
        elif "DATABASE_URL" in os.environ:
            yield os.environ["DATABASE_URL"]
        else:
            yield stack.enter_context(servers.embedded_postgres()).url()


@pytest.fixture(scope="session")
def session_redis_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of the session's Redis; tests take `redis_url`, which is emptied for them."""
    with ExitStack() as stack:
        if request.config.getoption("--containers"):
            yield stack.enter_context(servers.container_redis())
        elif "REDIS_URL" in os.environ:
            yield os.environ["REDIS_URL"]
        else:
            yield stack.enter_context(servers.embedded_redis()).url()


@pytest_asyncio.fixture(scope="session")
async def databases(postgres_url: str) -> AsyncIterator[Databases]:
    admin = await asyncpg.connect(postgres_url)
    made = Databases(postgres_url, admin)
    await made.begin()
    yield made
    await made.end()
    await admin.close()


async def _database(databases: Databases, service: str | None) -> AsyncIterator[Database]:
    database = await databases.make(service)
    yield database
    await databases.drop(database)


@pytest_asyncio.fixture
async def enrolment_database(databases: Databases) -> AsyncIterator[Database]:
    async for database in _database(databases, "enrolment"):
        yield database


@pytest_asyncio.fixture
async def certificates_database(databases: Databases) -> AsyncIterator[Database]:
    async for database in _database(databases, "certificates"):
        yield database


@pytest_asyncio.fixture
async def reporting_database(databases: Databases) -> AsyncIterator[Database]:
    async for database in _database(databases, "reporting"):
        yield database


@pytest_asyncio.fixture
async def blank_database(databases: Databases) -> AsyncIterator[Database]:
    async for database in _database(databases, None):
        yield database


async def _engine(database: Database) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database.url, application="tests", pool_size=10)
    yield engine
    await engine.dispose()


@pytest_asyncio.fixture
async def enrolment_engine(enrolment_database: Database) -> AsyncIterator[AsyncEngine]:
    async for engine in _engine(enrolment_database):
        yield engine


@pytest_asyncio.fixture
async def certificates_engine(certificates_database: Database) -> AsyncIterator[AsyncEngine]:
    async for engine in _engine(certificates_database):
        yield engine


@pytest_asyncio.fixture
async def reporting_engine(reporting_database: Database) -> AsyncIterator[AsyncEngine]:
    async for engine in _engine(reporting_database):
        yield engine


@pytest_asyncio.fixture
async def blank_engine(blank_database: Database) -> AsyncIterator[AsyncEngine]:
    async for engine in _engine(blank_database):
        yield engine


@pytest.fixture
def redis_url(session_redis_url: str) -> str:
    with redis_client.Redis.from_url(session_redis_url) as client:
        client.flushdb()
    return session_redis_url


@pytest_asyncio.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_url)
    yield client
    await client.aclose()


@pytest_asyncio.fixture(scope="session")
async def playwright() -> AsyncIterator[Playwright]:
    async with async_playwright() as playwright:
        yield playwright


@pytest_asyncio.fixture(scope="session")
async def browser(playwright: Playwright) -> AsyncIterator[Browser]:
    browser = await browsers.launch(playwright)
    yield browser
    await browser.close()


@pytest.fixture
def private_postgres() -> Iterator[PostgresFactory]:
    with ExitStack() as stack:

        def make(**settings: str) -> EmbeddedPostgres:
            return stack.enter_context(servers.embedded_postgres(settings))

        yield make


@pytest.fixture
def private_redis() -> Iterator[RedisFactory]:
    with ExitStack() as stack:

        def make(memory: str = "0") -> EmbeddedRedis:
            return stack.enter_context(servers.embedded_redis(memory))

        yield make


@pytest.fixture
def migrate() -> Callable[..., None]:
    return servers.migrate
