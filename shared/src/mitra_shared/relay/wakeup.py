"""Waking on NOTIFY, with a poll as the fallback: a lost notification costs a pause, never an event."""

import asyncio
from types import TracebackType
from typing import Self

import asyncpg
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.process import ShutdownSignal


class Wakeup:
    """Listens on one channel of the database behind `engine`, over a connection of its own."""

    def __init__(self, engine: AsyncEngine, channel: str) -> None:
        self._url: URL = engine.url
        self._channel = channel
        self._woken = asyncio.Event()
        self._connection: asyncpg.Connection | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            self._connection.terminate()

    @property
    def listens(self) -> bool:
        """Whether notifications are heard, as far as is known."""
        return self._connection is not None and not self._connection.is_closed()

    async def wait(self, seconds: float, shutdown: ShutdownSignal) -> None:
        """Return when notified, when `shutdown` is set, or after `seconds`.

        At once where it has only now begun to listen, since nobody knows what was missed.
        """
        if not self.listens and await self._listen():
            return
        waiting = asyncio.create_task(self._woken.wait()), asyncio.create_task(shutdown.wait())
        try:
            await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        self._woken.clear()

    async def _listen(self) -> bool:
        try:
            self._connection = await asyncpg.connect(
                host=self._url.host,
                port=self._url.port,
                user=self._url.username,
                password=self._url.password,
                database=self._url.database,
                timeout=5,
            )
            await self._connection.add_listener(self._channel, lambda *_: self._woken.set())
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
            self._connection = None
        return self._connection is not None
