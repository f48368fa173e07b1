"""The committer: takes all enrolments that wait, commits them as one group, answers each afterwards.

One task in each api process. A lost connection is survived by trying the same group again, data that the
database refuses by halving the group until the culprit is alone.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from structlog import get_logger

from enrolment.intake import answers
from enrolment.intake.items import Answer, Item
from mitra_shared.database import backoff, is_infrastructure, is_retryable, sqlstate
from mitra_shared.process import ShutdownSignal
from mitra_shared.telemetry.logs import describe_error
from mitra_shared.telemetry.metrics import CommitMetrics

log = get_logger(__name__)

CommitGroup = Callable[[Sequence[Item]], Awaitable[list[Answer]]]

_UNIQUE_VIOLATION: Final = "23505"
_SWEEP_SECONDS: Final = 0.5
_ATTEMPTS_AT_CONFLICTS: Final = 3


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """Bounds of the intake; times in seconds."""

    group: int = 512
    """Enrolments in one transaction."""
    waiting: int = 16_384
    """Enrolments that may wait; more are answered 503."""
    patience: float = 8.0
    """How long one group is tried while the database is away; a stopped replica keeps the lock for less."""
    deadline: float = 12.0
    """How long an enrolment may wait for its answer; then it is 503, whatever became of it."""


class IntakeFull(Exception):
    """Too many enrolments wait."""


class Committer:
    """The queue of the intake and the task that empties it."""

    def __init__(
        self, commit: CommitGroup, metrics: CommitMetrics, limits: IntakeLimits = IntakeLimits()
    ) -> None:
        self._commit = commit
        self._metrics = metrics
        self._limits = limits
        self._waiting: deque[Item] = deque()
        self._in_flight: Sequence[Item] = ()
        self._wake = asyncio.Event()
        self._ended = False
        self.trouble: str | None = None
        """Why the last attempt failed, None if it did not."""

    def submit(self, items: Sequence[Item]) -> None:
        """Queue items; their futures are answered after the commit.

        Raises:
            IntakeFull: they do not all fit, or the process is ending; none was queued.
        """
        if self._ended or len(self._waiting) + len(items) > self._limits.waiting:
            raise IntakeFull
        self._waiting.extend(items)
        self._wake.set()

    async def check(self) -> str | None:
        """A readiness check: whether groups get through."""
        if self.trouble is not None:
            return f"groups cannot be committed: {self.trouble}"
        waiting = len(self._waiting)
        return (
            f"{waiting} enrolments wait, which is all that may" if waiting >= self._limits.waiting else None
        )

    async def run(self, shutdown: ShutdownSignal) -> None:
        """Commit groups until `shutdown`, then what still waits."""
        sweeper = asyncio.create_task(self._sweep(), name="intake deadlines")
        stopping = asyncio.create_task(self._wake_at(shutdown), name="intake shutdown")
        try:
            while self._waiting or not shutdown.requested:
                if not self._waiting:
                    self._wake.clear()
                    await self._wake.wait()
                    continue
                await self._commit_next()
        finally:
            self._ended = True
            sweeper.cancel()
            stopping.cancel()

    async def _wake_at(self, shutdown: ShutdownSignal) -> None:
        await shutdown.wait()
        self._wake.set()

    async def _commit_next(self) -> None:
        group: list[Item] = []
        while self._waiting and len(group) < self._limits.group:
            item = self._waiting.popleft()
            # A caller who hung up, or was told 503, is not enrolled behind his back if it can be helped.
            if not item.answer.done():
                group.append(item)
        self._metrics.waiting.set(len(self._waiting))
        if not group:
            return
        self._in_flight = group
        loop = asyncio.get_running_loop()
        begun = loop.time()
        given = await self._persist(group, give_up=begun + self._limits.patience)
        self._metrics.seconds.observe(loop.time() - begun)
        self._metrics.size.observe(len(group))
        self._in_flight = ()
        for item, answer in zip(group, given, strict=True):
            if not item.answer.done():
                item.answer.set_result(answer)

    async def _persist(self, group: Sequence[Item], give_up: float) -> list[Answer]:
        """Commit `group`, in halves if its data is refused; an answer for each item, whatever happens."""
        attempt = 0
        while True:
            try:
                given = await self._commit(group)
            except Exception as error:  # noqa: BLE001 - every error has an answer, and none may end the intake
                conflict = sqlstate(error) == _UNIQUE_VIOLATION
                passing = is_infrastructure(error) or is_retryable(error)
                if passing or (conflict and attempt < _ATTEMPTS_AT_CONFLICTS):
                    pause = backoff(attempt)
                    attempt += 1
                    self.trouble = f"{type(error).__name__} ({sqlstate(error) or 'no SQLSTATE'})"
                    if asyncio.get_running_loop().time() + pause < give_up:
                        self._metrics.retries.inc()
                        log.warning("a group is tried again", items=len(group), reason=self.trouble)
                        await asyncio.sleep(pause)
                        continue
                    log.error("a group is given up", items=len(group), error=describe_error(error))
                    return [answers.UNCERTAIN] * len(group)
                if len(group) == 1:
                    log.error("an enrolment cannot be stored", error=describe_error(error, message=False))
                    return [answers.FAILED]
                log.warning("a group is halved", items=len(group), error=describe_error(error, message=False))
                middle = len(group) // 2
                first = await self._persist(group[:middle], give_up)
                return first + await self._persist(group[middle:], give_up)
            self.trouble = None
            return given

    async def _sweep(self) -> None:
        """Answer 503 to whoever has waited too long, also while a group hangs in the database."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            overdue = loop.time() - self._limits.deadline
            for item in (*self._in_flight, *self._waiting):
                if item.waiting_since > overdue:
                    break
                if not item.answer.done():
                    item.answer.set_result(answers.UNCERTAIN)
