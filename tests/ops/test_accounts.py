"""Roles of Postgres and accounts of Redis: what each may do, and what it may not."""

import socket
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
import pytest_asyncio
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError

from mitra_shared.ops.embedded.accounts import DATABASE_ROLES, SERVICES, postgres_roles
from mitra_shared.ops.embedded.postgres import EmbeddedPostgres
from mitra_shared.ops.embedded.redis import EmbeddedRedis
from tests.servers import embedded_postgres, embedded_redis


@pytest.fixture(scope="module")
def postgres() -> Iterator[EmbeddedPostgres]:
    with embedded_postgres() as server:
        script = postgres_roles({role: f"it's {role}" for role in DATABASE_ROLES})
        server.run_script(script)
        server.run_script(script)
        yield server


@pytest.fixture(scope="module")
def redis_server() -> Iterator[EmbeddedRedis]:
    with embedded_redis() as server:
        yield server


@pytest_asyncio.fixture
async def accounts(redis_server: EmbeddedRedis) -> AsyncIterator[dict[str, Redis]]:
    """A connection for each account."""
    names = ("admin", "enrolment", "certificates", "reporting", "audit", "subscriber")
    clients = {name: Redis.from_url(redis_server.url(name)) for name in names}
    await clients["admin"].flushall()
    yield clients
    for client in clients.values():
        await client.aclose()


def connect(server: EmbeddedPostgres, database: str, role: str) -> "asyncpg.connect_utils._ConnectionProxy":
    return asyncpg.connect(server.url(database, user=role, password=f"it's {role}"))


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_makes_tables_in_its_own_database(postgres: EmbeddedPostgres, service: str) -> None:
    connection = await connect(postgres, service, service)
    await connection.execute("create table mine (id int)")
    await connection.execute("drop table mine")
    await connection.close()


@pytest.mark.parametrize("role", SERVICES)
@pytest.mark.parametrize("database", [*SERVICES, "postgres", "template1"])
async def test_a_service_opens_no_other_database(
    postgres: EmbeddedPostgres, role: str, database: str
) -> None:
    if role == database:
        return
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connect(postgres, database, role)


async def test_the_audit_role_reads_every_database_and_writes_none(postgres: EmbeddedPostgres) -> None:
    for service in SERVICES:
        owner = await connect(postgres, service, service)
        await owner.execute("create table secret_of_the_service as select 7 as number")
        audit = await connect(postgres, service, "audit")
        assert await audit.fetchval("select number from secret_of_the_service") == 7
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await audit.execute("create table of_audit (id int)")
        await audit.execute("set default_transaction_read_only = off")
        for attempt in ("delete from secret_of_the_service", "create table of_audit (id int)"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await audit.execute(attempt)
        await audit.close()
        await owner.close()


def test_redis_answers_nobody_without_a_password(redis_server: EmbeddedRedis) -> None:
    with socket.create_connection(("127.0.0.1", redis_server.port), timeout=5) as connection:
        connection.sendall(b"PING\r\n")
        assert connection.recv(100).startswith(b"-NOAUTH")


async def test_a_producer_writes_its_own_streams_only(accounts: dict[str, Redis]) -> None:
    await accounts["enrolment"].xadd("enrolment.{3}", {"a": "b"})
    await accounts["enrolment"].xadd("opinions.{3}", {"a": "b"})
    await accounts["certificates"].xadd("certificates.{3}", {"a": "b"})
    await accounts["certificates"].xadd("custody.{3}", {"a": "b"})
    for account, stream in (
        ("enrolment", "certificates.{3}"),
        ("enrolment", "rollups"),
        ("certificates", "enrolment.{3}"),
        ("certificates", "rollups"),
        ("reporting", "custody.{3}"),
        ("reporting", "enrolment.{3}"),
    ):
        with pytest.raises(NoPermissionError):
            await accounts[account].xadd(stream, {"a": "b"})


async def test_a_producer_runs_its_append_script(accounts: dict[str, Redis]) -> None:
    script = "return redis.call('XADD', KEYS[1], '*', 'a', 'b')"
    sha = await accounts["enrolment"].script_load(script)
    await accounts["enrolment"].evalsha(sha, 1, "enrolment.{3}")
    with pytest.raises(NoPermissionError):
        await accounts["enrolment"].evalsha(sha, 1, "certificates.{3}")


async def test_reporting_reads_custody_and_the_signer_reads_its_own_service(
    accounts: dict[str, Redis],
) -> None:
    for stream in ("custody", "certificates"):
        await accounts["certificates"].xadd(f"{stream}.{{5}}", {"a": "b"}, id="1-1")
    for account, group, topic in (
        ("reporting", "reporting", "custody"),
        ("certificates", "credentials", "certificates"),
    ):
        client = accounts[account]
        assert await client.xread({f"{topic}.{{5}}": "0"})
        await client.xgroup_create(f"{topic}.{{5}}", group, id="0")
        await client.hset(f"{topic}.groups", group, "1")


async def test_a_consumer_reads_and_tells_its_position_but_cannot_trim(accounts: dict[str, Redis]) -> None:
    await accounts["enrolment"].xadd("enrolment.{3}", {"a": "b"}, id="1-1")
    for group in ("certificates", "reporting"):
        client = accounts[group]
        assert await client.xread({"enrolment.{3}": "0"})
        await client.xgroup_create("enrolment.{3}", group, id="0")
        await client.xgroup_setid("enrolment.{3}", group, id="1-1")
        assert len(await client.xinfo_groups("enrolment.{3}")) >= 1
        assert (await client.xinfo_stream("enrolment.{3}"))["length"] == 1
        await client.hset("enrolment.groups", group, "1")
        for refused in (client.xtrim("enrolment.{3}", maxlen=0), client.delete("enrolment.{3}")):
            with pytest.raises(NoPermissionError):
                await refused


async def test_certificates_does_not_read_opinions(accounts: dict[str, Redis]) -> None:
    with pytest.raises(NoPermissionError):
        await accounts["certificates"].xread({"opinions.{3}": "0"})


async def test_a_subscriber_reads_rollups_and_nothing_else(accounts: dict[str, Redis]) -> None:
    await accounts["reporting"].xadd("rollups", {"a": "b"}, maxlen=10)
    await accounts["enrolment"].xadd("enrolment.{3}", {"a": "b"})
    client = accounts["subscriber"]
    assert await client.xread({"rollups": "0"})
    assert await client.xrevrange("rollups", count=1)
    for refused in (
        client.xread({"enrolment.{3}": "0"}),
        client.xadd("rollups", {"a": "b"}),
        client.keys("*"),
        client.config_get("maxmemory"),
        client.flushall(),
    ):
        with pytest.raises(NoPermissionError):
            await refused


async def test_the_audit_account_reads_all_streams_and_changes_none(accounts: dict[str, Redis]) -> None:
    await accounts["enrolment"].xadd("enrolment.{3}", {"a": "b"})
    client = accounts["audit"]
    assert await client.xrange("enrolment.{3}")
    assert (await client.info("memory"))["maxmemory_policy"] == "noeviction"
    for refused in (
        client.xadd("enrolment.{3}", {"a": "b"}),
        client.delete("enrolment.{3}"),
        client.flushdb(),
    ):
        with pytest.raises(NoPermissionError):
            await refused


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_cannot_empty_or_reconfigure_redis(accounts: dict[str, Redis], service: str) -> None:
    client = accounts[service]
    assert "maxmemory" in await client.config_get("maxmemory")
    for refused in (
        client.flushall(),
        client.config_set("maxmemory-policy", "allkeys-lru"),
        client.acl_list(),
        client.shutdown(),
    ):
        with pytest.raises(NoPermissionError):
            await refused
