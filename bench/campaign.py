"""The whole campaign: 3.25 lakh people by 2,015 staff, everything settled, the audit clean."""

import asyncio
import time
from random import randrange

from bench import people, stacks
from bench.loading import load
from bench.measuring import Figure, Told, proportional_memory
from mitra_shared.ops.audit import audit
from mitra_shared.ops.audit.sources import AuditSources
from mitra_shared.ops.simulate.day import simulate
from mitra_shared.ops.simulate.plan import FULL_CAMPAIGN, Plan
from mitra_shared.ops.simulate.settling import outcome, settled
from mitra_shared.ops.stack import Stack

ANSWERING = 0.02
SETTLE_SECONDS = 600.0
MINUTES = 5.0
MEMORY = 300.0
CHUNK = 20_000
CONNECTIONS = 64


async def _sample_memory(made: Stack, largest: dict[str, float]) -> None:
    while True:
        for process in made.state().processes:
            used = proportional_memory(process.pid)
            largest[process.name] = max(used, largest.get(process.name, 0.0))
        await asyncio.sleep(2)


async def measure(tell: Told) -> list[Figure]:
    """The campaign through the batch endpoint, with withdrawals, doubles and opinions."""
    largest: dict[str, float] = {}
    async with stacks.stack() as made:
        sampling = asyncio.create_task(_sample_memory(made, largest))
        engines = stacks.readers(made)
        begun = time.monotonic()
        told = begun

        def progress(summary: object) -> None:
            nonlocal told
            if time.monotonic() - told > 15:
                told = time.monotonic()
                tell(str(summary))

        plan = Plan(FULL_CAMPAIGN, randrange(2**32), batch=160, phones=12, answering=ANSWERING)
        summary = await simulate(stacks.target(made), plan, progress)
        await settled(engines, within=SETTLE_SECONDS)
        minutes = (time.monotonic() - begun) / 60
        sampling.cancel()
        if summary.enrolled != FULL_CAMPAIGN or not summary.is_sound:
            raise RuntimeError(f"not the whole campaign: {summary}")
        came_of_it = await outcome(engines["certificates"])
        begun = time.monotonic()
        findings = await _audit(made)
        audited = time.monotonic() - begun
        for engine in engines.values():
            await engine.dispose()
    note = ", ".join(
        (
            f"{summary.withdrawn:,} withdrawn",
            f"{summary.opinions:,} opinions",
            f"{came_of_it.issued:,} certificates",
            f"{came_of_it.overflowed} segments overflowed",
            f"{came_of_it.promoted:,} promoted",
        )
    )
    return [
        Figure(
            "325,000 people, all certificates and rollups settled",
            "min",
            [minutes],
            MINUTES,
            at_most=True,
            note=note,
        ),
        Figure("people a second, with all that follows", "people/s", [FULL_CAMPAIGN / minutes / 60]),
        Figure("audit of the whole", "s", [audited]),
        Figure("findings of the audit", "", [findings], 0, at_most=True),
        *(
            Figure(f"largest memory of {name} (PSS)", "MiB", [used], MEMORY, at_most=True)
            for name, used in sorted(largest.items())
        ),
    ]


async def one_by_one(tell: Told) -> list[Figure]:
    """The campaign with one POST a person, over 64 connections."""
    async with stacks.stack() as made:
        engines = stacks.readers(made)
        target, api = stacks.target(made), made.state().api_urls("enrolment")[0]
        requests = people.single_requests(target, FULL_CAMPAIGN, randrange(2**32), api)
        begun = time.monotonic()
        for start in range(0, len(requests), CHUNK):
            tell(f"one by one: {start:,} of {len(requests):,}")
            done = await asyncio.to_thread(
                load, [api], requests[start : start + CHUNK], connections=CONNECTIONS
            )
            if set(done.statuses) != {201}:
                raise RuntimeError(f"answers were {done.statuses}")
        await settled(engines, within=SETTLE_SECONDS)
        minutes = (time.monotonic() - begun) / 60
        findings = await _audit(made)
        for engine in engines.values():
            await engine.dispose()
    return [
        Figure("325,000 people, one POST each, settled", "min", [minutes]),
        Figure("findings of the audit", "", [findings], 0, at_most=True),
    ]


async def _audit(made: Stack) -> float:
    report = await audit(AuditSources.of_stack(made.state()))
    return float(len(report.findings))
