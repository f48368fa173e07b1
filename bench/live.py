"""From the 201 to the live feed: how long until a subscriber, one of a hundred, sees a person counted."""

import asyncio
import json
import time
from collections import defaultdict
from random import randrange
from typing import Any

import aiohttp

from bench import people, stacks
from bench.measuring import Figure, Told, percentile
from bench.subscribing import subscribers
from mitra_shared.ops.simulate.day import staff_tokens
from mitra_shared.ops.simulate.plan import Plan
from mitra_shared.ops.stack import Stack
from mitra_shared.security.tokens import Role

PACE = 500
SUBSCRIBERS = 100
SECONDS = 15
ROUNDS = 3
WHY = (
    "Five processes, Postgres, Redis and the clients of this benchmark take turns on the cores, and every "
    "group of the intake goes the whole way by itself. The mirror of the feed rests for at least 20 ms "
    "between two refreshes."
)


class Seen:
    """What the feed showed: for each segment, when its count first reached each number."""

    def __init__(self) -> None:
        self.counts: dict[str, list[tuple[int, float]]] = defaultdict(list)

    def take(self, body: dict[str, Any]) -> None:
        """Note the counts of an event."""
        now = time.perf_counter()
        for area in body["areas"]:
            self.counts[area["area"]].append((area["enrolled"], now))

    def when(self, segment: str, count: int) -> float | None:
        """When the segment was first shown with at least so many."""
        return next((at for shown, at in self.counts[segment] if shown >= count), None)


async def _known(made: Stack) -> None:
    """Wait until reporting has heard of the campaign."""
    url = f"{made.state().api_urls('reporting')[0]}/v1/rollups/IN"
    headers = {"Authorization": f"Bearer {stacks.token(made, Role.HEADQUARTERS)}"}
    async with aiohttp.ClientSession() as http, asyncio.timeout(20):
        while True:
            async with http.get(url, headers=headers) as answer:
                if answer.ok:
                    return
            await asyncio.sleep(0.1)


def _feed(made: Stack) -> tuple[str, dict[str, str]]:
    """Address and headers of a subscription."""
    url = f"{made.state().api_urls('reporting')[0]}/v1/rollups/stream?level=segment"
    return url, {"Authorization": f"Bearer {stacks.token(made, Role.HEADQUARTERS)}"}


async def _subscribe(made: Stack, seen: Seen, ready: asyncio.Event) -> None:
    url, headers = _feed(made)
    async with aiohttp.ClientSession() as http, http.get(url, headers=headers, timeout=None) as answer:
        answer.raise_for_status()
        async for line in answer.content:
            if line.startswith(b"data:"):
                body = json.loads(line[5:])
                if "areas" in body:
                    seen.take(body)
                    ready.set()


async def _round(made: Stack) -> tuple[list[float], list[float]]:
    """(milliseconds from the 201 to the feed, milliseconds of the requests)."""
    seen, ready = Seen(), asyncio.Event()
    subscriber = asyncio.create_task(_subscribe(made, seen, ready))
    await asyncio.wait_for(ready.wait(), 20)
    already = {segment: shown[-1][0] for segment, shown in seen.counts.items()}
    target = stacks.target(made)
    tokens = staff_tokens(target)
    api = made.state().api_urls("enrolment")[0]
    answered: list[tuple[str, tuple[int, int], float]] = []
    took: list[float] = []
    doubles: list[Any] = []

    async def enrol(http: aiohttp.ClientSession, staff: Any, person: Any) -> None:
        begun = time.perf_counter()
        headers = {
            "Authorization": f"Bearer {tokens[staff]}",
            "Idempotency-Key": f"live-{randrange(2**64):020d}",
        }
        async with http.post(f"{api}/v1/enrolments", json=person.body, headers=headers) as answer:
            body = await answer.json()
            if answer.status == 409:
                doubles.append(body)
                return
            if answer.status != 201:
                raise RuntimeError(str(body))
        now = time.perf_counter()
        took.append((now - begun) * 1e3)
        answered.append((person.body["segment"], (body["partition"], body["position"]), now))

    crowd = [
        (sync.staff, person)
        for sync in people.collected(target, Plan(PACE * SECONDS, randrange(2**32), way="single"))
        for person in sync.collected
    ]
    begun = time.perf_counter()
    async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as group:
        for number, (staff, person) in enumerate(crowd):
            ahead = begun + number / PACE - time.perf_counter()
            if ahead > 0:
                await asyncio.sleep(ahead)
            group.create_task(enrol(http, staff, person))
    await asyncio.sleep(2)
    subscriber.cancel()
    # A few people of two rounds share a phone by chance.
    if len(doubles) > 0.001 * len(crowd):
        raise RuntimeError(f"{len(doubles)} of {len(crowd)} answers were 409, as {doubles[0]}")
    delays: list[float] = []
    nth: dict[str, int] = defaultdict(int, already)
    for segment, _, at in sorted(answered, key=lambda one: one[1]):
        nth[segment] += 1
        shown = seen.when(segment, nth[segment])
        if shown is None:
            raise RuntimeError(f"{segment} was never shown with {nth[segment]} people")
        delays.append(max(0.0, shown - at) * 1e3)
    return delays, took


async def measure(tell: Told) -> list[Figure]:
    """Median and 99th percentile of the way from the answer to the feed."""
    middle = Figure(
        f"201 to live feed at {PACE}/s, {SUBSCRIBERS} subscribers, p50", "ms", goal=30, at_most=True, why=WHY
    )
    late = Figure(
        f"201 to live feed at {PACE}/s, {SUBSCRIBERS} subscribers, p99", "ms", goal=150, at_most=True, why=WHY
    )
    request = Figure(f"POST at {PACE}/s, p50", "ms")
    async with stacks.stack() as made:
        await _known(made)
        for round_ in range(ROUNDS):
            tell(f"live feed, round {round_ + 1} of {ROUNDS}")
            with subscribers(*_feed(made), SUBSCRIBERS - 1):
                delays, took = await _round(made)
            middle.values.append(percentile(delays, 0.5))
            late.values.append(percentile(delays, 0.99))
            request.values.append(percentile(took, 0.5))
    return [middle, late, request]
