"""The life of a long-running process: uvloop, signals, parts that live and die together.

A `__main__` reads its settings, configures the logs and calls `run_process(main)`; `main` wires the parts
and hands them to `run_parts`. The process ends with code 0 only when it was asked to stop and did so in
time; a part that ends or fails by itself ends the process with code 1, so that a supervisor restarts it
whole.
"""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Final

import structlog
import uvloop

from mitra_shared.telemetry.logs import describe_error

GRACE_SECONDS: Final = 8.0
"""Docker kills 10 s after its signal."""
LAST_SECONDS: Final = 1.0
"""From the cancelling to the end of the process, come what may."""

log = structlog.get_logger(__name__)


class PartEnded(Exception):
    """A part that should run as long as the process returned by itself."""


class ShutdownSignal:
    """Tells every part of a process that it is to stop."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.reason: str | None = None
        """Why, once requested: the name of a signal, or what a part said."""

    @property
    def requested(self) -> bool:
        """Whether the process is stopping."""
        return self._event.is_set()

    def request(self, reason: str) -> None:
        """Ask all parts to stop; only the first reason is kept."""
        if not self._event.is_set():
            self.reason = reason
            self._event.set()

    async def wait(self) -> None:
        """Return once the process is stopping."""
        await self._event.wait()

    async def sleep(self, seconds: float) -> bool:
        """Sleep, but not beyond the start of the shutdown. Returns whether the process is stopping."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return False
        return True


Main = Callable[[ShutdownSignal], Awaitable[None]]


async def run_parts(shutdown: ShutdownSignal, parts: Mapping[str, Coroutine[Any, Any, None]]) -> None:
    """Run the named parts until shutdown is requested and all have returned.

    The first part that fails, or returns before shutdown is requested, makes the others stop: they see
    `shutdown` and have until the end of the grace period.

    Raises:
        PartEnded: a part returned early.
        Exception: what the first failing part raised.
    """
    failures: list[Exception] = []

    async def guarded(name: str, part: Coroutine[Any, Any, None]) -> None:
        failure: Exception | None = None
        try:
            await part
        except Exception as error:  # noqa: BLE001 - raised again below, once the others have stopped
            failure = error
        if failure is None and not shutdown.requested:
            failure = PartEnded(f"{name} ended although nothing asked it to")
        if failure is not None:
            log.error("a part of the process failed", part=name, error=describe_error(failure))
            failures.append(failure)
            shutdown.request(f"{name} failed")

    async with asyncio.TaskGroup() as group:
        for name, part in parts.items():
            group.create_task(guarded(name, part), name=name)
    if failures:
        raise failures[0]


YOUNG_OBJECTS: Final = 50_000
"""New containers after which the collector looks for garbage among them; a batch makes about as many."""


def run_process(main: Main, *, grace_seconds: float = GRACE_SECONDS) -> None:
    """Run `main` until it returns; never returns itself.

    Args:
        main: wires and runs the parts.
        grace_seconds: from the signal to the cancelling of what still runs.

    Raises:
        SystemExit: code 0 after a requested shutdown, 1 if `main` failed, returned by itself or did not stop
            within the grace period.
    """
    spare_the_collector()
    code = uvloop.run(_live(main, grace_seconds))
    sys.stdout.flush()
    raise SystemExit(code)


def spare_the_collector() -> None:
    """Leave what the imports made out of garbage collection, and collect once a batch, not once a row."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 20)


async def _live(main: Main, grace_seconds: float) -> int:
    shutdown = ShutdownSignal()
    loop = asyncio.get_running_loop()
    work = asyncio.ensure_future(main(shutdown))

    def stop(name: str) -> None:
        if not shutdown.requested:
            log.info("stopping", signal=name)
            shutdown.request(name)
        elif name == shutdown.reason == signal.SIGINT.name:
            # Ctrl-C twice. A supervisor's SIGTERM after the terminal's SIGINT is no second request.
            log.warning("asked to stop again: cancelling", signal=name)
            work.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number.name)
    asked = asyncio.ensure_future(shutdown.wait())
    await asyncio.wait({work, asked}, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    await asyncio.wait({work}, timeout=grace_seconds)
    if not work.done():
        log.error("did not stop in time: cancelling", seconds=grace_seconds, parts=_running())
        work.cancel()
        await asyncio.wait({work}, timeout=LAST_SECONDS)
    if not work.done():
        # A part that ignores its cancelling would keep the loop, and with it the process, for ever.
        log.error("did not stop when cancelled: exiting", parts=_running())
        sys.stdout.flush()
        os._exit(1)
    return _outcome(work, shutdown)


def _running() -> list[str]:
    return sorted(task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task())


def _outcome(work: "asyncio.Future[None]", shutdown: ShutdownSignal) -> int:
    if work.cancelled():
        return 1
    error = work.exception()
    if error is not None:
        log.error("the process failed", error=describe_error(error))
        return 1
    if not shutdown.requested:
        log.error("the process ended although nothing asked it to")
        return 1
    log.info("stopped", reason=shutdown.reason)
    return 0
