"""`mitra up` on servers that are there already: given ones go before embedded ones."""

import signal
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError

from mitra_shared.ops.embedded.accounts import DATABASE_ROLES, REDIS_RIGHTS, SERVICES
from mitra_shared.ops.given_postgres import GivenPostgres
from mitra_shared.ops.given_redis import ACCOUNTS, GivenRedis
from mitra_shared.ops.trouble import Trouble
from tests.ops.commands import ENVIRONMENT, mitra
from tests.ops.living import gone
from tests.ops.upping import up
from tests.servers import PostgresFactory, RedisFactory, server_home

ROOT = Path(__file__).parents[2]
CAMPAIGN = ROOT / "tests" / "campaigns" / "small"
PASSWORDS = {name: f"the {name}'s" for name in (*DATABASE_ROLES, *REDIS_RIGHTS)}


@pytest.fixture
def given_redis(private_redis: RedisFactory) -> str:
    """Administrator's URL of a Redis."""
    return private_redis().url()


async def without_accounts(url: str, *, maker: str = "~* &* +@all") -> str:
    """Delete our accounts; the URL of an account of these rights."""
    async with Redis.from_url(url) as redis:
        await redis.execute_command("ACL", "DELUSER", *ACCOUNTS)  # type: ignore[no-untyped-call]
        rules = ("on", ">secret", *maker.split())
        await redis.execute_command("ACL", "SETUSER", "maker", *rules)  # type: ignore[no-untyped-call]
    return f"redis://maker:secret@{urlsplit(url).netloc.rpartition('@')[2]}/0"


async def role_that_may(url: str, rights: str) -> str:
    """URL for a role that is no superuser and has these rights."""
    connection = await asyncpg.connect(url)
    await connection.execute(f"create role maker login password 'secret' {rights}")
    await connection.close()
    return f"postgresql://maker:secret@{urlsplit(url).netloc.rpartition('@')[2]}/postgres"


def service_url(url: str, role: str, database: str) -> str:
    parts = urlsplit(url)
    return f"postgresql://{role}@{parts.hostname}:{parts.port}/{database}"


@pytest.mark.timeout(300)
async def test_a_stack_runs_on_given_servers_and_leaves_them_running(
    private_postgres: PostgresFactory, private_redis: RedisFactory
) -> None:
    postgres, redis = private_postgres(), private_redis()
    given = {
        "DATABASE_URL": await role_that_may(postgres.url(), "createdb createrole"),
        "REDIS_URL": await without_accounts(redis.url()),
    }
    with server_home() as directory:
        home = directory / ".mitra"
        with up(home, env=ENVIRONMENT | given) as stack:
            assert (stack.state.postgres.port, stack.state.postgres.pid) == (postgres.port, None)
            assert (stack.state.redis.port, stack.state.redis.pid) == (redis.port, None)
            assert not (home / "postgres").exists()
            assert not (home / "redis").exists()
            loaded = mitra("campaign", "load", CAMPAIGN, "--home", home, directory=directory)
            assert loaded.returncode == 0, loaded.stderr
            audited = mitra("audit", "--home", home, directory=directory)
            assert audited.returncode == 0, audited.stdout + audited.stderr
            assert stack.end(signal.SIGINT) == 0
            assert gone(stack.pids)
    assert postgres.pid is not None
    assert redis.pid is not None


async def test_an_account_that_may_create_roles_and_databases_is_enough(
    private_postgres: PostgresFactory,
) -> None:
    admin = private_postgres().url()
    given = GivenPostgres(await role_that_may(admin, "createdb createrole"))
    await given.prepare(PASSWORDS)
    await given.prepare(PASSWORDS)
    for service in SERVICES:
        owner = await asyncpg.connect(service_url(admin, service, service), password=PASSWORDS[service])
        await owner.execute("create table later (number integer)")
        await owner.close()
        audit = await asyncpg.connect(service_url(admin, "audit", service), password=PASSWORDS["audit"])
        assert await audit.fetchval("select count(*) from later") == 0
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await audit.execute("insert into later values (1)")
        await audit.close()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(service_url(admin, "reporting", "enrolment"), password=PASSWORDS["reporting"])


async def test_a_postgres_that_cannot_be_used_is_one_plain_sentence(
    private_postgres: PostgresFactory,
) -> None:
    admin = private_postgres().url()
    with pytest.raises(Trouble, match="may not create roles and databases: permission denied"):
        await GivenPostgres(await role_that_may(admin, "")).prepare(PASSWORDS)
    await GivenPostgres(admin).prepare(PASSWORDS)
    others = PASSWORDS | {"reporting": "another"}
    with pytest.raises(Trouble, match="roles of these names with other passwords: reporting"):
        await GivenPostgres(admin).prepare(others)
    with pytest.raises(Trouble, match="the Postgres of DATABASE_URL cannot be used"):
        await GivenPostgres("postgresql://postgres@127.0.0.1:1/postgres").prepare(PASSWORDS)


async def test_accounts_of_redis_are_made_with_the_rights_they_have_everywhere(given_redis: str) -> None:
    given = GivenRedis(await without_accounts(given_redis))
    await given.prepare(PASSWORDS)
    await given.prepare(PASSWORDS)
    subscriber = f"redis://subscriber:{PASSWORDS['subscriber']}@{given.state.address}/0"
    async with Redis.from_url(subscriber) as redis:
        assert await redis.xlen("rollups") == 0
        with pytest.raises(NoPermissionError):
            await redis.xlen("enrolment.{0}")
    certificates = f"redis://certificates:{PASSWORDS['certificates']}@{given.state.address}/0"
    async with Redis.from_url(certificates) as redis:
        assert await redis.xlen("enrolment.{0}") == 0
        with pytest.raises(NoPermissionError):
            await redis.xadd("enrolment.{0}", {"forged": "1"})


async def test_a_redis_that_cannot_be_used_is_one_plain_sentence(given_redis: str) -> None:
    unable = GivenRedis(await without_accounts(given_redis, maker="~* &* +@all -acl"))
    with pytest.raises(Trouble, match=r"may not create accounts .* missing: enrolment, certificates"):
        await unable.prepare(PASSWORDS)
    able = GivenRedis(given_redis)
    await able.prepare(PASSWORDS)
    await unable.prepare(PASSWORDS)
    with pytest.raises(Trouble, match="accounts of these names with other passwords: audit"):
        await able.prepare(PASSWORDS | {"audit": "another"})
    async with Redis.from_url(given_redis) as redis:
        await redis.config_set("maxmemory-policy", "allkeys-lru")
    with pytest.raises(Trouble, match=r"may evict keys \(allkeys-lru\): set maxmemory-policy noeviction"):
        await able.prepare(PASSWORDS)
    with pytest.raises(Trouble, match="the Redis of REDIS_URL cannot be used"):
        await GivenRedis("redis://127.0.0.1:1/0").prepare(PASSWORDS)


@pytest.mark.parametrize("url", ["rediss://server:6379/0", "unix:///run/redis.sock", "redis://server/3"])
def test_a_redis_that_the_services_could_not_reach_is_refused(url: str) -> None:
    with pytest.raises(Trouble, match="REDIS_URL"):
        GivenRedis(url)


@pytest.mark.parametrize("url", ["no url", "postgresql:///socket"])
def test_a_postgres_that_the_services_could_not_reach_is_refused(url: str) -> None:
    with pytest.raises(Trouble, match="DATABASE_URL"):
        GivenPostgres(url)
