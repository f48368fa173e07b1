"""A real process for `test_process.py`: serves a small app.

python process_under_test.py PORT_FILE BEHAVIOUR     the slow route touches `asked` beside the port file
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from mitra_shared.http.server import serve
from mitra_shared.process import ShutdownSignal, run_parts, run_process
from mitra_shared.telemetry.logs import configure_logs


async def slow(_request: Request) -> Response:
    Path(sys.argv[1]).with_name("asked").touch()
    await asyncio.sleep(0.5)
    return PlainTextResponse("done")


async def endless(_request: Request) -> Response:
    async def parts() -> AsyncIterator[str]:
        while True:
            yield "tick\n"
            await asyncio.sleep(0.05)

    return StreamingResponse(parts())


app = Starlette(routes=[Route("/slow", slow), Route("/endless", endless)])


async def loop(shutdown: ShutdownSignal) -> None:
    match sys.argv[2]:
        case "fails":
            await asyncio.sleep(0.3)
            raise RuntimeError("call 9812345678")
        case "ends":
            await asyncio.sleep(0.3)
        case "stubborn":
            while True:
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    continue
        case _:
            while not await shutdown.sleep(60):
                pass


async def main(shutdown: ShutdownSignal) -> None:
    server = serve(
        app, host="127.0.0.1", port=0, shutdown=shutdown, port_file=Path(sys.argv[1]), grace_seconds=2
    )
    await run_parts(shutdown, {"http": server, "loop": loop(shutdown)})


if __name__ == "__main__":
    configure_logs(service="test", process="test")
    run_process(main, grace_seconds=3)
