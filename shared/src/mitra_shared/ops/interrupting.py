"""Ctrl-C and SIGTERM: the work is cancelled once, and has the time it needs to put things away."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


def run_until_interrupted(work: Coroutine[Any, Any, Result], on_signal: Callable[[], None]) -> Result | None:
    """Run `work`; a signal cancels it, and further ones change nothing.

    Args:
        work: what to run.
        on_signal: called at the first signal, to tell that stopping has begun.

    Returns:
        Its result, or None if a signal ended it.
    """
    return asyncio.run(_until_interrupted(work, on_signal))


async def _until_interrupted(
    work: Coroutine[Any, Any, Result], on_signal: Callable[[], None]
) -> Result | None:
    task = asyncio.ensure_future(work)
    interrupted = False

    def interrupt() -> None:
        nonlocal interrupted
        if not interrupted:
            interrupted = True
            on_signal()
            task.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, interrupt)
    await asyncio.wait({task})
    if task.cancelled() and interrupted:
        return None
    return task.result()
