"""A TCP proxy in front of Postgres that loses connections around a commit, really."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from sqlalchemy.engine import make_url

Moment = Literal["before commit", "after commit"]


class CuttingProxy:
    """Passes bytes on until it is told to cut.

    `before commit`: the COMMIT is swallowed and the connection lost, so nothing was committed.
    `after commit`: the COMMIT is passed on, its answer is swallowed and the connection lost: it was.
    """

    def __init__(self, target: str) -> None:
        self._target = make_url(target)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.cuts: list[Moment] = []
        """What to do at the next commits, in order."""

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    @property
    def url(self) -> str:
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        return self._target.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await self._server.wait_closed()

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection(self._target.host, self._target.port)
        self._writers |= {to_client, to_server}
        moment: list[Moment] = []

        async def upwards() -> None:
            while data := await client.read(65_536):
                if b"COMMIT" in data and self.cuts:
                    moment.append(self.cuts.pop(0))
                    if moment == ["before commit"]:
                        return
                to_server.write(data)
                await to_server.drain()

        async def downwards() -> None:
            while data := await server.read(65_536):
                if moment:
                    return
                to_client.write(data)
                await to_client.drain()

        passing = [asyncio.create_task(upwards()), asyncio.create_task(downwards())]
        await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
        for task in passing:
            task.cancel()
        await asyncio.gather(*passing, return_exceptions=True)
        for writer in (to_client, to_server):
            writer.transport.abort()
            self._writers.discard(writer)


@asynccontextmanager
async def cutting_proxy(target: str) -> AsyncIterator[CuttingProxy]:
    proxy = CuttingProxy(target)
    await proxy.start()
    yield proxy
    await proxy.stop()
