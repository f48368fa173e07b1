"""A receiver on loopback that answers as a test says: in time or not, in HTTP or not."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook as Verifier


@dataclass
class Received:
    """One request."""

    head: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def message(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    @property
    def type(self) -> str:
        return str(self.message["type"])

    @property
    def areas(self) -> dict[str, dict[str, Any]]:
        return {area["area"]: area for area in self.message["data"]["areas"]}

    def verified_by(self, secret: str) -> dict[str, Any]:
        """The message; raises unless it was signed with this secret."""
        return dict(Verifier(secret).verify(self.body, self.headers))


Answer = bytes | Callable[[asyncio.StreamWriter], Coroutine[Any, Any, None]]


def answer(status: int, body: str = "", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


@dataclass
class Receiver:
    """What arrived, and what is answered: each of `answers` once, then `usual`."""

    port: int = 0
    received: list[Received] = field(default_factory=list)
    serving: set[asyncio.Task[None]] = field(default_factory=set)
    answers: list[Answer] = field(default_factory=list)
    usual: Answer = field(default_factory=lambda: answer(204))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.serving.add(asyncio.ensure_future(self.serve(reader, writer)))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head, _, lines = (await reader.readuntil(b"\r\n\r\n")).decode().partition("\r\n")
            headers = {
                name.lower(): value
                for name, _, value in (line.partition(": ") for line in lines.split("\r\n") if line)
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.received.append(Received(head, headers, body))
            now = self.answers.pop(0) if self.answers else self.usual
            if isinstance(now, bytes):
                writer.write(now)
                await writer.drain()
            else:
                await self._until_hung_up(now(writer), reader)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the sender hung up
        finally:
            writer.close()

    async def _until_hung_up(self, saying: Coroutine[Any, Any, None], reader: asyncio.StreamReader) -> None:
        tasks = asyncio.ensure_future(saying), asyncio.ensure_future(reader.read())
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    server = await asyncio.start_server(receiver.accept, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    yield receiver
    server.close()
    await asyncio.gather(*receiver.serving)


async def never(_writer: asyncio.StreamWriter) -> None:
    """Say nothing until the other side hangs up."""
    await asyncio.Event().wait()
