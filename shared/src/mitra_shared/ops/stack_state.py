"""What a running stack tells about itself: `.mitra/stack.json`, for the other commands and for people."""

from datetime import datetime
from pathlib import Path
from typing import Final, Self

from pydantic import BaseModel, ConfigDict

from mitra_shared.ops.lock import is_held
from mitra_shared.ops.trouble import Trouble
from mitra_shared.security.secret_files import write_secret

DEFAULT_HOME: Final = Path(".mitra")


class NoStack(Trouble):
    """No stack runs there."""


class RunningProcess(BaseModel):
    """One process of a service."""

    model_config = ConfigDict(frozen=True)

    name: str
    """As in its log: `certificates-consumer-2`."""
    service: str
    kind: str
    """`api`, `relay` or `consumer`."""
    url: str
    """Base of its HTTP endpoints; every process has /health, /ready and /metrics."""
    pid: int
    log: Path
    starts: int
    """1, and one more for each time it had to be started again."""


class RunningServer(BaseModel):
    """Postgres or Redis. `pid` is None for a server that is not ours."""

    model_config = ConfigDict(frozen=True)

    host: str
    port: int
    pid: int | None
    log: Path | None

    @property
    def address(self) -> str:
        """`host:port`, as in a URL."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class StackState(BaseModel):
    """A running stack. The file holds passwords; its mode is 0600."""

    model_config = ConfigDict(frozen=True)

    pid: int
    """Of the launcher."""
    started_at: datetime
    home: Path
    secrets: Path
    """Directory as `mitra secrets init` makes it."""
    postgres: RunningServer
    redis: RunningServer
    databases: dict[str, str]
    """URL of each service's database for the role that owns it."""
    audit_databases: dict[str, str]
    """The same databases for the role that only reads."""
    redis_urls: dict[str, str]
    """URL for each account: admin, enrolment, certificates, reporting, audit, subscriber."""
    processes: tuple[RunningProcess, ...]

    def api_urls(self, service: str) -> tuple[str, ...]:
        """Base URLs of the API processes of a service."""
        return tuple(p.url for p in self.processes if p.service == service and p.kind == "api")

    def write(self) -> None:
        """Put the state where `read` finds it, at once and never half."""
        write_secret(state_file(self.home), self.model_dump_json(indent=2))

    @classmethod
    def read(cls, home: Path = DEFAULT_HOME) -> Self:
        """The state of the stack that runs on `home`.

        Raises:
            NoStack: none runs there, or it is still starting.
        """
        if not is_held(lock_file(home)):
            raise NoStack(f"no stack runs on {home}; start one with: mitra up")
        try:
            text = state_file(home).read_text()
        except FileNotFoundError:
            raise NoStack(f"the stack on {home} is still starting; try again in a moment") from None
        return cls.model_validate_json(text)


def state_file(home: Path) -> Path:
    """Where the state of the stack on `home` is written."""
    return home / "stack.json"


def lock_file(home: Path) -> Path:
    """The file that the launcher of the stack on `home` keeps locked; it holds its process id."""
    return home / "lock"
