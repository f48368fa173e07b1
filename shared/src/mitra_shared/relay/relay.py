"""The relay's loop: compare heads, read what streams lack, append it. Holds no state that matters.

Any number of relays may run: an append that assumes the wrong end of a stream does nothing.
"""

from time import monotonic
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog import get_logger

from mitra_shared.contracts.topics import Topic, all_partitions
from mitra_shared.database import backoff
from mitra_shared.ids import Epoch, Partition, Position
from mitra_shared.log.pages import Head, Page, heads, pages_after
from mitra_shared.process import ShutdownSignal
from mitra_shared.relay.append_script import Run, StreamRefused, append_runs, delete_stream
from mitra_shared.relay.cursor import Cursor, locate, span_of, write_anew
from mitra_shared.relay.wakeup import Wakeup
from mitra_shared.relay.wire import NotOurEntry, entry_fields

log = get_logger(__name__)

READ_ROWS: Final = 4_000
"""Entries read from the log in one go, over all partitions that are behind."""

RUN_ENTRIES: Final = 500
"""Entries in one atomic append: bounds how long Redis does nothing else."""

REWRITE_SECONDS: Final = 5.0
"""How long a stream goes on after entries of its log were erased: many erasures are one rewriting."""

AUDIT_SECONDS: Final = 5.0
IDLE_SECONDS: Final = 2.0
DEAF_SECONDS: Final = 0.5
"""Pause where the database does not notify."""


class Relay:
    """Copies the log of one topic into its streams.

    Attributes:
        last_pass: when streams and log were last seen equal or made so (monotonic seconds), None before.
        trouble: why the last pass failed, None if it did not.
        heads: ends of the log at the last pass; carried: position of each stream.
    """

    def __init__(
        self, engine: AsyncEngine, redis: Redis, topic: Topic, *, rewrite_after: float = REWRITE_SECONDS
    ) -> None:
        self.topic = topic
        self.last_pass: float | None = None
        self.trouble: str | None = None
        self.heads: dict[Partition, Head] = {}
        self._engine = engine
        self._redis = redis
        self._cursors: dict[Partition, Cursor] = {}
        self._audited = monotonic()
        self._rewrite_after = rewrite_after
        self._outdated: dict[Partition, float] = {}

    @property
    def carried(self) -> dict[Partition, Position]:
        """Position up to which each stream was last seen to hold its log."""
        return {partition: cursor.position for partition, cursor in self._cursors.items()}

    async def run(self, shutdown: ShutdownSignal) -> None:
        """Relay until `shutdown`; database and Redis may come and go."""
        wakeup = Wakeup(self._engine, f"{self.topic.name}_log")
        failures = 0
        async with wakeup:
            while not shutdown.requested:
                try:
                    more = await self.relay_once()
                except (RedisError, OSError, SQLAlchemyError) as error:
                    self.trouble = f"{type(error).__name__}: {error}".splitlines()[0]
                    self._cursors.clear()
                    log.warning("relay waits", topic=self.topic.name, reason=self.trouble)
                    await shutdown.sleep(backoff(failures))
                    failures += 1
                    continue
                failures, self.trouble, self.last_pass = 0, None, monotonic()
                if not more:
                    await wakeup.wait(IDLE_SECONDS if wakeup.listens else DEAF_SECONDS, shutdown)

    async def relay_once(self) -> bool:
        """One pass over all partitions.

        Returns:
            Whether more is known to be waiting.
        """
        before = self.heads
        async with self._engine.connect() as connection:
            self.heads = await heads(connection, self.topic)
        for partition, head in before.items():
            if head.epoch != self.heads[partition].epoch:
                # Begun again, maybe as long as it was and with the same ids: only the epochs of entries tell.
                self._cursors.pop(partition, None)
        if monotonic() - self._audited > AUDIT_SECONDS:
            await self._audit()
        for partition in all_partitions():
            if not self._stands_on(partition, self.heads[partition]):
                self._cursors[partition] = await locate(self._engine, self._redis, self.topic, partition)
            await self._write_anew_if_erased(partition)
        behind = {
            p: c.position for p, c in self._cursors.items() if c.position < self.heads[p].position or c.reset
        }
        if not behind:
            return False
        async with self._engine.connect() as connection:
            rows = max(1, min(RUN_ENTRIES, READ_ROWS // len(behind)))
            pages = await pages_after(connection, self.topic, behind, rows)
        await self.append_pages(pages)
        return any(
            p not in self._cursors or self._cursors[p].position < self.heads[p].position for p in behind
        )

    async def _write_anew_if_erased(self, partition: Partition) -> None:
        """Begin a stream again that was written from entries of which something has been erased since."""
        cursor = self._cursors[partition]
        if cursor.reset or cursor.word == self.heads[partition].rewrite:
            self._outdated.pop(partition, None)
            return
        now = monotonic()
        if now - self._outdated.setdefault(partition, now) < self._rewrite_after:
            return
        # Another relay may have done it.
        cursor = await locate(self._engine, self._redis, self.topic, partition)
        if not cursor.reset and cursor.word != self.heads[partition].rewrite:
            cursor = await write_anew(self._engine, self._redis, self.topic, partition)
            log.info("a stream is written anew after an erasure", stream=self.topic.stream(partition))
        self._cursors[partition] = cursor

    def _stands_on(self, partition: Partition, head: Head) -> bool:
        cursor = self._cursors.get(partition)
        return cursor is not None and cursor.epoch <= head.epoch and cursor.position <= head.position

    async def append_pages(self, pages: dict[Partition, Page]) -> None:
        """Append pages of the log; a stream that is not as assumed is left alone and located anew."""
        runs: dict[Partition, Run] = {}
        for partition, page in pages.items():
            cursor = self._cursors[partition]
            if page.anchor != cursor.event_id or not (page.entries or cursor.reset):
                del self._cursors[partition]
                continue
            entries = [entry_fields(entry) for entry in page.entries]
            stream = self.topic.stream(partition)
            runs[partition] = Run(
                stream, cursor.expected, cursor.word, cursor.reset, cursor.new_word, entries
            )
        outcomes = await append_runs(self._redis, list(runs.values()))
        for (partition, run), outcome in zip(runs.items(), outcomes, strict=True):
            if isinstance(outcome, StreamRefused):
                log.error(
                    "stream refuses its entries and will be rebuilt", stream=run.stream, reason=str(outcome)
                )
                await delete_stream(self._redis, run.stream)
            if outcome is not True:
                del self._cursors[partition]
                continue
            word = run.new_word if run.reset else run.word
            if carried := pages[partition].entries:
                last = carried[-1]
                self._cursors[partition] = Cursor(
                    Epoch(last.place.epoch), last.place.position, last.event_id, last.place.stream_id, word
                )
            else:
                self._cursors[partition] = self._cursors[partition]._replace(
                    expected="", word=word, reset=False
                )

    async def _audit(self) -> None:
        """Look at every stream's ends and length; one that has a hole or a foreign end is located anew."""
        self._audited = monotonic()
        for partition, cursor in list(self._cursors.items()):
            if cursor.position == 0:
                continue
            try:
                span = await span_of(self._redis, self.topic.stream(partition))
            except NotOurEntry:
                span = None
            if span is None or not span.is_gapless(self.heads[partition].floor):
                del self._cursors[partition]
