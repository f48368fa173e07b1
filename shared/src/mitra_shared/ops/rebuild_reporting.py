"""`mitra rebuild reporting`: the service counts again beside itself; here it is started and followed.

The service is told in its environment where its database and the logs are, and the token that reads them.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Final

from mitra_shared.ops.addresses import Addresses
from mitra_shared.ops.bar import Show
from mitra_shared.ops.service_process import environment
from mitra_shared.ops.trouble import WrongUsage

SECONDS_BEYOND: Final = 15.0
"""The service ends by itself at its own timeout."""
STOP_SECONDS: Final = 5.0
LINE_BYTES: Final = 1 << 20


async def rebuild_reporting(
    addresses: Addresses, database: str | None, options: Sequence[str], seconds: float, show: Show
) -> tuple[int, str, str]:
    """Run it to its end; cancelled, it is stopped, and has changed everything or nothing.

    Returns:
        Its exit code, what it printed, and what it complained of.

    Raises:
        WrongUsage: the service is not installed here.
        NoStack: it is not said where something is, and no stack runs.
    """
    if find_spec("reporting") is None:
        raise WrongUsage(
            "the reporting service is not installed here; where its consumer runs is the same command:"
            " python -m reporting rebuild"
        )
    settings = environment(
        database_url=addresses.owning("reporting", database),
        enrolment_url=addresses.logs("enrolment"),
        certificates_url=addresses.logs("certificates"),
        service_token=addresses.service_token("reporting"),
    )
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "reporting", "rebuild", "--progress", f"--timeout={seconds}", *options),
        env=settings,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=LINE_BYTES,
    )
    try:
        async with asyncio.timeout(seconds + SECONDS_BEYOND):
            told, complaints = await asyncio.gather(_all_of(running.stdout), _followed(running.stderr, show))
            return await running.wait(), told, complaints
    except TimeoutError:
        raise WrongUsage(f"the service did not end within {seconds + SECONDS_BEYOND:g} s") from None
    finally:
        await _stop(running)


async def _all_of(stream: asyncio.StreamReader | None) -> str:
    return "" if stream is None else (await stream.read()).decode(errors="replace")


async def _followed(stream: asyncio.StreamReader | None, show: Show) -> str:
    """Show the progress among the lines; the others together."""
    others = []
    while stream is not None and (line := (await stream.readline()).decode(errors="replace")):
        try:
            news = json.loads(line)
        except ValueError:
            news = None
        if isinstance(news, dict) and news.keys() == {"done", "total"}:
            show("reporting", news["done"], news["total"])
        else:
            others.append(line)
    return "".join(others)


async def _stop(running: asyncio.subprocess.Process) -> None:
    if running.returncode is not None:
        return
    running.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await running.wait()
    except TimeoutError:
        running.kill()
        await running.wait()
