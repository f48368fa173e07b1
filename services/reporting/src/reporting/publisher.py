"""The publisher: keeps the Redis stream `rollups` a copy of the newest counts. It has no state of its own.

Each turn asks the stream where it ends and appends every area that a later commit changed, with its sums.
Everything is published again when the stream is gone or not ours, when it has trimmed away part of the last
full publication, and when the database was, or may have been, restored to an earlier point: it stands behind
the stream, or is of another incarnation than its own rows tell.

The clock decides one thing, and decides it here: which round of contact is open, written down when it turns.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog import get_logger

from mitra_shared.campaign.definition import CampaignDefinition
from mitra_shared.contracts.rollups import RollupV1, flat_fields
from mitra_shared.contracts.topics import ROLLUPS_STREAM
from mitra_shared.database import backoff, is_infrastructure
from mitra_shared.ids import AreaCode
from mitra_shared.log import unit_of_work
from mitra_shared.process import ShutdownSignal
from mitra_shared.relay.wakeup import Wakeup
from mitra_shared.relay.wire import binary_message
from reporting.domain.board import Board
from reporting.domain.contact_rounds import round_open_on
from reporting.domain.days import day_of
from reporting.mirror import Mirror
from reporting.storage.changes import BEFORE_ALL
from reporting.storage.open_rounds import open_rounds
from reporting.storage.version import CHANNEL, begin_whole, take_version
from reporting.stream_script import MAXLEN, Ends, RunId, StreamRefused, append_run, stream_ends

log = get_logger(__name__)

BETWEEN_RUNS: Final = 0.2
"""Seconds from one run to the next while commits keep coming: at most five updates of an area a second."""
LONGEST_REST: Final = 0.5
"""Seconds at most; a run of many areas is followed by a rest ten times as long as it took, since the consumer
counts in the same process."""
POLL_SECONDS: Final = 1.0
"""How soon a stream that was flushed while nothing happened is filled again."""
FARTHEST_AHEAD: Final = 86_400_000
"""Versions are milliseconds: an end more than a day ahead of the database is damage, not a lost branch."""


class Publisher:
    """Follows the commits of reporting and writes `rollups`.

    Attributes:
        trouble: why the last turn failed; None while all is well.
    """

    def __init__(
        self, engine: AsyncEngine, redis: Redis, *, stream: str = ROLLUPS_STREAM, maxlen: int = MAXLEN
    ) -> None:
        self.trouble: str | None = "nothing published yet"
        self._engine = engine
        self._redis = redis
        self._mirror = Mirror(engine)
        self._stream = stream
        self._maxlen = maxlen

    def definitions(self) -> list[CampaignDefinition]:
        """The campaigns known by now."""
        return [board.definition for board in self._mirror.boards.values()]

    async def publish(self) -> int | None:
        """One turn.

        Returns:
            How many entries were appended; 0: the stream has everything; None: another publisher was faster.

        Raises:
            RedisError: Redis is away or full.
            sqlalchemy.exc.SQLAlchemyError, OSError: the database is away.
        """
        try:
            return await self._turn()
        except StreamRefused as error:
            log.error("stream is damaged: made anew", stream=self._stream, reason=str(error))
            await self._redis.delete(self._stream)
            return await self._turn()

    async def _turn(self) -> int | None:
        await self._mirror.refresh()
        if not self._mirror.is_same_incarnation:
            log.info("a new incarnation of the database: everything counts as changed")
            async with unit_of_work(self._engine) as unit:
                await begin_whole(unit.connection)
            await self._mirror.refresh()
        await self._turn_rounds()
        ends = await stream_ends(self._redis, self._stream)
        if ends is not None and ends.last.version > self._mirror.version + FARTHEST_AHEAD:
            raise StreamRefused(f"its end {ends.last} is more than a day ahead")
        if ends is not None and ends.last.version > self._mirror.version:
            log.warning("stream is ahead of the database: publishing everything", end=str(ends.last))
            async with unit_of_work(self._engine) as unit:
                await take_version(unit.connection, above=ends.last.version)
            await self._mirror.refresh()
            ends = ends._replace(whole=None)
        since = ends.last.version if ends is not None and ends.has_everything else BEFORE_ALL
        changed = [
            (board, code)
            for board in self._mirror.boards.values()
            for code in board.changed_since(since, board.definition.by_code)
        ]
        return await self._append(changed, ends) if changed else 0

    async def _turn_rounds(self) -> None:
        """Where another round is open today than is shown, show that one."""
        today = day_of(self._mirror.as_of)
        turned = {
            campaign: opened
            for campaign, board in self._mirror.boards.items()
            if (opened := round_open_on(board.definition, today)) != board.open_round
        }
        if turned:
            log.info("another round of contact is open", rounds=turned)
            async with unit_of_work(self._engine) as unit:
                await open_rounds(unit.connection, turned)
            await self._mirror.refresh()

    async def _append(self, changed: Sequence[tuple[Board, AreaCode]], ends: Ends | None) -> int | None:
        version = self._mirror.version
        continues = ends is not None and ends.last.version == version
        first = RunId(version, ends.last.number + 1 if ends is not None and continues else 0)
        whole = ends.whole if ends is not None and ends.whole is not None and ends.has_everything else first
        entries = []
        for number, (board, code) in enumerate(changed, first.number):
            rollup = self._rollup(board, code)
            entry_id = RunId(version, number)
            entries.append((entry_id, _message(rollup, entry_id), flat_fields(rollup, str(whole))))
        appended = await append_run(
            self._redis,
            entries,
            expected=ends.last if ends else None,
            reset=ends is None,
            stream=self._stream,
            maxlen=max(self._maxlen, 4 * sum(len(b.definition.areas) for b in self._mirror.boards.values())),
        )
        return len(entries) if appended else None

    def _rollup(self, board: Board, code: AreaCode) -> RollupV1:
        area, counts, target, quota, version = board.rollup(code)
        return RollupV1(
            campaign=board.definition.id,
            area=area.code,
            level=area.level,
            parent=area.parent,
            name=area.name.en,
            evidence=area.evidence,
            **counts._asdict(),
            target=target.number if target else None,
            quota=quota.number if quota else None,
            version=version,
            as_of=self._mirror.as_of,
        )

    async def follow(self, shutdown: ShutdownSignal) -> None:
        """Publish until shutdown; database and Redis may come and go."""
        clock = asyncio.get_running_loop().time
        failures = 0
        async with Wakeup(self._engine, CHANNEL) as wakeup:
            while not shutdown.requested:
                began = clock()
                try:
                    appended = await self.publish()
                    failures, self.trouble = 0, None
                except Exception as error:
                    if not (isinstance(error, RedisError) or is_infrastructure(error)):
                        raise
                    self.trouble = f"rollups cannot be published: {type(error).__name__}"
                    log.warning("publisher waits", error=type(error).__name__)
                    await shutdown.sleep(backoff(failures))
                    failures += 1
                    continue
                if appended is None:
                    continue
                if appended:
                    spent = clock() - began
                    await asyncio.sleep(max(BETWEEN_RUNS - spent, min(10 * spent, LONGEST_REST)))
                await wakeup.wait(POLL_SECONDS, shutdown)


def _message(rollup: RollupV1, entry_id: RunId) -> bytes:
    """The entry's `__data__`; the id and area make the message id, so that readers can drop repeats."""
    name = f"{rollup.area}@{entry_id}"
    headers = {
        "content-type": "application/json",
        "correlation_id": name,
        "message_id": name,
        "type": rollup.type,
    }
    return binary_message(headers, rollup.model_dump_json().encode())
