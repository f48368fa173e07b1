"""The stack on this machine: Postgres, Redis and every process of the services, under one launcher.

Order of start: lock, secrets, servers, accounts, migrations, services; stopped the other way round. All of
it lives in one directory (`.mitra`), and the next start continues from what is there.
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx

from mitra_shared.ops.embedded import process
from mitra_shared.ops.embedded.accounts import SERVICES
from mitra_shared.ops.forking.client import ForkServer
from mitra_shared.ops.lock import Held, LockFile
from mitra_shared.ops.secrets import SecretFolder
from mitra_shared.ops.service_process import ServiceFailed, ServiceProcess, environment
from mitra_shared.ops.stack_plan import IMPORTED, StackPlan, service_plans
from mitra_shared.ops.stack_servers import StackServers, Tell
from mitra_shared.ops.stack_state import StackState, lock_file, state_file
from mitra_shared.ops.trouble import Trouble

READY_SECONDS: Final = 120.0
MIGRATION_SECONDS: Final = 120.0
LOOK_SECONDS: Final = 0.1


class Stack:
    """A stack on `plan.home`. Use `running_stack`, which stops what it started."""

    def __init__(self, plan: StackPlan, tell: Tell) -> None:
        self.plan = plan
        self.home = plan.home.absolute()
        self.services: list[ServiceProcess] = []
        self._tell = tell
        self._lock = LockFile(lock_file(self.home))
        self._logs = self.home / "logs"
        self._secrets = SecretFolder(self.home / "secrets")
        self._started_at = datetime.now(UTC)
        self._servers = StackServers(plan, self.home, self._secrets, tell)
        self._forks = ForkServer(IMPORTED, self._logs / "fork-server.log", environment())

    async def start(self) -> None:
        """Start everything and wait until every process is ready.

        Raises:
            Trouble: another stack runs there, or a part does not start; what was started is to be stopped.
        """
        self._take_home()
        self._forks.warm_up()
        await self._servers.start()
        await self._migrate()
        self._tell("Starting the services")
        self.services = [
            ServiceProcess(plan, logs=self._logs, forks=self._forks)
            for plan in service_plans(self.plan, self._secrets)
        ]
        for service in self.services:
            service.start()
        await self._until_ready()
        self.state().write()

    def _take_home(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.take()
        except Held as held:
            raise Trouble(
                f"a stack is already running on {self.home} (pid {held.pid}); stop it there with Ctrl-C, "
                "or start another one with --home DIRECTORY"
            ) from None
        state_file(self.home).unlink(missing_ok=True)

    async def _migrate(self) -> None:
        self._tell("Migrating the databases")
        running = {
            service: self._forks.start(
                service,
                "migrate",
                log=self._migration_log(service),
                environment=environment(
                    secrets_dir=str(self._secrets.of_service(service)), log_level=self.plan.log_level
                ),
                directory=self.home,
                death_signal=signal.SIGTERM,
            )
            for service in SERVICES
        }
        try:
            ends = [
                asyncio.to_thread(process.finish, each, within=MIGRATION_SECONDS) for each in running.values()
            ]
            await asyncio.gather(*ends)
        finally:
            for migration in running.values():
                process.stop(migration, how=signal.SIGTERM, within=5)
        for service, migration in running.items():
            if migration.returncode != 0:
                said = process.last_lines(self._migration_log(service), 20)
                raise ServiceFailed(f"the migration of {service} failed:\n{said}")

    def _migration_log(self, service: str) -> Path:
        return self._logs / f"{service}-migrate.log"

    async def _until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        waiting = self.services
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            while waiting:
                for service in self.services:
                    service.keep_running()
                # All of them at once: one that was ready may have had to begin again.
                waiting = [service for service in self.services if not await service.is_ready(client)]
                if waiting and time.monotonic() > deadline:
                    why = await waiting[0].why_not_ready(client)
                    name = waiting[0].plan.name
                    raise ServiceFailed(f"{name} is not ready after {READY_SECONDS:.0f} s: {why}")
                await asyncio.sleep(LOOK_SECONDS)

    async def keep_running(self) -> None:
        """Look after all processes until cancelled: what ended is started again, and that is told."""
        while True:
            again = [service.plan.name for service in self.services if service.keep_running()]
            again += self._servers.keep_running()
            if again:
                self._tell(f"Started again: {', '.join(again)}")
                self.state().write()
            await asyncio.sleep(LOOK_SECONDS)

    async def stop(self) -> None:
        """Stop services, then Redis, then Postgres, each within its bound; the data stays."""
        for service in self.services:
            service.ask_to_stop()
        await asyncio.gather(*(service.stopped() for service in self.services))
        self._forks.close()
        self._servers.stop()
        if self._lock.is_ours:
            state_file(self.home).unlink(missing_ok=True)
            self._lock.release()

    def state(self) -> StackState:
        """What the stack tells about itself.

        Raises:
            Trouble: the servers were never started.
        """
        servers = self._servers
        return StackState(
            pid=os.getpid(),
            started_at=self._started_at,
            home=self.home,
            secrets=self._secrets.path,
            postgres=servers.postgres,
            redis=servers.redis,
            databases=servers.databases(),
            audit_databases=servers.audit_databases(),
            redis_urls=servers.redis_urls(),
            processes=tuple(service.state() for service in self.services),
        )


@asynccontextmanager
async def running_stack(plan: StackPlan, tell: Tell) -> AsyncIterator[Stack]:
    """A started stack; leaving stops it, whatever happened, and leaves no process.

    Raises:
        Trouble: it does not start.
    """
    stack = Stack(plan, tell)
    try:
        await stack.start()
        watching = asyncio.create_task(stack.keep_running())
        try:
            yield stack
        finally:
            watching.cancel()
            await asyncio.wait({watching})
    finally:
        await stack.stop()
