"""Intake: one POST a person and batches, beside pgbench writing the same rows and beside the usual way."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import randrange
from typing import Literal

import asyncpg
import httpx
from sqlalchemy.engine import make_url

from bench import people, stacks
from bench.loading import load
from bench.measuring import Figure, Told, percentile, ratio
from mitra_shared.ops.embedded.process import free_port
from mitra_shared.ops.embedded.programs import postgres_bin
from mitra_shared.ops.stack import Stack
from mitra_shared.ops.stack_plan import StackPlan

CONNECTIONS = 64
REQUESTS = 12_000
USUAL_REQUESTS = 3_000
BATCHED = 60_000
BATCH = 500
PGBENCH_SECONDS = 6
WHY_BATCHES = (
    "One api process is one core. A third of its time goes to reading and sealing each person, half to the "
    "transaction (most of that the driver's encoding), and a fifth it waits for the commit; Postgres is busy "
    "for a quarter of the time. A second api process helps where there is a core for it."
)
ROUNDS = 3

SCRIPT = Path(__file__).with_name("one_enrolment.pgbench.sql")


def pgbench(made: Stack) -> float:
    """Transactions a second of pgbench on a copy of the enrolment database, with as many clients."""
    url = make_url(made.state().databases["enrolment"])
    done = subprocess.run(
        [
            postgres_bin() / "pgbench", "-n", "-M", "prepared", "-c", str(CONNECTIONS), "-j", "1",
            "-T", str(PGBENCH_SECONDS), "-f", str(SCRIPT), "-h", str(url.host), "-p", str(url.port),
            "-U", str(url.username), "enrolment_pgbench",
        ],
        env={**os.environ, "PGPASSWORD": str(url.password)},
        capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
    line = next((line for line in done.stdout.splitlines() if line.startswith("tps")), None)
    if line is None:
        raise RuntimeError(f"pgbench failed: {done.stderr[-500:]}")
    return float(line.split("=")[1].split()[0])


async def pgbench_database(made: Stack) -> None:
    """A second database with the tables of the intake, for pgbench alone."""
    state = made.state()
    await _admin(made, "create database enrolment_pgbench owner enrolment")
    url = make_url(state.databases["enrolment"]).set(database="enrolment_pgbench")
    migrated = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "enrolment", "migrate"],
        env={**os.environ, "MITRA_DATABASE_URL": url.render_as_string(hide_password=False)},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    if migrated.returncode:
        raise RuntimeError(migrated.stderr)
    await _rule_of_areas(url.render_as_string(hide_password=False), "disable")


async def _rule_of_areas(url: str, change: Literal["enable", "disable"]) -> None:
    """Have Postgres hold the rule of areas on people, or not."""
    owner = await asyncpg.connect(url)
    try:
        await owner.execute(f"alter table mitra {change} row level security")
    finally:
        await owner.close()


async def _admin(made: Stack, statement: str) -> None:
    admin = await asyncpg.connect(superuser_url(made))
    try:
        await admin.execute(statement)
    finally:
        await admin.close()


def superuser_url(made: Stack) -> str:
    """URL of the superuser of the stack's Postgres."""
    from mitra_shared.ops.secrets import SUPERUSER, SecretFolder  # noqa: PLC0415 - only here

    state = made.state()
    password = SecretFolder(made.home / "secrets").database_password(SUPERUSER)
    return f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{state.postgres.port}/postgres"


@contextmanager
def usual_way(made: Stack) -> Iterator[str]:
    """The peer, on the same Postgres; yields its URL."""
    url = make_url(made.state().databases["enrolment"]).set(
        drivername="postgresql+asyncpg", database="enrolment_pgbench"
    )
    api = made.state().api_urls("enrolment")[0]
    environment = {
        **os.environ,
        "USUAL_WAY_URL": url.render_as_string(hide_password=False),
        "USUAL_WAY_JWKS": httpx.get(f"{api}/.well-known/jwks.json").text,
    }
    subprocess.run([sys.executable, "-m", "bench.usual_way"], env=environment, check=True, timeout=60)
    port = free_port(8300)
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "bench.usual_way:app", "--port", str(port), "--no-access-log",
         "--log-level", "warning"],
        env=environment,
    )  # fmt: skip
    try:
        base = f"http://127.0.0.1:{port}"
        for _ in range(100):
            try:
                httpx.get(f"{base}/openapi.json", timeout=1)
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield base
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(10)


async def measure(tell: Told) -> list[Figure]:
    """All figures of the intake, from one stack."""
    ours = Figure("intake alone: POST /v1/enrolments, 64 connections, one api process", "people/s")
    lone = Figure("intake latency at that load, p50", "ms")
    late = Figure("intake latency at that load, p99", "ms")
    peer = Figure("pgbench, the same rows, one transaction each, 64 clients", "transactions/s")
    usual = Figure("the usual way: FastAPI, ORM, outbox, one transaction each", "people/s")
    unruled = Figure("intake alone, without row-level security", "people/s")
    batch = Figure(f"intake: batches of {BATCH}, one api process", "people/s", goal=10_000, why=WHY_BATCHES)
    # Nothing else runs on the server while pgbench is measured either.
    async with stacks.stack(stacks.ONLY_INTAKE) as made:
        await pgbench_database(made)
        target, api = stacks.target(made), made.state().api_urls("enrolment")[0]
        with usual_way(made) as usual_url:
            for round_ in range(ROUNDS):
                tell(f"intake, round {round_ + 1} of {ROUNDS}")
                peer.values.append(await asyncio.to_thread(pgbench, made))
                singles = people.single_requests(target, REQUESTS, randrange(2**32), api)
                done = await asyncio.to_thread(load, [api], singles, connections=CONNECTIONS)
                _all_created(done.statuses, 201)
                ours.values.append(done.good_per_second)
                database = made.state().databases["enrolment"]
                await _rule_of_areas(database, "disable")
                singles = people.single_requests(target, REQUESTS, randrange(2**32), api)
                without = await asyncio.to_thread(load, [api], singles, connections=CONNECTIONS)
                _all_created(without.statuses, 201)
                unruled.values.append(without.good_per_second)
                await _rule_of_areas(database, "enable")
                lone.values.append(percentile(done.latencies, 0.5) * 1e3)
                late.values.append(percentile(done.latencies, 0.99) * 1e3)
                singles = people.single_requests(target, USUAL_REQUESTS, randrange(2**32), usual_url)
                done = await asyncio.to_thread(load, [usual_url], singles, connections=CONNECTIONS)
                _all_created(done.statuses, 201)
                usual.values.append(done.good_per_second)
                batches = people.batch_requests(target, BATCHED, randrange(2**32), api, BATCH)
                done = await asyncio.to_thread(load, [api], batches, connections=8)
                _all_created(done.statuses, 200)
                batch.values.append(BATCHED / done.seconds)
    return [
        ours, lone, late, peer, ratio("intake over pgbench", ours, peer, goal=0.6),
        usual, ratio("intake over the usual way", ours, usual, goal=5),
        unruled, ratio("intake with row-level security over without", ours, unruled), batch,
    ]  # fmt: skip


def _all_created(statuses: dict[int, int], status: int) -> None:
    """Every answer is that one, but for a few people of two rounds who share a phone by chance."""
    if statuses.get(status, 0) < 0.999 * sum(statuses.values()) or set(statuses) - {status, 409}:
        raise RuntimeError(f"answers were {statuses}, not all {status}")


async def replicas(tell: Told) -> list[Figure]:
    """The same load on one and on two api processes, and with the certificates service stopped."""
    figures = []
    for count in (1, 2):
        tell(f"intake with {count} api processes")
        figure = Figure(
            f"intake with {count} api process{'es' if count > 1 else ''}, all services running", "people/s"
        )
        async with stacks.stack(StackPlan(enrolment_apis=count)) as made:
            target, urls = stacks.target(made), list(made.state().api_urls("enrolment"))
            for _ in range(ROUNDS):
                singles = people.single_requests(target, REQUESTS, randrange(2**32), urls[0])
                done = await asyncio.to_thread(load, urls, singles, connections=CONNECTIONS)
                figure.values.append(done.good_per_second)
        figures.append(figure)
    stopped = Figure("intake with the certificates service stopped (but for its idle api)", "people/s")
    tell("intake without certificates")
    async with stacks.stack(
        StackPlan(certificates_consumers=0, certificates_signers=0, certificates_relays=0)
    ) as made:
        target, api = stacks.target(made), made.state().api_urls("enrolment")[0]
        for _ in range(ROUNDS):
            singles = people.single_requests(target, REQUESTS, randrange(2**32), api)
            done = await asyncio.to_thread(load, [api], singles, connections=CONNECTIONS)
            stopped.values.append(done.good_per_second)
    return [*figures, stopped]
