"""Looking for words everywhere a stack keeps something: tables, Redis and its file, files, logs, exports.

Nothing is taken on trust: a row is read as text whatever its columns, a file as bytes. What is searched for
is given as it would stand there, so that a test has to find it first where it belongs.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from mitra_shared.ops.embedded.accounts import REDIS_ADMIN, SERVICES
from mitra_shared.security.tokens import Role
from tests.flows.real_stack import RealStack

Found = dict[str, set[str]]
"""Places by the name of what was found there."""

EXPORTS = ("areas.csv?level=segment", "days.csv?level=segment", "recruiters.csv", "recruiter-days.csv")


class Scan:
    """One search for several needles, each with a name."""

    def __init__(self, needles: Mapping[str, str]) -> None:
        self.found: Found = {name: set() for name in needles}
        self._needles = {name: needle.encode() for name, needle in needles.items()}

    def look(self, place: str, hay: bytes) -> None:
        for name, needle in self._needles.items():
            if needle in hay:
                self.found[name].add(place)


async def scan(stack: RealStack, needles: Mapping[str, str], *, campaign: str, area: str) -> Found:
    """Look for `needles` in everything; returns the places of each."""
    looking = Scan(needles)
    for service in SERVICES:
        await _tables(stack, service, looking)
    await _redis(stack, looking)
    await _redis_files(stack, looking)
    for path in sorted((stack.home / "work").rglob("*")):
        if path.is_file():
            looking.look("files of processes", path.read_bytes())
    for path in sorted(stack.logs.glob("*.log")):
        looking.look("logs of processes", path.read_bytes())
    await _exports(stack, looking, campaign, area)
    return looking.found


async def _tables(stack: RealStack, service: str, looking: Scan) -> None:
    connection = await asyncpg.connect(stack.postgres.url(service))
    try:
        tables = await connection.fetch(
            "select c.relname from pg_class as c join pg_namespace as n on n.oid = c.relnamespace"
            " where c.relkind in ('r', 'p', 'm') and n.nspname not in ('pg_catalog', 'information_schema')"
        )
        assert len(tables) > 8, "the tables of a service are not seen"
        for (table,) in tables:
            for (row,) in await connection.fetch(f'select whole::text from "{table}" as whole'):  # noqa: S608
                looking.look(f"{service}: {table}", row.encode())
    finally:
        await connection.close()


async def in_statistics(stack: RealStack, service: str, *needles: str) -> set[str]:
    """The columns of which the planner's statistics, a place that is no table of ours, keep one of these."""
    connection = await asyncpg.connect(stack.postgres.url(service))
    try:
        kept = await connection.fetch(
            "select attname, concat(most_common_vals, histogram_bounds) from pg_stats"
            " where schemaname not in ('pg_catalog', 'information_schema')"
        )
    finally:
        await connection.close()
    return {column for column, values in kept if any(needle in values for needle in needles)}


async def _redis(stack: RealStack, looking: Scan) -> None:
    async with stack.redis_as(REDIS_ADMIN) as client:
        redis: Any = client
        seen = 0
        async for key in redis.scan_iter():
            seen += 1
            name = key.decode()
            match (await redis.type(key)).decode():
                case "stream":
                    value = b"".join(
                        b"".join([*fields.keys(), *fields.values()]) for _, fields in await redis.xrange(key)
                    )
                case "hash":
                    value = b"".join(b"".join(pair) for pair in (await redis.hgetall(key)).items())
                case "string":
                    value = await redis.get(key)
                case other:
                    raise AssertionError(f"{name} is a {other}, which nobody looks into")
            looking.look(f"redis: {name.partition('{')[0].rstrip('.')}", value)
        assert seen > 3, "Redis is empty"


async def _redis_files(stack: RealStack, looking: Scan) -> None:
    async with stack.redis_as(REDIS_ADMIN) as redis:
        directory = Path(str((await redis.config_get("dir"))["dir"]))
    for content in await asyncio.to_thread(_contents, directory):
        looking.look("redis: file", content)


def _contents(directory: Path) -> list[bytes]:
    contents = []
    for path in directory.rglob("*"):
        # Redis deletes files when it comes to it, also between a look at one and the next.
        with suppress(FileNotFoundError, IsADirectoryError):
            contents.append(path.read_bytes())
    assert contents, f"{directory} holds no file"
    return contents


async def _exports(stack: RealStack, looking: Scan, campaign: str, area: str) -> None:
    reporting, enrolment = stack.urls("reporting")[0], stack.urls("enrolment")[0]
    bearer = {"Authorization": f"Bearer {stack.token(Role.IN_CHARGE, area, campaign)}"}
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        for export in EXPORTS:
            answer = await client.get(f"{reporting}/v1/exports/{export}", headers=bearer)
            assert answer.status_code == 200, answer.text
            looking.look("exports", answer.content)
        service = {"Authorization": f"Bearer {stack.token(Role.SERVICE)}"}
        for partition in range(16):
            answer = await client.get(f"{enrolment}/v1/log/enrolment/{partition}?limit=5000", headers=service)
            assert answer.status_code == 200, answer.text
            looking.look("log endpoint", answer.content)
