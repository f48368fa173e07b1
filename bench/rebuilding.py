"""Rebuilding reporting: the whole campaign counted again beside the live figures; beside it, plain SQL."""

import asyncio
import json
import subprocess
import sys
import time
from random import randrange
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bench import people, stacks
from bench.loading import load
from bench.measuring import Figure, Told
from bench.spine import applied, logged
from mitra_shared.database import create_engine
from mitra_shared.ops.simulate.plan import FULL_CAMPAIGN
from mitra_shared.ops.stack import Stack

ROUNDS: Final = 3
BATCH: Final = 200
SETTLE_SECONDS: Final = 1_800.0
MOST_SECONDS: Final = 60.0

GROUPED: Final = {
    "days": """
        select campaign, segment, basis,
               (enrolled_at at time zone 'UTC' + interval '5 hours 30 minutes')::date as day,
               count(*) as enrolled
        from mitra group by 1, 2, 3, 4
    """,
    "schemes": """
        select campaign, constituency,
               (enrolled_at at time zone 'UTC' + interval '5 hours 30 minutes')::date as day, scheme,
               count(*) as enrolled
        from mitra cross join lateral unnest(schemes) as scheme group by 1, 2, 3, 4
    """,
    "recruiters": """
        select campaign, segment, recruiter,
               date_trunc('hour', enrolled_at at time zone 'UTC' + interval '5 hours 30 minutes') as hour,
               count(*) as enrolled
        from mitra group by 1, 2, 3, 4
    """,
}
"""What reporting keeps of enrolments, without certificates, opinions and custody."""


SEEING_ALL: Final = text("select set_config('mitra.work', 'audit', true)")
"""Postgres shows people to whoever says what for."""


async def measure(tell: Told) -> list[Figure]:
    """Rebuild and verify, three rounds, on a stack at rest with 3.25 lakh people; beside it plain SQL."""
    verified = Figure("`mitra rebuild reporting --verify`", "s", goal=MOST_SECONDS, at_most=True)
    rebuilt = Figure("`mitra rebuild reporting`", "s", goal=MOST_SECONDS, at_most=True)
    grouped = Figure("rollups of enrolments alone, plain SQL `GROUP BY`", "s")
    refreshed = Figure("the same as materialized views, one refresh", "s")
    async with stacks.stack() as made:
        target, api = stacks.target(made), made.state().api_urls("enrolment")[0]
        requests = people.batch_requests(target, FULL_CAMPAIGN, randrange(2**32), api, BATCH)
        tell(f"rebuilding: loading {FULL_CAMPAIGN:,} people")
        done = await asyncio.to_thread(load, [api], requests, connections=8)
        if set(done.statuses) != {200}:
            raise RuntimeError(f"answers were {done.statuses}")
        await _settled(made, tell)
        owner = create_engine(made.state().databases["enrolment"], application="bench", pool_size=1)
        await _views(owner)
        for round_ in range(ROUNDS):
            tell(f"rebuilding: round {round_ + 1} of {ROUNDS}")
            for figure, options in ((verified, ("--verify",)), (rebuilt, ())):
                began = time.monotonic()
                told = await asyncio.to_thread(_mitra, made, *options)
                figure.values.append(time.monotonic() - began)
                figure.note = f"{told['entries']:,} events"
            grouped.values.append(await _timed(owner, *GROUPED.values()))
            views = (f"refresh materialized view bench_{name}" for name in GROUPED)
            refreshed.values.append(await _timed(owner, *views))
        await owner.dispose()
    refreshed.note = "refreshed every second it would have to take less than one"
    return [rebuilt, verified, grouped, refreshed]


async def _settled(made: Stack, tell: Told) -> None:
    engines = stacks.readers(made)
    count, deadline = applied(engines["reporting"]), time.monotonic() + SETTLE_SECONDS
    while True:
        logs = [("enrolment", "enrolment"), ("enrolment", "opinions"), ("certificates", "certificates")]
        there = sum([await logged(engines[service], topic) for service, topic in logs])
        has = await count()
        if has == there >= 2 * FULL_CAMPAIGN:
            break
        if time.monotonic() > deadline:
            raise TimeoutError(f"reporting has {has:,} of {there:,}")
        tell(f"rebuilding: reporting has {has:,} of {there:,}")
        await asyncio.sleep(5)
    for engine in engines.values():
        await engine.dispose()


def _mitra(made: Stack, *options: str) -> Any:
    command = (sys.executable, "-m", "mitra_shared.ops.cli", "rebuild", "reporting")
    done = subprocess.run(
        [*command, "--json", "--home", str(made.home), *options], check=True, capture_output=True, text=True
    )
    told = json.loads(done.stdout)
    if told["differing"]:
        raise RuntimeError(f"live is not what the logs give: {told['differing']}")
    return told


async def _views(owner: AsyncEngine) -> None:
    async with owner.begin() as connection:
        await connection.execute(SEEING_ALL)
        for name, query in GROUPED.items():
            await connection.execute(text(f"create materialized view bench_{name} as {query}"))


async def _timed(owner: AsyncEngine, *statements: str) -> float:
    async with owner.begin() as connection:
        await connection.execute(text("set local statement_timeout = '60s'"))
        await connection.execute(SEEING_ALL)
        began = time.monotonic()
        for statement in statements:
            (await connection.execute(text(statement))).close()
        return time.monotonic() - began
