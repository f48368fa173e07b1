"""Live subscribers in a process of their own: they take every byte and look at none, or never take any."""

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.synchronize import Event
from typing import cast
from urllib.parse import urlsplit

import uvloop

from bench.loading import request_bytes

PATIENCE = 120.0


class _Subscriber(asyncio.Protocol):
    def __init__(self, request: bytes, begun: asyncio.Future[None], *, stuck: bool) -> None:
        self._request = request
        self._begun = begun
        self._stuck = stuck

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if self._begun.done():
            return
        if data.startswith(b"HTTP/1.1 200"):
            self._begun.set_result(None)
        else:
            self._begun.set_exception(ConnectionError(data[:200].decode(errors="replace")))
        if self._stuck:
            self._transport.pause_reading()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._begun.done():
            self._begun.set_exception(error or ConnectionError("the server hung up"))


def _given(protocol: _Subscriber) -> _Subscriber:
    return protocol


async def _hold(
    host: str, port: int, request: bytes, reading: int, stuck: int, ready: Event, over: Event
) -> None:
    loop = asyncio.get_running_loop()
    for number in range(reading + stuck):
        begun = loop.create_future()
        protocol = _Subscriber(request, begun, stuck=number < stuck)
        await loop.create_connection(partial(_given, protocol), host, port)
        await begun
    ready.set()
    await asyncio.to_thread(over.wait)


def _worker(
    host: str, port: int, request: bytes, reading: int, stuck: int, ready: Event, over: Event
) -> None:
    uvloop.run(_hold(host, port, request, reading, stuck, ready, over))


@contextmanager
def subscribers(url: str, headers: dict[str, str], reading: int, stuck: int = 0) -> Iterator[None]:
    """So many subscribers that read, and so many that never do, until the end.

    Raises:
        ConnectionError: one was refused.
    """
    context = multiprocessing.get_context("fork")
    ready, over = context.Event(), context.Event()
    parts, request = urlsplit(url), request_bytes("GET", url, headers)
    worker = context.Process(
        target=_worker,
        args=(parts.hostname, parts.port, request, reading, stuck, ready, over),
        daemon=True,
    )
    worker.start()
    try:
        if not ready.wait(PATIENCE):
            raise ConnectionError("not all subscribers were let in; the reason is above")
        yield
    finally:
        over.set()
        worker.join(10)
        worker.kill()
