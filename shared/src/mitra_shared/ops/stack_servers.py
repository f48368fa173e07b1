"""The two servers of a stack: given by URL, or embedded where none is given."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from mitra_shared.ops.embedded.accounts import AUDIT, REDIS_ADMIN, REDIS_RIGHTS, SERVICES
from mitra_shared.ops.embedded.postgres import EmbeddedPostgres
from mitra_shared.ops.embedded.process import ServerFailed
from mitra_shared.ops.embedded.redis import EmbeddedRedis
from mitra_shared.ops.given_postgres import GivenPostgres
from mitra_shared.ops.given_redis import GivenRedis
from mitra_shared.ops.secrets import SUPERUSER, SecretFolder, Servers
from mitra_shared.ops.stack_plan import StackPlan
from mitra_shared.ops.stack_state import RunningServer
from mitra_shared.ops.trouble import Trouble

POSTGRES_PORT: Final = 15432
REDIS_PORT: Final = 16379
AGAIN_SECONDS: Final = 10.0
"""How long a crashed server may take to come back before that is told and tried again."""
LOCAL: Final = "127.0.0.1"

Tell = Callable[[str], None]
"""Takes one line about what is going on."""


class EmbeddedServer(Protocol):
    """A server of ours, as the stack looks after it."""

    @property
    def pid(self) -> int | None:
        """None while it does not run."""

    def start(self, *, within: float) -> None:
        """Start it, again if it ended."""

    def stop(self) -> None:
        """End it in good order."""


class StackServers:
    """Postgres and Redis of one stack. What is given is used and left as it is; what is embedded is ours."""

    def __init__(self, plan: StackPlan, home: Path, secrets: SecretFolder, tell: Tell) -> None:
        """Describe the servers; `start` starts what is ours.

        Raises:
            Trouble: a given URL cannot be used.
        """
        self._plan = plan
        self._home = home
        self._secrets = secrets
        self._tell = tell
        self._given_postgres = GivenPostgres(plan.postgres_url) if plan.postgres_url else None
        self._given_redis = GivenRedis(plan.redis_url) if plan.redis_url else None
        self._postgres: EmbeddedPostgres | None = None
        self._redis: EmbeddedRedis | None = None

    async def start(self) -> None:
        """Have both servers ready, with our roles, databases and accounts.

        Raises:
            Trouble: an embedded one does not start, or a given one cannot be used.
        """
        if not self._secrets.exists:
            self._tell("Making keys and passwords")
            self._secrets.create(Servers(f"{LOCAL}:{POSTGRES_PORT}", f"{LOCAL}:{REDIS_PORT}"))
        if self._given_postgres is None:
            self._start_postgres()
        else:
            self._tell("Preparing the Postgres of DATABASE_URL")
            await self._given_postgres.prepare(self._secrets.role_passwords())
        if self._given_redis is None:
            self._start_redis()
        else:
            self._tell("Preparing the Redis of REDIS_URL")
            await self._given_redis.prepare(self._secrets.redis_passwords())
        self._secrets.renew(self._addresses())

    def _start_postgres(self) -> None:
        self._tell("Starting Postgres")
        self._postgres = EmbeddedPostgres(
            self._home / "postgres",
            password=self._secrets.database_password(SUPERUSER),
            port=POSTGRES_PORT,
            log=self._home / "logs" / "postgres.log",
        )
        self._postgres.start()
        self._postgres.run_script(self._secrets.roles_script())

    def _start_redis(self) -> None:
        self._tell("Starting Redis")
        self._redis = EmbeddedRedis(
            self._home / "redis",
            passwords=self._secrets.redis_passwords(),
            port=REDIS_PORT,
            log=self._home / "logs" / "redis.log",
            memory=self._plan.redis_memory,
        )
        self._redis.start()

    def keep_running(self) -> list[str]:
        """Start again what is ours and ended; the names of what was."""
        again: list[str] = []
        ours: tuple[tuple[str, EmbeddedServer | None], ...] = (
            ("Postgres", self._postgres),
            ("Redis", self._redis),
        )
        for name, server in ours:
            if server is None or server.pid is not None:
                continue
            try:
                server.start(within=AGAIN_SECONDS)
                again.append(name)
            except ServerFailed as failed:
                self._tell(str(failed))
        return again

    def stop(self) -> None:
        """Stop Redis, then Postgres, where they are ours; the data stays."""
        for server in (self._redis, self._postgres):
            if server is not None:
                server.stop()

    @property
    def postgres(self) -> RunningServer:
        """Where Postgres is."""
        return _where(self._given_postgres, self._postgres)

    @property
    def redis(self) -> RunningServer:
        """Where Redis is."""
        return _where(self._given_redis, self._redis)

    def databases(self) -> dict[str, str]:
        """URL of each service's database for its owner."""
        return {
            service: self._secrets.database_url(self._addresses(), service, service) for service in SERVICES
        }

    def audit_databases(self) -> dict[str, str]:
        """URL of each service's database for the role that only reads."""
        return {
            service: self._secrets.database_url(self._addresses(), service, AUDIT) for service in SERVICES
        }

    def redis_urls(self) -> dict[str, str]:
        """URL of Redis for each account."""
        urls = {account: self._secrets.redis_url(self._addresses(), account) for account in REDIS_RIGHTS}
        return urls if self._given_redis is None else urls | {REDIS_ADMIN: self._given_redis.url}

    def _addresses(self) -> Servers:
        return Servers(self.postgres.address, self.redis.address)


def _where(
    given: GivenPostgres | GivenRedis | None, server: EmbeddedPostgres | EmbeddedRedis | None
) -> RunningServer:
    if given is not None:
        return given.state
    if server is None:
        raise Trouble("the stack was not started")
    return RunningServer(host=LOCAL, port=server.port, pid=server.pid, log=server.log)
