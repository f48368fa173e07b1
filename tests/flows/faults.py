"""Everything that may go wrong, and schedules of it: the seed fixes what happens, to whom, and when.

A fault may last; it undoes itself. Only processes of the test's own stack are touched.
"""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import asyncpg
from redis.exceptions import RedisError

from mitra_shared.contracts.topics import TOPICS
from mitra_shared.ids import Partition
from mitra_shared.ops.service_process import ServiceProcess
from tests.flows.real_stack import REDIS_MEMORY, RealStack

PAUSE_BETWEEN = (0.5, 4.5)
"""Seconds from the begin of one fault to that of the next; faults overlap."""


@dataclass(frozen=True)
class Scene:
    """One stack, and dice for one fault."""

    stack: RealStack
    dice: random.Random

    def any_of(self, *kinds: tuple[str, str]) -> ServiceProcess:
        """One process of one of these kinds."""
        service, kind = self.dice.choice(kinds)
        return self.dice.choice(self.stack.of(service, kind))


RELAYS = (("enrolment", "relay"), ("certificates", "relay"))
CONSUMERS = (("certificates", "consumer"), ("reporting", "consumer"))
APIS = (("enrolment", "api"), ("certificates", "api"), ("reporting", "api"))


async def api_killed(scene: Scene) -> None:
    scene.stack.kill(scene.any_of(("enrolment", "api")))


async def any_api_killed(scene: Scene) -> None:
    scene.stack.kill(scene.any_of(*APIS))


async def relay_killed(scene: Scene) -> None:
    scene.stack.kill(scene.any_of(*RELAYS))


async def consumer_killed(scene: Scene) -> None:
    scene.stack.kill(scene.any_of(*CONSUMERS))


async def all_of_a_kind_killed(scene: Scene) -> None:
    service, kind = scene.dice.choice((*RELAYS, *CONSUMERS, ("enrolment", "api")))
    for process in scene.stack.of(service, kind):
        scene.stack.kill(process)


async def half_of_all_killed(scene: Scene) -> None:
    processes = list(scene.stack.services.values())
    for process in scene.dice.sample(processes, len(processes) // 2):
        scene.stack.kill(process)


async def owner_stopped(scene: Scene) -> None:
    """Long enough that another takes its partitions; then it wakes up and believes they are its own."""
    await _stopped(scene.stack, scene.any_of(*CONSUMERS), 15)


async def relay_stopped(scene: Scene) -> None:
    await _stopped(scene.stack, scene.any_of(*RELAYS), scene.dice.uniform(1, 8))


async def api_stopped(scene: Scene) -> None:
    await _stopped(scene.stack, scene.any_of(("enrolment", "api")), scene.dice.uniform(1, 12))


async def _stopped(stack: RealStack, process: ServiceProcess, seconds: float) -> None:
    stack.pause(process)
    try:
        await asyncio.sleep(seconds)
    finally:
        stack.resume(process)


async def redis_killed(scene: Scene) -> None:
    scene.stack.redis.kill()


async def redis_lost(scene: Scene) -> None:
    """Killed, and its disk is gone too."""
    scene.stack.redis.kill()
    scene.stack.redis.forget()


async def redis_stopped(scene: Scene) -> None:
    """It takes connections and says nothing."""
    pid = scene.stack.redis.pid
    if pid is None:
        return
    os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(scene.dice.uniform(1, 12))
    finally:
        # Meanwhile another fault may have ended it, and its number may be another's.
        if scene.stack.redis.pid == pid:
            os.kill(pid, signal.SIGCONT)


async def redis_flushed(scene: Scene) -> None:
    await _on_redis(scene, "FLUSHALL")


async def stream_deleted(scene: Scene) -> None:
    topic = scene.dice.choice(list(TOPICS.values()))
    await _on_redis(scene, "DEL", topic.stream(Partition(scene.dice.randrange(16))))


async def stream_cut(scene: Scene) -> None:
    """Somebody trims a stream by hand, without asking who still needs it."""
    topic = scene.dice.choice(list(TOPICS.values()))
    await _on_redis(scene, "XTRIM", topic.stream(Partition(scene.dice.randrange(16))), "MAXLEN", "3")


async def redis_full(scene: Scene) -> None:
    """No room from one moment to the next: appends fail, some of them half-way through a script."""
    seconds, room = scene.dice.uniform(2, 7), scene.dice.choice((0, 20_000, 200_000))
    try:
        async with scene.stack.redis_as("admin") as redis:
            used = (await redis.info("memory"))["used_memory"]
        await _on_redis(scene, "CONFIG", "SET", "maxmemory", str(used + room))
        await asyncio.sleep(seconds)
    except (RedisError, OSError):
        await asyncio.sleep(seconds)
    finally:
        await _on_redis(scene, "CONFIG", "SET", "maxmemory", REDIS_MEMORY)


async def _on_redis(scene: Scene, *command: str) -> None:
    """A command, if there is a server: another fault may have taken it away."""
    try:
        async with scene.stack.redis_as("admin") as redis:
            await cast("Any", redis).execute_command(*command)
    except (RedisError, OSError):
        pass


async def postgres_killed(scene: Scene) -> None:
    scene.stack.postgres.kill()


async def backends_terminated(scene: Scene) -> None:
    database = scene.dice.choice(("enrolment", "certificates", "reporting"))
    try:
        connection = await asyncpg.connect(scene.stack.postgres.url(), timeout=2)
    except (asyncpg.PostgresError, OSError, TimeoutError):
        return
    try:
        await connection.fetch(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", database, timeout=2
        )
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
        return
    finally:
        connection.terminate()


Fault = Callable[[Scene], Awaitable[None]]

ALWAYS: Sequence[Fault] = (
    api_killed,
    relay_killed,
    consumer_killed,
    all_of_a_kind_killed,
    owner_stopped,
    redis_lost,
    redis_flushed,
    redis_full,
    postgres_killed,
    backends_terminated,
)
"""Each schedule has every one of these."""

SOMETIMES: Sequence[Fault] = (
    *ALWAYS,
    any_api_killed,
    half_of_all_killed,
    relay_stopped,
    api_stopped,
    redis_killed,
    redis_stopped,
    stream_deleted,
    stream_cut,
)


class Planned(NamedTuple):
    """A fault, when it begins (seconds from the start), and the seed of its dice."""

    at: float
    fault: Fault
    seed: int


def schedule(seed: int, seconds: float) -> list[Planned]:
    """Faults over so many seconds, in the order in which they begin; at least each of `ALWAYS`, once."""
    dice = random.Random(seed)  # noqa: S311 - a schedule, not a secret
    moments = []
    at = dice.uniform(1, 3)
    while at < seconds:
        moments.append(at)
        at += dice.uniform(*PAUSE_BETWEEN)
    faults = [*ALWAYS, *dice.choices(SOMETIMES, k=max(0, len(moments) - len(ALWAYS)))]
    dice.shuffle(faults)
    return [
        Planned(moment, fault, dice.getrandbits(32)) for moment, fault in zip(moments, faults, strict=False)
    ]


async def play(stack: RealStack, planned: Sequence[Planned]) -> Counter[str]:
    """Play a schedule to its end, and undo what still lasts.

    Returns:
        How often each fault was played.
    """
    began = asyncio.get_running_loop().time()
    async with asyncio.TaskGroup() as group:
        for moment, fault, seed in planned:
            await asyncio.sleep(began + moment - asyncio.get_running_loop().time())
            scene = Scene(stack, random.Random(seed))  # noqa: S311 - a schedule, not a secret
            group.create_task(_begin(fault, scene))
    return Counter(fault.__name__ for _, fault, _ in planned)


async def _begin(fault: Fault, scene: Scene) -> None:
    await fault(scene)
