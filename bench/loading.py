"""A load of HTTP requests that costs little itself: prepared bytes over kept connections, in processes apart.

Only for loopback and for answers with a Content-Length, as ours are, or without a body (304).
"""

import asyncio
import multiprocessing
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import TypeAlias, cast
from urllib.parse import urlsplit

import uvloop

Results: TypeAlias = "multiprocessing.Queue[tuple[dict[int, int], list[float]] | Exception]"


@dataclass(frozen=True)
class Load:
    """What came of a load: answers by status, seconds, and each request's latency in seconds."""

    statuses: dict[int, int]
    seconds: float
    latencies: list[float]

    @property
    def good_per_second(self) -> float:
        """Answers below 300 a second."""
        return sum(count for status, count in self.statuses.items() if status < 300) / self.seconds


def request_bytes(method: str, url: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """A request as it goes over the wire."""
    parts = urlsplit(url)
    head = {"Host": parts.netloc, "Content-Length": str(len(body)), **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


class _Connection(asyncio.Protocol):
    """Sends one prepared request after the other and counts the answers."""

    def __init__(self, requests: Sequence[bytes], finished: asyncio.Future[None]) -> None:
        self.statuses: dict[int, int] = {}
        self.latencies: list[float] = []
        self._requests = iter(requests)
        self._finished = finished
        self._buffer = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self._next()

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._transport.close()
            self._finished.set_result(None)
            return
        self._sent = perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        lower = head.lower()
        status = int(head[9:12])
        start = lower.find(b"content-length:")
        if start < 0 and status != 304:
            raise ValueError(f"an answer {status} without a Content-Length")
        end = lower.find(b"\r\n", start)
        if start >= 0 and len(rest) < int(lower[start + 15 : end if end > 0 else None]):
            return
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.latencies.append(perf_counter() - self._sent)
        self._buffer = b""
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._finished.done():
            self._finished.set_exception(error or ConnectionError("the server hung up"))


def _given(protocol: _Connection) -> _Connection:
    return protocol


async def _play(
    host: str, port: int, connections: Sequence[Sequence[bytes]]
) -> tuple[dict[int, int], list[float]]:
    loop = asyncio.get_running_loop()
    made: list[_Connection] = []
    ends: list[asyncio.Future[None]] = []
    for requests in connections:
        end = loop.create_future()
        protocol = _Connection(requests, end)
        await loop.create_connection(partial(_given, protocol), host, port)
        made.append(protocol)
        ends.append(end)
    await asyncio.gather(*ends)
    statuses: dict[int, int] = {}
    for connection in made:
        for status, count in connection.statuses.items():
            statuses[status] = statuses.get(status, 0) + count
    return statuses, [seconds for connection in made for seconds in connection.latencies]


def _worker(host: str, port: int, connections: Sequence[Sequence[bytes]], results: Results) -> None:
    try:
        results.put(uvloop.run(_play(host, port, connections)))
    except Exception as error:  # noqa: BLE001 - the parent raises it
        results.put(error)


def load(urls: Sequence[str], requests: Sequence[bytes], *, connections: int) -> Load:
    """Send all requests over so many connections, a process for each url, and wait for the answers.

    Raises:
        ConnectionError: a server hung up.
    """
    context = multiprocessing.get_context("fork")
    results: Results = context.Queue()
    workers = []
    each = connections // len(urls)
    begun = perf_counter()
    for index, url in enumerate(urls):
        parts = urlsplit(url)
        share = requests[index :: len(urls)]
        queues = [share[n::each] for n in range(each)]
        workers.append(context.Process(target=_worker, args=(parts.hostname, parts.port, queues, results)))
        workers[-1].start()
    statuses: dict[int, int] = {}
    latencies: list[float] = []
    for _ in workers:
        result = results.get(timeout=600)
        if isinstance(result, Exception):
            raise result
        of_one, each_took = result
        for status, count in of_one.items():
            statuses[status] = statuses.get(status, 0) + count
        latencies.extend(each_took)
    seconds = perf_counter() - begun
    for worker in workers:
        worker.join(10)
    return Load(statuses, seconds, latencies)
