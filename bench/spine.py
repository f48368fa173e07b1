"""Relay and consumers on their own: the rate at which real processes work off a log that is already there."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from random import randrange

from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bench import people, stacks
from bench.loading import load
from bench.measuring import Figure, Told
from mitra_shared.ops.secrets import SecretFolder
from mitra_shared.ops.service_process import environment
from mitra_shared.ops.stack import Stack
from mitra_shared.streams import connect

PEOPLE = 100_000
ROUNDS = 3
PATIENCE = 180.0
WHY_RELAY = (
    "Postgres, the relay, Redis and the counting of this benchmark share the cores, and the relay is where "
    "rows become entries, in Python."
)
WHY_CONSUMER = (
    "The statements of a batch follow one another: while Postgres works the consumer waits, and the "
    "other way round. Several processes overlap, as far as there are cores."
)


@contextmanager
def process(made: Stack, service: str, kind: str) -> Iterator[None]:
    """A process of a service beside those of the stack."""
    urls = {f"{name}_url": made.state().api_urls(name)[0] for name in ("enrolment", "certificates")}
    settings = {"host": "127.0.0.1", "port": "0", "log_level": "warning", **urls}
    settings["public_url"] = urls["certificates_url"]
    settings["people_url"] = urls["enrolment_url"]
    secrets = SecretFolder(made.home / "secrets").of_service(service)
    running = subprocess.Popen(
        [sys.executable, "-m", service, kind],
        env=environment(secrets_dir=str(secrets), **settings),
        cwd=made.home,
    )
    try:
        yield
    finally:
        running.terminate()
        running.wait(15)


async def rate(count: Callable[[], Awaitable[int]], until: int) -> float:
    """Events a second between the first sign of work and the last event.

    Raises:
        TimeoutError: it does not get there.
    """
    deadline = time.monotonic() + PATIENCE
    before = await count()
    seen: list[tuple[float, int]] = []
    while time.monotonic() < deadline:
        done = await count()
        if done > before:
            seen.append((time.monotonic(), done))
        if done >= until:
            (begun, first), (ended, last) = seen[0], seen[-1]
            return (last - first) / max(ended - begun, 0.001)
        await asyncio.sleep(0.02)
    raise TimeoutError(f"{await count()} of {until} after {PATIENCE} s")


def streamed(redis: Redis, topic: str) -> Callable[[], Awaitable[int]]:
    """Counts the entries in the streams of a topic."""

    async def count() -> int:
        async with redis.pipeline(transaction=False) as pipe:
            for partition in range(16):
                pipe.xlen(f"{topic}.{{{partition}}}")
            return sum(await pipe.execute())

    return count


def applied(engine: AsyncEngine) -> Callable[[], Awaitable[int]]:
    """Counts the events that the consumers of a service have applied."""

    async def count() -> int:
        async with engine.connect() as connection:
            done = await connection.execute(text("select coalesce(sum(position), 0) from consumer_position"))
            return int(done.scalar_one())

    return count


async def logged(engine: AsyncEngine, topic: str) -> int:
    """Events in a log."""
    async with engine.connect() as connection:
        positions = await connection.execute(text(f"select sum(position) from {topic}_head"))  # noqa: S608
        return int(positions.scalar_one())


async def _round(figures: dict[str, Figure], certificates: int) -> None:
    async with stacks.stack(stacks.ONLY_INTAKE) as made:
        target, api = stacks.target(made), made.state().api_urls("enrolment")[0]
        batches = people.batch_requests(target, PEOPLE, randrange(2**32), api, 200)
        await asyncio.to_thread(load, [api], batches, connections=8)
        engines = stacks.readers(made)
        redis = connect(made.state().redis_urls["admin"])
        enrolments = await logged(engines["enrolment"], "enrolment")
        with process(made, "enrolment", "relay"):
            figures["relay"].values.append(await rate(streamed(redis, "enrolment"), enrolments))
        with ExitStack() as running:
            for _ in range(certificates):
                running.enter_context(process(made, "certificates", "consumer"))
            name = "certificates" if certificates == 1 else "certificates twice"
            figures[name].values.append(await rate(applied(engines["certificates"]), enrolments))
        events = await logged(engines["certificates"], "certificates")
        with process(made, "certificates", "relay"):
            await rate(streamed(redis, "certificates"), events)
        with process(made, "reporting", "consumer"):
            opinions = await logged(engines["enrolment"], "opinions")
            reached = await rate(applied(engines["reporting"]), enrolments + events + opinions)
            figures["reporting"].values.append(reached)
        await redis.aclose()
        for engine in engines.values():
            await engine.dispose()


async def measure(tell: Told) -> list[Figure]:
    """Rates of the relay and of each consumer, and of two certificates consumers."""
    figures = {
        "relay": Figure("relay, one process", "events/s", goal=40_000, why=WHY_RELAY),
        "certificates": Figure(
            "certificates consumer, one process", "events/s", goal=20_000, why=WHY_CONSUMER
        ),
        "certificates twice": Figure("certificates consumer, two processes", "events/s"),
        "reporting": Figure("reporting consumer, one process", "events/s", goal=20_000, why=WHY_CONSUMER),
    }
    for certificates in (1, 2):
        for round_ in range(ROUNDS):
            tell(f"spine with {certificates} certificates consumers, round {round_ + 1} of {ROUNDS}")
            await _round(figures, certificates)
    return list(figures.values())
