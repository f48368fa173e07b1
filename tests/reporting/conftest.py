"""A field of events over the small campaign, and the reporting api on top of it."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.database import create_engine
from reporting.domain.releases import Rounding
from reporting.releaser import Releaser
from tests.reporting.field import DAY, START, Field
from tests.reporting.opinion_world import asking_campaign
from tests.reporting.reporting_api import ReportingApi, running_api
from tests.servers import Databases

NOW = START + timedelta(days=20)
Answers = dict[str, str | int | tuple[str, ...]]
ANSWERS: Answers = {"most-useful": "housing", "obstacles": ("health",), "office-help": 4}
OTHERS: Answers = {"most-useful": "health", "obstacles": ("none",), "office-help": 2}


@pytest.fixture
def field(reporting_engine: AsyncEngine) -> Field:
    return Field(reporting_engine)


@pytest_asyncio.fixture
async def api(reporting_engine: AsyncEngine, redis: Redis) -> AsyncIterator[ReportingApi]:
    async with running_api(reporting_engine, redis) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def later(databases: Databases, session_redis_url: str) -> AsyncIterator[ReportingApi]:
    """A campaign with questions, 20 days after its first person, as the api shows it then; only read from."""
    database = await databases.make("reporting")
    engine = create_engine(database.url, application="tests", pool_size=5)
    field = Field(engine, campaign=asking_campaign())
    people = [
        field.enrolled("S11-AC017", START + timedelta(days=n), "beneficiary", ("PMUY",), recruiter=1 + n % 2)
        for n in range(20)
        for _ in range(12)
    ]
    sheets = [field.opinion("S11-AC017", DAY, (ANSWERS, OTHERS)[n % 2]) for n in range(24)]
    sheets += [field.opinion("S11-AC033", DAY, ANSWERS) for _ in range(10)]
    certificates = [field.issued("S11-AC017") for _ in range(3)] + [field.waitlisted("S11-AC017")]
    papers = [
        field.printed("S11-AC017", 2),
        field.handed_over("S11-AC017"),
        field.reported("S11-PC04", (1, 40)),
    ]
    await field.apply([*field.defined(), *people, *sheets, *certificates, *papers])
    await Releaser(engine, lambda: [field.campaign], mechanism=Rounding(lambda _: 0)).release()
    redis = Redis.from_url(session_redis_url)
    async with running_api(engine, redis, now=lambda: NOW, public_page=True) as api:
        await api.caught_up()
        yield api
    await redis.aclose()
    await engine.dispose()
    await databases.drop(database)


@pytest_asyncio.fixture
async def patient(reporting_engine: AsyncEngine, redis: Redis) -> AsyncIterator[ReportingApi]:
    """An api that keeps its answers until something changes."""
    async with running_api(reporting_engine, redis, kept_seconds=3_600) as running:
        yield running
