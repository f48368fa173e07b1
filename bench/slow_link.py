"""A link of the countryside: a loopback proxy that carries so many bits a second, late, and counts bytes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

PIECE = 256
"""Bytes that travel together."""


@dataclass
class Link:
    """One link: both directions have the rate each, shared by all connections."""

    bits_per_second: int
    delay: float
    """Seconds that each piece travels, one way."""
    sent: int = 0
    """Bytes up."""
    received: int = 0
    """Bytes down."""
    port: int = 0
    _free_at: dict[str, float] = field(default_factory=dict)

    async def carry(self, way: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry bytes until one side hangs up."""
        loop = asyncio.get_running_loop()
        travelling: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(64)

        async def deliver() -> None:
            while True:
                at, piece = await travelling.get()
                await asyncio.sleep(at - loop.time())
                if not piece:
                    writer.close()
                    return
                writer.write(piece)
                await writer.drain()

        delivering = asyncio.create_task(deliver())
        try:
            while True:
                piece = await reader.read(PIECE)
                if way == "up":
                    self.sent += len(piece)
                else:
                    self.received += len(piece)
                begins = max(loop.time(), self._free_at.get(way, 0.0))
                self._free_at[way] = begins + len(piece) * 8 / self.bits_per_second
                await asyncio.sleep(self._free_at[way] - loop.time())
                await travelling.put((self._free_at[way] + self.delay, piece))
                if not piece:
                    break
            await delivering
        except ConnectionError:
            delivering.cancel()
            writer.close()


@asynccontextmanager
async def slow_link(port: int, *, bits_per_second: int, delay: float) -> AsyncIterator[Link]:
    """A link to `port` of this machine; `delay` in seconds, one way."""
    link = Link(bits_per_second, delay)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(link.carry("up", reader, far_writer), link.carry("down", far_reader, writer))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    link.port = server.sockets[0].getsockname()[1]
    try:
        yield link
    finally:
        server.close()
