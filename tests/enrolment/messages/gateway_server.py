"""A gateway on loopback that answers as a test says: late, at length, or not in HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Answer = bytes | Callable[[asyncio.StreamWriter], Coroutine[Any, Any, None]]


def answer(status: int, body: str = "", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


@dataclass
class Posted:
    """One request."""

    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class GatewayServer:
    """What arrived, and what is answered: each of `answers` once, then `usual`."""

    url: str = ""
    posted: list[Posted] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    usual: Answer = field(default_factory=lambda: answer(202, '{"id": "sms-1"}'))

    @property
    def ids(self) -> list[str]:
        return [posted.body["id"] for posted in self.posted]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in head.splitlines()[1:])
        }
        body = await reader.readexactly(int(headers["content-length"]))
        self.posted.append(Posted(headers, json.loads(body)))
        given = self.answers.pop(0) if self.answers else self.usual
        try:
            if isinstance(given, bytes):
                writer.write(given)
                await writer.drain()
            else:
                await given(writer)
        except ConnectionError:
            # The caller has left, as some tests want it to.
            return
        finally:
            writer.close()


async def silence(_writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b'{"id": "' * 500)
        await writer.drain()


@asynccontextmanager
async def gateway_server() -> AsyncIterator[GatewayServer]:
    made = GatewayServer()
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        await made.serve(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/sms"
    yield made
    server.close()
    for task in serving:
        task.cancel()
    await asyncio.gather(*serving, return_exceptions=True)
