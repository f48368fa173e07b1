"""`mitra` as an operator runs it beside a world: a process, told by its environment where everything is."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests import servers
from tests.logs import OF_CERTIFICATES, SERVICE_TOKEN
from tests.ops.broken import Breakable
from tests.ops.campaign_world import World
from tests.ops.commands import ENVIRONMENT, mitra


def settings_of(world: World | Breakable) -> dict[str, str]:
    """The settings that name the world's databases and Redis, for reading and for acting."""
    sources = world.sources
    return {
        "MITRA_ENROLMENT_DATABASE_URL": sources.enrolment,
        "MITRA_CERTIFICATES_DATABASE_URL": sources.certificates,
        "MITRA_REPORTING_DATABASE_URL": sources.reporting,
        "MITRA_CERTIFICATES_OWNER_URL": sources.certificates,
        "MITRA_REPORTING_OWNER_URL": sources.reporting,
        "MITRA_REDIS_URL": sources.redis,
        "MITRA_ENROLMENT_REDIS_URL": sources.redis,
        "MITRA_CERTIFICATES_REDIS_URL": sources.redis,
    }


class Operator:
    """Somebody at a shell, while the world goes on."""

    def __init__(
        self, world: World | Breakable, directory: Path, *, logs: str = "http://127.0.0.1:9"
    ) -> None:
        self._settings = settings_of(world) | {
            "MITRA_ENROLMENT_URL": logs,
            "MITRA_CERTIFICATES_URL": f"{logs}{OF_CERTIFICATES}",
            "MITRA_SERVICE_TOKEN": SERVICE_TOKEN,
        }
        self._directory = directory
        # Here, in the thread of the tests: with the thread that starts it the server ends.
        servers.fork_server().warm_up()

    async def starts(self, *arguments: str) -> asyncio.subprocess.Process:
        """A tool of the reporting service itself, left to run."""
        own = {"MITRA_DATABASE_URL": self._settings["MITRA_REPORTING_OWNER_URL"]}
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "reporting", *arguments),
            cwd=self._directory,
            env=ENVIRONMENT | self._settings | own,
        )

    async def runs(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        done = await asyncio.to_thread(mitra, *arguments, directory=self._directory, **self._settings)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    async def asks(self, *arguments: str, exit_code: int = 0) -> Any:
        """Run a command with --json; its answer."""
        done = await self.runs(*arguments, "--json")
        assert done.returncode == exit_code, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout)
