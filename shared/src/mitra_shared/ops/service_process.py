"""One process of a service under the stack: started, watched, started again when it ends by itself."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from mitra_shared.ops.embedded import process
from mitra_shared.ops.forking.client import ForkedChild, ForkServer
from mitra_shared.ops.stack_state import RunningProcess
from mitra_shared.ops.trouble import Trouble

STOP_SECONDS: Final = 12.0
"""Services give themselves 9 seconds to stop."""
FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 10.0
STEADY_SECONDS: Final = 30.0
"""A process that lived this long is started again without a longer pause."""
STARTS_BEFORE_READY: Final = 3
"""How often a process may end before it was ever ready, until the stack gives up."""

OF_THE_STACK: Final = ("DATABASE_URL", "REDIS_URL")
"""Accounts that may do more than a service should."""


class ServiceFailed(Trouble):
    """A process of a service does not come up."""


@dataclass(frozen=True)
class ServicePlan:
    """What to run: `python -m service kind`."""

    service: str
    kind: str
    number: int
    port: int
    environment: Mapping[str, str]
    """Its `MITRA_` settings; others of this shell are not passed on."""

    @property
    def name(self) -> str:
        """As in logs and state: `enrolment-api-1`."""
        return f"{self.service}-{self.kind}-{self.number}"

    @property
    def url(self) -> str:
        """Base URL of its HTTP endpoints."""
        return f"http://127.0.0.1:{self.port}"


def environment(**settings: str) -> dict[str, str]:
    """The environment of this process with exactly these `MITRA_` settings."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("MITRA_") and name not in OF_THE_STACK
    }
    return (
        inherited
        | {"PYTHONUNBUFFERED": "1"}
        | {f"MITRA_{name.upper()}": text for name, text in settings.items()}
    )


class ServiceProcess:
    """A process that is kept running until `stop`."""

    def __init__(self, plan: ServicePlan, *, logs: Path, forks: ForkServer) -> None:
        self.plan = plan
        self._forks = forks
        self.log = logs / f"{plan.name}.log"
        self._port_file = logs / f"{plan.name}.port"
        self.starts = 0
        self.was_ready = False
        self._process: ForkedChild | None = None
        self._started = 0.0
        self._again_at: float | None = None
        self._pause = FIRST_PAUSE

    def start(self) -> None:
        """Start it; from the main thread, see `ForkServer`."""
        self._port_file.unlink(missing_ok=True)
        self._process = self._forks.start(
            self.plan.service,
            self.plan.kind,
            log=self.log,
            environment={**self.plan.environment, "MITRA_PORT_FILE": str(self._port_file)},
            directory=self.log.parent,
            # Services keep nothing that a kill could break, and a slow end would meet the next start.
            death_signal=signal.SIGKILL,
        )
        self.starts += 1
        self._started, self._again_at = time.monotonic(), None

    def keep_running(self) -> bool:
        """Look after the process: start it again, after a growing pause, if it ended.

        Returns:
            Whether it was started again just now.

        Raises:
            ServiceFailed: it ended several times and was never ready.
        """
        if self._process is None or self._process.poll() is None:
            process.shorten(self.log)
            return False
        now = time.monotonic()
        if self._again_at is None:
            if not self.was_ready and self.starts >= STARTS_BEFORE_READY:
                raise ServiceFailed(
                    f"{self.plan.name} does not start: it ended with code {self._process.returncode}, "
                    f"and the end of {self.log} is:\n{self.last_words()}"
                )
            self._pause = FIRST_PAUSE if now - self._started > STEADY_SECONDS else self._pause
            self._again_at = now + self._pause
            self._pause = min(LONGEST_PAUSE, self._pause * 2)
        if now < self._again_at:
            return False
        self.start()
        return True

    async def is_ready(self, client: httpx.AsyncClient) -> bool:
        """Whether it listens on its port, itself and nobody else, and /ready says so."""
        if not self._port_file.exists():
            return False
        try:
            answer = await client.get(f"{self.plan.url}/ready")
        except httpx.TransportError:
            return False
        self.was_ready = self.was_ready or answer.is_success
        return answer.is_success

    async def why_not_ready(self, client: httpx.AsyncClient) -> str:
        """The answer of /ready, or the end of the log, for a message."""
        if not self._port_file.exists():
            return self.last_words()
        try:
            answer = await client.get(f"{self.plan.url}/ready")
        except httpx.TransportError:
            return self.last_words()
        try:
            return json.dumps(answer.json())
        except ValueError:
            return answer.text

    def last_words(self) -> str:
        """The end of its log."""
        return process.last_lines(self.log)

    def ask_to_stop(self) -> None:
        """Send SIGTERM; `stopped` waits."""
        self._again_at = None
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    async def stopped(self, *, within: float = STOP_SECONDS) -> bool:
        """Wait until it ended, and kill it after `within` seconds. Returns whether it ended by itself."""
        child, self._process = self._process, None
        if child is None:
            return True
        by_itself = await asyncio.to_thread(process.finish, child, within=within)
        process.release_port(self.plan.port)
        return by_itself

    def state(self) -> RunningProcess:
        """As told in the state of the stack."""
        return RunningProcess(
            name=self.plan.name,
            service=self.plan.service,
            kind=self.plan.kind,
            url=self.plan.url,
            pid=self._process.pid if self._process is not None else 0,
            log=self.log,
            starts=self.starts,
        )
