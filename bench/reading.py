"""Reading rollups: `GET` from memory beside `GROUP BY` and a materialized view, and many live subscribers."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import randrange

import httpx
import psutil
from sqlalchemy.engine import make_url

from bench import people, stacks
from bench.loading import Load, load, request_bytes
from bench.measuring import Figure, Told, percentile, proportional_memory, ratio
from bench.spine import applied, logged
from bench.subscribing import subscribers
from mitra_shared.ops.embedded.process import free_port
from mitra_shared.ops.stack import Stack
from mitra_shared.ops.stack_plan import StackPlan
from mitra_shared.security.tokens import Role

PEOPLE = 100_000
MORE = 20_000
ROUNDS = 3
CONNECTIONS = 16
REQUESTS = 10_000
PEER_REQUESTS = 1_000
SUBSCRIBERS = 500
STUCK = 100
PATIENCE = 300.0
_OURS = "/v1/rollups?level=constituency"
_NOTE_CPU = "requests over the processor time of the api process, so that the clients beside it do not count"


@contextmanager
def group_by(made: Stack) -> Iterator[tuple[str, int]]:
    """The peer, on the enrolment database itself; its URL and process id."""
    url = make_url(made.state().databases["enrolment"]).set(drivername="postgresql+asyncpg")
    environment = {
        **os.environ,
        "GROUP_BY_URL": url.render_as_string(hide_password=False),
        "GROUP_BY_JWKS": httpx.get(f"{made.state().api_urls('enrolment')[0]}/.well-known/jwks.json").text,
    }
    port = free_port(8300)
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "bench.group_by:app", "--port", str(port), "--no-access-log",
         "--log-level", "warning", "--loop", "uvloop"],
        env=environment,
    )  # fmt: skip
    try:
        base = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                httpx.get(f"{base}/openapi.json", timeout=1)
                break
            except httpx.HTTPError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        yield base, server.pid
    finally:
        server.terminate()
        server.wait(15)


def _seconds(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


async def _asked(
    url: str, headers: dict[str, str], requests: int, status: int, pid: int
) -> tuple[Load, float]:
    """The same request so many times: the load, and requests for each second of the server's processor."""
    each = request_bytes("GET", url, headers)
    before = _seconds(pid)
    done = await asyncio.to_thread(load, [url], [each] * requests, connections=CONNECTIONS)
    if done.statuses != {status: requests}:
        raise RuntimeError(f"{url} answered {done.statuses}")
    return done, requests / (_seconds(pid) - before)


async def _settled(made: Stack) -> None:
    """Wait until reporting has counted what was enrolled and what certificates said of it."""
    engines = stacks.readers(made)
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                there = await logged(engines["enrolment"], "enrolment")
                issuing = await applied(engines["certificates"])()
                events = there + await logged(engines["certificates"], "certificates")
                if issuing >= there and await applied(engines["reporting"])() >= events:
                    return
                await asyncio.sleep(0.05)
    finally:
        for engine in engines.values():
            await engine.dispose()


async def _enrolled(made: Stack, count: int) -> float:
    """Enrol people in batches; seconds until all of it is counted."""
    api = made.state().api_urls("enrolment")[0]
    batches = people.batch_requests(stacks.target(made), count, randrange(2**32), api, 200)
    begun = time.perf_counter()
    await asyncio.to_thread(load, [api], batches, connections=8)
    await _settled(made)
    return time.perf_counter() - begun


def _api_pid(made: Stack) -> int:
    return next(p.pid for p in made.state().processes if (p.service, p.kind) == ("reporting", "api"))


async def _gets(made: Stack, tell: Told) -> list[Figure]:
    ours = Figure("GET of 65 constituencies, one api process, 16 connections", "requests/s")
    late = Figure("p99 of that", "ms", goal=20, at_most=True)
    core = Figure("GET of 65 constituencies, a core", "requests/s", goal=2_000, note=_NOTE_CPU)
    same = Figure("the same with the ETag of the answer (304), a core", "requests/s", note=_NOTE_CPU)
    grouped = Figure("GROUP BY on the enrolment table for each GET", "requests/s")
    viewed = Figure("a materialized view, refreshed every second", "requests/s")
    base = made.state().api_urls("reporting")[0]
    headers = {"Authorization": f"Bearer {stacks.token(made, Role.HEADQUARTERS)}"}
    async with httpx.AsyncClient() as client:
        etag = (await client.get(base + _OURS, headers=headers)).headers["ETag"]
    with group_by(made) as (peer, peer_pid):
        for round_ in range(ROUNDS):
            tell(f"GET of rollups, round {round_ + 1} of {ROUNDS}")
            done, per_core = await _asked(base + _OURS, headers, REQUESTS, 200, _api_pid(made))
            ours.values.append(done.good_per_second)
            late.values.append(percentile(done.latencies, 0.99) * 1e3)
            core.values.append(per_core)
            matching = headers | {"If-None-Match": etag}
            same.values.append((await _asked(base + _OURS, matching, REQUESTS, 304, _api_pid(made)))[1])
            for figure, path in ((grouped, "/group-by"), (viewed, "/view")):
                done, _ = await _asked(peer + path, headers, PEER_REQUESTS, 200, peer_pid)
                figure.values.append(done.good_per_second)
    return [
        ours, late, core, same, grouped, ratio("GET over GROUP BY", ours, grouped),
        viewed, ratio("GET over the materialized view", ours, viewed),
    ]  # fmt: skip


async def _subscribed(made: Stack, tell: Told) -> list[Figure]:
    alone = Figure(f"{MORE:,} people enrolled and counted, no subscriber", "s")
    followed = Figure(
        f"the same with {SUBSCRIBERS} live subscribers, {STUCK} of whom never read",
        "s",
        note="the subscribers share the cores too",
    )
    more = Figure(
        f"memory of the api process for {SUBSCRIBERS} subscribers (PSS), {STUCK} of whom never read", "MiB"
    )
    url = f"{made.state().api_urls('reporting')[0]}/v1/rollups/stream"
    headers = {"Authorization": f"Bearer {stacks.token(made, Role.HEADQUARTERS)}"}
    for round_ in range(ROUNDS):
        tell(f"{SUBSCRIBERS} subscribers, round {round_ + 1} of {ROUNDS}")
        alone.values.append(await _enrolled(made, MORE))
        before = proportional_memory(_api_pid(made))
        with subscribers(url, headers, SUBSCRIBERS - STUCK, STUCK):
            followed.values.append(await _enrolled(made, MORE))
            more.values.append(proportional_memory(_api_pid(made)) - before)
    return [alone, followed, ratio("with subscribers over without", followed, alone), more]


async def measure(tell: Told) -> list[Figure]:
    """What reading costs, beside asking a database, and what subscribers cost."""
    async with stacks.stack(StackPlan(certificates_signers=0)) as made:
        tell(f"enrolling {PEOPLE:,} people to read of")
        await _enrolled(made, PEOPLE)
        return [*await _gets(made, tell), *await _subscribed(made, tell)]
