"""The compose stack under test: what ops do with it, and what one can see of it from outside."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx

from mitra_shared.ids import AreaCode, StaffId
from mitra_shared.security.tokens import Caller, Role, mint

T = TypeVar("T")

ROOT: Final = Path(__file__).parents[2]
DEPLOY: Final = ROOT / "deploy"
CAMPAIGN: Final = "/campaigns/modi-mitra"

SERVICES: Final = (
    "enrolment-api",
    "enrolment-relay",
    "enrolment-messages",
    "enrolment-imports",
    "enrolment-matcher",
    "certificates-api",
    "certificates-consumer",
    "certificates-signer",
    "certificates-relay",
    "reporting-api",
    "reporting-consumer",
    "reporting-webhooks",
)
SERVERS: Final = ("postgres", "redis")
PORTS: Final = {"enrolment-api": 8000, "certificates-api": 8000, "reporting-api": 8000, "redis": 6379}
"""Services with a port on this machine, and their ports inside."""


def run(*command: str, within: float = 120, environment: Mapping[str, str] | None = None) -> str:
    """What a command printed.

    Raises:
        AssertionError: it failed; with what it said.
    """
    done = subprocess.run(
        command,
        env=environment,
        cwd=DEPLOY,
        capture_output=True,
        text=True,
        timeout=within,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def until(look: Callable[[], T], wanted: Callable[[T], object], *, within: float, what: str) -> T:
    """Look until what is seen is wanted, for at most `within` seconds."""
    deadline = time.monotonic() + within
    while not wanted(seen := look()):
        assert time.monotonic() < deadline, f"{what}: not within {within:g} s, but {seen}"
        time.sleep(0.2)
    return seen


def _inside(container: str, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", "exec", container, *command], capture_output=True, text=True, timeout=30, check=False
    )


def _not_ready(container: str) -> str | None:
    """What the health check says now, not when the engine last asked; None once it is content."""
    done = _inside(container, "python", "-I", "-S", "/opt/mitra/bin/mitra-healthcheck")
    return None if done.returncode == 0 else done.stdout + done.stderr


def kill_inside(container: str) -> None:
    """SIGKILL every process of a container, the asking shell included: a death that nobody ordered."""
    _inside(container, "sh", "-c", "kill -9 -1")


@dataclass
class ComposeStack:
    """One project of the compose file, with secrets of its own."""

    project: str
    secrets: Path
    ports: Mapping[str, int]
    environment: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.environment = os.environ | {
            "COMPOSE_PROJECT_NAME": self.project,
            "MITRA_SECRETS": str(self.secrets),
            "MITRA_ENROLMENT_PORT": str(self.ports["enrolment-api"]),
            "MITRA_CERTIFICATES_PORT": str(self.ports["certificates-api"]),
            "MITRA_REPORTING_PORT": str(self.ports["reporting-api"]),
            "MITRA_REDIS_PORT": str(self.ports["redis"]),
        }

    def compose(self, *arguments: str, within: float = 120) -> str:
        """`docker compose ...`"""
        return run("docker", "compose", *arguments, within=within, environment=self.environment)

    def script(self, name: str, *arguments: str) -> str:
        """One of the scripts of deploy/."""
        return run(str(DEPLOY / name), *arguments, within=240, environment=self.environment)

    def up(self, *arguments: str) -> None:
        """Start everything and wait until all of it is ready."""
        self.compose("up", "--detach", "--no-build", "--wait", *arguments, *SERVERS, *SERVICES, within=240)

    def down(self) -> None:
        """Remove everything, data included."""
        self.compose("down", "--volumes", "--timeout", "2")

    def logs(self) -> str:
        """The last of what each container said."""
        return self.compose("logs", "--tail", "60")

    def operator(self, *arguments: str) -> str:
        """`mitra ...` in a container; any exit code but 0 fails."""
        return self.compose("run", "--rm", "--no-TTY", "operator", *arguments)

    def containers(self) -> dict[str, list[str]]:
        """Ids of the containers of each service, stopped ones included."""
        label = '{{.Label "com.docker.compose.service"}} {{.ID}}'
        of_project = f"label=com.docker.compose.project={self.project}"
        found: dict[str, list[str]] = {}
        for line in run("docker", "ps", "--all", "--filter", of_project, "--format", label).splitlines():
            service, container = line.split()
            found.setdefault(service, []).append(container)
        return found

    def details(self) -> dict[str, dict[str, Any]]:
        """`docker inspect` of every container, by its name."""
        found = json.loads(run("docker", "inspect", *chain.from_iterable(self.containers().values())))
        return {each["Name"].removeprefix(f"/{self.project}-"): each for each in found}

    def until_ready(self, within: float = 150) -> None:
        """Wait until every process of the services says that it is ready."""
        containers = self.containers()
        with ThreadPoolExecutor() as pool:
            waiting = [
                pool.submit(
                    until,
                    partial(_not_ready, container),
                    lambda reason: reason is None,
                    within=within,
                    what=f"{service} ready",
                )
                for service in SERVICES
                for container in containers[service]
            ]
        for each in waiting:
            each.result()

    def sql(self, database: str, query: str) -> str:
        """What a query answers, unaligned."""
        psql = ("psql", "--username", "postgres", "--no-psqlrc", "--tuples-only", "--no-align")
        return self.compose("exec", "-T", "postgres", *psql, "--dbname", database, "--command", query)

    def count(self, database: str, query: str) -> int:
        """The number that a query answers."""
        return int(self.sql(database, query))

    def metric(self, container: str, name: str) -> dict[str, float]:
        """Samples of a metric of a process, by their labels as written; empty while it does not answer."""
        fetch = (
            "from urllib.request import urlopen;"
            "print(urlopen('http://127.0.0.1:8000/metrics', timeout=5).read().decode())"
        )
        done = _inside(container, "python", "-c", fetch)
        lines = done.stdout.splitlines() if done.returncode == 0 else ()
        samples = (line.rsplit(" ", 1) for line in lines if line.startswith(name))
        return {label.removeprefix(name): float(value) for label, value in samples}

    def token(self, role: Role, area: str | None = None) -> str:
        """A bearer token, signed with the key of this stack."""
        key = (self.secrets / "operator" / "mitra_signing_key").read_text()
        subject = StaffId(f"{area}/co-in-charge-01" if area else role.value)
        caller = Caller(subject, role, None, None if area is None else AreaCode(area))
        return mint(key, caller, lifetime=timedelta(days=1))

    def client(self, service: str, role: Role, area: str | None = None) -> httpx.Client:
        """A client of an api of the stack."""
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.ports[service]}",
            headers={"Authorization": f"Bearer {self.token(role, area)}"},
            timeout=10,
            trust_env=False,
        )

    def redis_url(self, account: str) -> str:
        """URL of Redis from this machine."""
        password = (self.secrets / "redis" / f"{account}_password").read_text().strip()
        return f"redis://{account}:{password}@127.0.0.1:{self.ports['redis']}/0"
