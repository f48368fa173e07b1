"""The command line of a service: `python -m SERVICE PROCESS`; also `migrate`, `openapi` and its tools."""

import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
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
        tools: what else it can be asked to do, by name; each is given the arguments after its name.
    """

    name: str
    processes: Mapping[str, Process]
    migrations: Path
    openapi: Callable[[], str]
    tools: Mapping[str, Callable[[Sequence[str]], None]] = field(default_factory=dict)

    def main(self, arguments: Sequence[str]) -> None:
        """Run what the first argument names; exits with code 2 if it names nothing."""
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
            case [name, *rest] if name in self.tools:
                self.tools[name](rest)
            case _:
                names = "|".join((*self.processes, "migrate", "openapi", *self.tools))
                sys.stderr.write(f"usage: python -m {self.name} {names}\n")
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
