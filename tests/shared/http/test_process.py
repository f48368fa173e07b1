"""Real processes, real signals."""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

PROGRAM = Path(__file__).with_name("process_under_test.py")
SECONDS = 60
"""For anything to happen: a loose bound, for machines with much else to do."""


async def until_there(path: Path) -> None:
    async with asyncio.timeout(SECONDS):
        while not path.exists():  # noqa: ASYNC110, ASYNC240 - another process writes it
            await asyncio.sleep(0.02)


class Running:
    """A started process."""

    def __init__(self, process: Process, port_file: Path) -> None:
        self.process, self.port_file = process, port_file

    async def serves(self) -> str:
        """Where it does, once it does."""
        await until_there(self.port_file)
        return f"http://127.0.0.1:{int(self.port_file.read_text())}"

    async def ended(self) -> tuple[int | None, list[dict[str, Any]]]:
        """Exit code and log lines."""
        async with asyncio.timeout(SECONDS):
            out, _ = await self.process.communicate()
        return self.process.returncode, [json.loads(line) for line in out.splitlines()]

    async def stopped_by(self, number: signal.Signals) -> tuple[int | None, list[dict[str, Any]]]:
        """Exit code and log lines."""
        self.process.send_signal(number)
        return await self.ended()


Start = Callable[[str], Awaitable[Running]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    started: list[Process] = []

    async def start(behaviour: str) -> Running:
        port_file = tmp_path / "port"
        process = await asyncio.create_subprocess_exec(
            sys.executable, PROGRAM, port_file, behaviour, stdout=asyncio.subprocess.PIPE
        )
        started.append(process)
        return Running(process, port_file)

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_a_process_well(start: Start, number: signal.Signals) -> None:
    running = await start("well")
    await running.serves()
    code, lines = await running.stopped_by(number)
    assert code == 0
    assert lines[-1]["event"] == "stopped"
    assert lines[-1]["reason"] == number.name
    assert not running.port_file.exists()


async def test_a_request_in_flight_is_answered_before_the_process_ends(start: Start, tmp_path: Path) -> None:
    running = await start("well")
    async with httpx.AsyncClient(base_url=await running.serves()) as client:
        asking = asyncio.create_task(client.get("/slow"))
        await until_there(tmp_path / "asked")
        code, _ = await running.stopped_by(signal.SIGTERM)
        assert (await asking).text == "done"
    assert code == 0


async def test_a_stream_without_end_does_not_keep_the_process(start: Start) -> None:
    running = await start("well")
    async with (
        httpx.AsyncClient(base_url=await running.serves()) as client,
        client.stream("GET", "/endless") as answer,
    ):
        assert await anext(answer.aiter_text())
        code, _ = await running.stopped_by(signal.SIGTERM)
    assert code == 0


@pytest.mark.parametrize(
    ("behaviour", "why"), [("fails", "builtins.RuntimeError"), ("ends", "mitra_shared.process.PartEnded")]
)
async def test_a_part_that_fails_or_ends_takes_the_process_down_with_code_1(
    start: Start, behaviour: str, why: str
) -> None:
    running = await start(behaviour)
    code, lines = await running.ended()
    assert code == 1
    (told,) = [line for line in lines if line["event"] == "a part of the process failed"]
    assert told["part"] == "loop"
    assert told["error"]["type"] == why
    assert "9812345678" not in json.dumps(lines)


async def test_a_part_that_ignores_its_cancelling_cannot_keep_the_process(start: Start) -> None:
    running = await start("stubborn")
    await running.serves()
    code, lines = await running.stopped_by(signal.SIGTERM)
    assert code == 1
    assert "loop" in lines[-1]["parts"]
