"""One supervised process: started again when it ends, given up when it never comes up, always stopped."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from mitra_shared.ops import service_process
from mitra_shared.ops.embedded.process import free_port
from mitra_shared.ops.forking.client import ForkServer
from mitra_shared.ops.service_process import (
    FIRST_PAUSE,
    STEADY_SECONDS,
    ServiceFailed,
    ServicePlan,
    ServiceProcess,
    environment,
)
from tests.ops.living import is_alive

Make = Callable[[str], ServiceProcess]


@pytest_asyncio.fixture
async def make(tmp_path: Path, forks: ForkServer) -> AsyncIterator[Make]:
    made: list[ServiceProcess] = []

    def service(kind: str) -> ServiceProcess:
        port = free_port()
        plan = ServicePlan("tests.ops.stub", kind, 1, port, environment(port=str(port)))
        made.append(ServiceProcess(plan, logs=tmp_path, forks=forks))
        return made[-1]

    yield service
    for each in made:
        await each.stopped(within=0)


async def until(condition: Callable[[], Awaitable[bool]], *, within: float = 60.0) -> None:
    """Wait for what no event tells: something that another process does."""
    deadline = time.monotonic() + within
    while not await condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def keep_running_until(service: ServiceProcess, *, starts: int) -> None:
    async def started() -> bool:
        service.keep_running()
        return service.starts >= starts

    await until(started)


async def test_a_process_that_ends_is_started_again(make: Make) -> None:
    service = make("answers")
    service.start()
    async with httpx.AsyncClient(trust_env=False) as client:
        await until(lambda: service.is_ready(client))
        first = service.state().pid
        os.kill(first, signal.SIGKILL)

        await keep_running_until(service, starts=2)
        await until(lambda: service.is_ready(client))
    assert service.state().pid != first
    assert service.state().starts == 2


async def test_what_another_program_answers_on_the_port_does_not_count_as_ready(make: Make) -> None:
    answering, ending = make("answers"), make("ends")
    answering.start()
    ending.plan = replace(ending.plan, port=answering.plan.port)
    async with httpx.AsyncClient(trust_env=False) as client:
        await until(lambda: answering.is_ready(client))
        ending.start()
        assert not await ending.is_ready(client)


async def test_a_process_that_never_comes_up_is_given_up_with_its_last_words(make: Make) -> None:
    service = make("ends")
    service.start()
    with pytest.raises(ServiceFailed, match="this service ends at once"):
        await keep_running_until(service, starts=10)
    assert service.starts == 3


async def until_ended(service: ServiceProcess) -> None:
    async def has_ended() -> bool:
        return service._process is not None and service._process.poll() is not None

    await until(has_ended)


class Hand:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now


async def test_starting_again_takes_longer_each_time(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    hand = Hand()
    monkeypatch.setattr(service_process, "time", hand)
    service = make("ends")
    service.was_ready = True
    service.start()
    pauses = []
    for _ in range(7):
        await until_ended(service)
        noticed = hand.now
        while not service.keep_running():
            hand.now += 0.25
        pauses.append(hand.now - noticed)
    assert pauses == [0.5, 1, 2, 4, 8, 10, 10]


async def test_a_process_that_lived_long_is_started_again_soon(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand = Hand()
    monkeypatch.setattr(service_process, "time", hand)
    service = make("ends")
    service.was_ready = True
    service.start()
    for _ in range(2):
        await until_ended(service)
        hand.now += STEADY_SECONDS + 1
        assert not service.keep_running()
        hand.now += FIRST_PAUSE
        assert service.keep_running()


async def test_a_process_that_does_not_stop_is_killed_in_time(make: Make, tmp_path: Path) -> None:
    service = make("deaf")
    service.start()

    async def is_deaf() -> bool:
        return "deaf" in (tmp_path / "tests.ops.stub-deaf-1.log").read_text()

    await until(is_deaf)
    pid = service.state().pid
    service.ask_to_stop()
    assert not await asyncio.wait_for(service.stopped(within=0.5), 60)
    assert not is_alive(pid)


async def test_a_log_is_bounded(make: Make) -> None:
    service = make("ends")
    service.log.write_text("x" * 9_000_000)
    service.start()
    assert service.log.stat().st_size < 10_000
    assert service.log.with_name(f"{service.log.name}.1").stat().st_size == 9_000_000


def test_settings_of_the_shell_are_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MITRA_DATABASE_URL", "postgresql://elsewhere")
    monkeypatch.setenv("OTHER", "kept")
    passed = environment(port="1")
    assert "MITRA_DATABASE_URL" not in passed
    assert (passed["MITRA_PORT"], passed["OTHER"]) == ("1", "kept")
