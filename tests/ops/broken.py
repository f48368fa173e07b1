"""Ways to break a sound campaign by hand, and what the audit must say of each."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import asyncpg
from redis.asyncio import Redis

from mitra_shared.ops.audit import AuditReport, AuditSources, audit
from tests.servers import Database

SECURED = (
    "mitra", "contact", "person_care", "message", "matching_key", "examined", "likely_duplicate",
)  # fmt: skip
"""Tables that are broken by hand, in which Postgres would let nobody break anything."""


class Breakable:
    """A sound campaign at rest. A database is copied before it is first changed."""

    def __init__(
        self,
        databases: dict[str, Database],
        copy: Callable[[Database], Awaitable[Database]],
        redis: Redis,
        redis_url: str,
    ) -> None:
        self.redis = redis
        self._redis_url = redis_url
        self._databases = databases
        self._copy = copy
        self._copied: set[str] = set()

    @property
    def sources(self) -> AuditSources:
        return AuditSources(
            **{name: database.url for name, database in self._databases.items()}, redis=self._redis_url
        )

    async def run(self, name: str, statement: str) -> int:
        """Change something by hand; how many rows it hit, 1 for a change of a table."""
        if name not in self._copied:
            self._databases[name] = await self._copy(self._databases[name])
            self._copied.add(name)
            if name == "enrolment":
                for table in SECURED:
                    await self.run(name, f"alter table {table} disable row level security")
        connection = await asyncpg.connect(self._databases[name].url)
        try:
            status: str = await connection.execute(statement)
        finally:
            await connection.close()
        count = status.rpartition(" ")[2]
        return int(count) if count.isdecimal() else 1

    async def audit(self, *, deep: bool = False) -> AuditReport:
        return await audit(self.sources, deep=deep, patience=0)


Corruption = Callable[[Breakable], Awaitable[None]]

WAYANAD = 10
"""Partition of S11-PC04, where most of the story happens."""


@dataclass(frozen=True)
class Broken:
    """One corruption: `says` is the kind of mistake that `check` must find."""

    name: str
    by: Corruption
    check: str
    says: str
    deep: bool = False

    def __str__(self) -> str:
        return self.name


async def assert_found(breakable: Breakable, broken: Broken) -> None:
    """Break it, audit, and look for what must be said."""
    await broken.by(breakable)
    report = await breakable.audit(deep=broken.deep)
    said = {finding.what: finding for finding in report.findings.get(broken.check, ())}
    assert broken.says in said, report.findings
    assert said[broken.says].count >= len(said[broken.says].examples) >= 1
    assert not report.clean


def notes_of(report: AuditReport) -> list[str]:
    """What is worth knowing, but for the ends of the access records, which every report tells."""
    return [note for check in report.checks if check.name != "access record" for note in check.notes]


def sql(database: str, *statements: str, **names: object) -> Corruption:
    """Statements that each hit at least one row. `{p}` is the partition of Wayanad, others are given."""

    async def corrupt(breakable: Breakable) -> None:
        for statement in statements:
            filled = statement
            for name, value in {**names, "p": WAYANAD}.items():
                filled = filled.replace(f"{{{name}}}", str(value))
            assert await breakable.run(database, filled) != 0, f"nothing hit by: {filled}"

    return corrupt


def redis(*command: Any) -> Corruption:
    """A command of Redis that must do something."""

    async def corrupt(breakable: Breakable) -> None:
        assert await breakable.redis.execute_command(*command)  # type: ignore[no-untyped-call]

    return corrupt
