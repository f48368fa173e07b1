"""The consumer's loop: lease, read, check, apply, commit; on any doubt start again from the database.

While one batch is applied the next is read. Nothing in Redis or in this process is the truth: a failure
discards what was read ahead.
"""

import asyncio
from time import monotonic
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog import get_logger

from mitra_shared.consume.applying import Applier, in_words
from mitra_shared.consume.dead_letters import open_letters
from mitra_shared.consume.feeding import prepare
from mitra_shared.consume.group import ConsumerGroup
from mitra_shared.consume.leases import Leases
from mitra_shared.consume.positions import (
    START,
    Fenced,
    Source,
    Standing,
    ensure_positions,
    read_positions,
    restart_partition,
)
from mitra_shared.consume.publishing import Publisher
from mitra_shared.consume.reading import BATCH, Poll, Reader, Run
from mitra_shared.consume.replay import Diverged, LogClient, LogUnreachable, Replayed
from mitra_shared.database import backoff, is_infrastructure
from mitra_shared.ids import Partition
from mitra_shared.log.unit_of_work import unit_of_work
from mitra_shared.process import ShutdownSignal

log = get_logger(__name__)

RENEW_SECONDS: Final = 1.0
RENEWED_WITHIN_SECONDS: Final = 10.0
TEND_SECONDS: Final = 1.0
SUSPECT_SECONDS: Final = 4.0
"""How long a stream may end before our own standing until the log itself is asked about it."""


class Consumer:
    """Reads the topics of a group and applies them.

    Attributes:
        standings: committed standing of every source this process owns.
        last_poll: when a read last succeeded (monotonic seconds).
        last_commit: when a batch was last committed.
        trouble: why the last attempt failed, None if it did not.
    """

    def __init__(self, engine: AsyncEngine, redis: Redis, group: ConsumerGroup, logs: LogClient) -> None:
        self.standings: dict[Source, Standing] = {}
        self.last_poll: float | None = None
        self.last_commit: float | None = None
        self.trouble: str | None = None
        self.leases = Leases(engine, group.name)
        self.applier = Applier(engine, group)
        self.publisher = Publisher(redis, group)
        self._engine = engine
        self._redis = redis
        self._group = group
        self._logs = logs
        self._reader = Reader(redis)
        self._ahead: asyncio.Task[Poll] | None = None
        self._loaded: frozenset[Partition] | None = None
        self._tended = 0.0
        self._suspected: dict[Source, float] = {}

    async def run(self, shutdown: ShutdownSignal) -> None:
        """Consume until `shutdown`; database, Redis and producers may come and go."""
        await prepare(self._group.broker)
        renewing = asyncio.create_task(self._keep_leases(shutdown))
        failures = 0
        try:
            while not shutdown.requested:
                if renewing.done():
                    # Without leases it would wait for ever; another process may do better.
                    why = None if renewing.cancelled() else renewing.exception()
                    raise RuntimeError("nothing renews the leases any more") from why
                try:
                    await self._step()
                except Exception as error:
                    await self._start_over()
                    if not self._passes(error):
                        raise
                    self.trouble = in_words(error)
                    log.warning("consumer waits", group=self._group.name, reason=self.trouble)
                    await shutdown.sleep(backoff(failures))
                    failures += 1
                else:
                    failures, self.trouble = 0, None
        finally:
            renewing.cancel()
            await self._start_over()
            await self._leave()
            await self._group.broker.stop()

    @staticmethod
    def _passes(error: Exception) -> bool:
        return isinstance(error, RedisError | Fenced | LogUnreachable) or is_infrastructure(error)

    async def _leave(self) -> None:
        try:
            await self.leases.leave()
        except Exception as error:  # noqa: BLE001 - the server ends the session anyway
            log.info("leases end with the session", group=self._group.name, reason=in_words(error))

    async def _keep_leases(self, shutdown: ShutdownSignal) -> None:
        while not shutdown.requested:
            try:
                async with asyncio.timeout(RENEWED_WITHIN_SECONDS):
                    await self.leases.renew()
            except Exception as error:  # noqa: BLE001 - whatever it is, somebody has to go on asking
                log.warning("no leases", group=self._group.name, reason=in_words(error))
            await shutdown.sleep(RENEW_SECONDS)

    async def _step(self) -> None:
        """One turn: take over what is newly owned, tend, read, and apply what came."""
        if self.leases.owned != self._loaded:
            await self._claim(self.leases.owned)
        if monotonic() - self._tended > TEND_SECONDS:
            await self._tend()
        if not self.standings:
            await asyncio.sleep(0.05)
            return
        poll = await self._next_poll()
        self.last_poll = monotonic()
        runs = [run for run in poll.runs if self.standings.get(run.source) == run.after]
        if runs:
            reached = {run.source: run.reached for run in runs}
            if not poll.gaps:
                self._read_ahead({**self.standings, **reached})
            await self.applier.apply(runs)
            self._committed(reached)
        if poll.gaps:
            await self._from_the_log([source for source in poll.gaps if source in self.standings])

    def _committed(self, reached: dict[Source, Standing]) -> None:
        self.standings.update(reached)
        self.last_commit = monotonic()

    async def _claim(self, owned: frozenset[Partition]) -> None:
        """Load the standings of these partitions, and restart those an operator asked for."""
        await self._start_over()
        async with unit_of_work(self._engine) as unit:
            await ensure_positions(unit.connection, self._group.name, self._group.topics)
        async with self._engine.connect() as connection:
            self.standings, rebuild = await read_positions(connection, self._group.name, owned)
            self.applier.parked = (await open_letters(connection, self._group.name, owned)).parked
        for partition in rebuild:
            await self._restart(partition, "an operator asked for it")
        self._loaded = owned

    async def _start_over(self) -> None:
        """Forget what was read and believed; the next turn loads it from the database."""
        self._loaded = None
        self.standings = {}
        await self._drop_ahead()

    async def _drop_ahead(self) -> None:
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            ahead.cancel()
            await asyncio.gather(ahead, return_exceptions=True)
            await self._redis.connection_pool.disconnect()

    def _read_ahead(self, standings: dict[Source, Standing]) -> None:
        self._ahead = asyncio.create_task(self._reader.read(standings))

    async def _next_poll(self) -> Poll:
        ahead, self._ahead = self._ahead, None
        return await (ahead if ahead is not None else self._reader.read(self.standings))

    async def _tend(self) -> None:
        """Once a second: operators' wishes, positions for ops, and streams that end before our standing."""
        self._tended = monotonic()
        async with self._engine.connect() as connection:
            _, rebuild = await read_positions(connection, self._group.name, self.standings_partitions)
            letters = await open_letters(connection, self._group.name, self.standings_partitions)
        self.applier.parked = letters.parked
        for partition in rebuild:
            await self._restart(partition, "an operator asked for it")
        for whose in letters.redrive:
            await self.applier.redrive(whose)
        if letters.redrive:
            async with self._engine.connect() as connection:
                self.applier.parked = (
                    await open_letters(connection, self._group.name, self.standings_partitions)
                ).parked
        if self.standings:
            await self.publisher.publish(self.standings)
            await self._doubt()

    @property
    def is_standby(self) -> bool:
        """Whether there are more members than partitions, and none is for this one to read."""
        return self.leases.share == 0

    @property
    def standings_partitions(self) -> frozenset[Partition]:
        """Partitions this process has loaded."""
        return frozenset(source.partition for source in self.standings)

    async def _doubt(self) -> None:
        suspicious = await self._reader.behind_or_gone(self.standings)
        now = monotonic()
        self._suspected = {source: self._suspected.get(source, now) for source in suspicious}
        due = [source for source, since in self._suspected.items() if now - since > SUSPECT_SECONDS]
        for source in due:
            self._suspected[source] = now
        if due:
            await self._from_the_log(due)

    async def _from_the_log(self, sources: list[Source]) -> None:
        """Go on from the producers' logs until these sources have all that is there."""
        limit = max(100, 2 * BATCH // max(1, len(sources)))
        while sources:
            pages = await asyncio.gather(
                *(self._logs.after(source, self.standings[source], limit) for source in sources),
                return_exceptions=True,
            )
            runs: list[Run] = []
            unfinished: list[Source] = []
            for source, page in zip(sources, pages, strict=True):
                if isinstance(page, Diverged):
                    await self._restart(source.partition, str(page))
                    return
                if not isinstance(page, Replayed):
                    raise page
                if page.run.items:
                    runs.append(page.run)
                if page.run.items and page.run.reached.position < page.head:
                    unfinished.append(source)
            if runs:
                await self.applier.apply(runs)
                self._committed({run.source: run.reached for run in runs})
            sources = [source for source in unfinished if source.partition in self.leases.owned]

    async def _restart(self, partition: Partition, reason: str) -> None:
        """Forget all that came from a partition and begin it again, in one transaction."""
        standings = {source: s for source, s in self.standings.items() if source.partition == partition}
        log.critical("partition starts again", group=self._group.name, partition=partition, reason=reason)
        async with unit_of_work(self._engine) as unit:
            await restart_partition(unit.connection, self._group.name, partition, standings, reason)
            for topic in self._group.topics:
                await self._group.forget(unit, topic, partition)
        self.standings.update(dict.fromkeys(standings, START))
        self.applier.parked = frozenset(s for s in self.applier.parked if s.source.partition != partition)
        await self._drop_ahead()
