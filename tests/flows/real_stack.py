"""The real thing for one test: Postgres, Redis, every process with its replicas, and a hand on each of them.

Built from the parts of `mitra up`, but looked after here: a test says what is held down, and servers are
started from a thread of their own, so that the load of a test never waits for them.
"""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from redis.asyncio import Redis
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from mitra_shared.ids import AreaCode, CampaignId, StaffId
from mitra_shared.ops.embedded.accounts import AUDIT, SERVICES
from mitra_shared.ops.embedded.postgres import EmbeddedPostgres
from mitra_shared.ops.embedded.process import ServerFailed
from mitra_shared.ops.embedded.redis import EmbeddedRedis
from mitra_shared.ops.secrets import SecretFolder, Servers
from mitra_shared.ops.service_process import ServiceProcess
from mitra_shared.ops.stack_plan import StackPlan
from mitra_shared.security.secret_files import read_secret
from mitra_shared.security.tokens import Caller, Role, mint
from mitra_shared.streams import connect
from tests import servers
from tests.flows.replicas import plans_of

READY_SECONDS = 120
REDIS_MEMORY = "1gb"
REPLICAS = StackPlan(
    enrolment_apis=2,
    enrolment_relays=2,
    certificates_apis=2,
    certificates_consumers=2,
    certificates_signers=2,
    certificates_relays=2,
    reporting_consumers=2,
)
SINGLE = StackPlan()


class RealStack:
    """Use `real_stack`, which stops everything it started."""

    def __init__(self, home: Path, plan: StackPlan, logs: Path) -> None:
        self.services: dict[str, ServiceProcess] = {}
        self.engines: dict[str, AsyncEngine] = {}
        self.held: set[object] = set()
        """Services and servers that nobody starts again for now."""
        self.logs = logs
        self._plan = plan
        self.home = home
        self._secrets = SecretFolder(home / "secrets")
        self._secrets.create(Servers("127.0.0.1:0", "127.0.0.1:0"))
        self._launcher = ThreadPoolExecutor(1, "launcher")
        self._looking_after: asyncio.Task[None] | None = None
        self.postgres = EmbeddedPostgres(
            home / "postgres",
            password=self._secrets.database_password("postgres"),
            log=logs / "postgres.log",
            durable=False,
        )
        self.redis = EmbeddedRedis(
            home / "redis",
            passwords=self._secrets.redis_passwords(),
            log=logs / "redis.log",
            memory=REDIS_MEMORY,
        )

    async def start(self) -> None:
        await asyncio.gather(self.launch(self.postgres), self.launch(self.redis))
        await asyncio.to_thread(self.postgres.run_script, self.roles_script())
        self._secrets.renew(self._servers)
        servers.migrate(**{service: self.database_url(service) for service in SERVICES})
        self.engines = {
            service: create_async_engine(
                make_url(self.database_url(service, AUDIT)).set(drivername="postgresql+asyncpg"),
                poolclass=NullPool,
            )
            for service in SERVICES
        }
        self.services = {
            plan.name: ServiceProcess(plan, logs=self.logs, forks=servers.fork_server())
            for plan in plans_of(self._plan, self._secrets)
        }
        for service in self.services.values():
            service.start()
        self._looking_after = asyncio.create_task(self._look_after())
        await self.ready()

    async def stop(self) -> None:
        if self._looking_after is not None:
            self._looking_after.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._looking_after
        for engine in self.engines.values():
            await engine.dispose()
        for service in self.services.values():
            self.resume(service)
            service.ask_to_stop()
        await asyncio.gather(*(service.stopped() for service in self.services.values()))
        for server in (self.redis, self.postgres):
            await asyncio.to_thread(server.stop, within=10)
        self._launcher.shutdown()

    # Who is there ---------------------------------------------------------------------------------------

    @property
    def _servers(self) -> Servers:
        return Servers(f"127.0.0.1:{self.postgres.port}", f"127.0.0.1:{self.redis.port}")

    def database_url(self, service: str, role: str | None = None) -> str:
        return self._secrets.database_url(self._servers, service, role or service)

    def redis_url(self, account: str) -> str:
        return self._secrets.redis_url(self._servers, account)

    def roles_script(self) -> str:
        """Creates roles and databases that are missing."""
        return self._secrets.roles_script()

    def of(self, service: str, kind: str | None = None) -> list[ServiceProcess]:
        """The processes of a service, or only those of one kind."""
        plans = ((process, process.plan) for process in self.services.values())
        return [process for process, plan in plans if plan.service == service and kind in {None, plan.kind}]

    def urls(self, service: str) -> list[str]:
        return [process.plan.url for process in self.of(service, "api")]

    def token(
        self, role: Role, area: str | None = None, campaign: str | None = None, staff: str | None = None
    ) -> str:
        caller = Caller(
            StaffId(staff or f"{area or 'national'}/{role.value.replace('_', '-')}"),
            role,
            None if campaign is None else CampaignId(campaign),
            None if area is None else AreaCode(area),
        )
        return mint(read_secret(self._secrets.signing_key), caller, lifetime=timedelta(hours=2))

    @asynccontextmanager
    async def redis_as(self, account: str) -> AsyncIterator[Redis]:
        client = connect(self.redis_url(account))
        try:
            yield client
        finally:
            await client.aclose()

    def said(self, service: str) -> str:
        """Everything the processes of a service logged."""
        return "".join(process.log.read_text() for process in self.of(service) if process.log.exists())

    def last_words(self, lines: int = 40) -> str:
        """The end of every log, for the report of a test that failed."""
        return "\n\n".join(
            "\n".join([f"--- {path.name}", *path.read_text(errors="replace").splitlines()[-lines:]])
            for path in sorted(self.logs.glob("*.log"))
        )

    # What is done to them -------------------------------------------------------------------------------

    async def launch(self, server: EmbeddedPostgres | EmbeddedRedis) -> None:
        """Start a server from the one thread that lives as long as the test."""
        await asyncio.get_running_loop().run_in_executor(self._launcher, server.start)

    def signal(self, process: ServiceProcess, number: signal.Signals) -> None:
        """Send a signal to a process of the stack, if it runs."""
        child = process._process
        if child is not None and child.poll() is None:
            child.send_signal(number)

    def kill(self, process: ServiceProcess) -> None:
        self.signal(process, signal.SIGKILL)

    def pause(self, process: ServiceProcess) -> None:
        self.signal(process, signal.SIGSTOP)

    def resume(self, process: ServiceProcess) -> None:
        self.signal(process, signal.SIGCONT)

    async def down(self, processes: Iterable[ServiceProcess]) -> None:
        """Stop processes in good order, and keep them down until `up`."""
        stopping = list(processes)
        self.held.update(stopping)
        for process in stopping:
            process.ask_to_stop()
        await asyncio.gather(*(process.stopped() for process in stopping))

    def up(self, processes: Iterable[ServiceProcess]) -> None:
        for process in processes:
            process.start()
            self.held.discard(process)

    async def _look_after(self) -> None:
        while True:
            for process in self.services.values():
                if process not in self.held:
                    process.keep_running()
            for server in (self.postgres, self.redis):
                if server.port and server.pid is None and server not in self.held:
                    with contextlib.suppress(ServerFailed):
                        await self.launch(server)
            await asyncio.sleep(0.1)

    # What they say --------------------------------------------------------------------------------------

    async def why_not_ready(self, process: ServiceProcess) -> dict[str, Any]:
        """The reasons of its /ready, empty if it is."""
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            try:
                answer = await client.get(f"{process.plan.url}/ready")
            except httpx.TransportError as error:
                return {"http": type(error).__name__}
        process.was_ready = process.was_ready or answer.is_success
        reasons: dict[str, Any] = answer.json()["reasons"]
        return reasons

    async def ready(self, *, within: float = READY_SECONDS) -> None:
        """Wait until every process that is not held is ready."""
        waiting: dict[str, object] = {"all": "not asked yet"}
        try:
            async with asyncio.timeout(within):
                while waiting:
                    asked = [p for p in self.services.values() if p not in self.held]
                    reasons = await asyncio.gather(*map(self.why_not_ready, asked))
                    waiting = {
                        process.plan.name: why for process, why in zip(asked, reasons, strict=True) if why
                    }
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"not ready after {within:.0f} s: {waiting}") from None


@asynccontextmanager
async def real_stack(plan: StackPlan, logs: Path) -> AsyncIterator[RealStack]:
    """A started stack on a directory of its own; nothing is left of it but its logs."""
    with servers.server_home(servers.data_place()) as home:
        stack = RealStack(home, plan, logs)
        try:
            await stack.start()
            yield stack
        except BaseException as error:
            error.add_note(stack.last_words())
            raise
        finally:
            await stack.stop()
