"""The command line of a service: `python -m SERVICE PROCESS`, and `migrate` and `openapi` beside."""

import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import uvloop

from mitra_shared.database import create_engine
from mitra_shared.process import ShutdownSignal, run_process
from mitra_shared.settings import DatabaseSettings, settings_or_exit
from mitra_shared.telemetry.logs import configure_logs

EXIT_USAGE: Final = 2


@dataclass(frozen=True, slots=True)
class Process:
    """A long-running process: the settings it needs and what it does until it is asked to stop."""

    settings: type[DatabaseSettings]
    run: Callable[[Any, ShutdownSignal], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ServiceEntry:
    """What a service can be started as.

    Attributes:
        name: of the service and of its package.
        processes: long-running processes by name.
        migrations: directory of the Alembic steps.
        openapi: makes the OpenAPI document as text.
    """

    name: str
    processes: Mapping[str, Process]
    migrations: Path
    openapi: Callable[[], str]

    def main(self, arguments: Sequence[str]) -> None:
        """Run what the one argument names; exits with code 2 if it names nothing."""
        match arguments:
            case ["migrate"]:
                uvloop.run(self._migrate())
            case ["openapi"]:
                sys.stdout.write(self.openapi())
            case [name] if name in self.processes:
                process = self.processes[name]
                settings = settings_or_exit(process.settings)
                configure_logs(service=self.name, process=name, level=settings.log_level)
                run_process(lambda shutdown: process.run(settings, shutdown))
            case _:
                sys.stderr.write(f"usage: python -m {self.name} {'|'.join(self.processes)}|migrate|openapi\n")
                raise SystemExit(EXIT_USAGE)

    async def _migrate(self) -> None:
        # Alembic takes 0.4 s to import, which no other process has to spend.
        from mitra_shared.migrating import migrate  # noqa: PLC0415

        settings = settings_or_exit(DatabaseSettings)
        configure_logs(service=self.name, process="migrate", level=settings.log_level)
        engine = create_engine(settings.database_url.get_secret_value(), application=f"{self.name} migrate")
        try:
            await migrate(engine, self.migrations)
        finally:
            await engine.dispose()
