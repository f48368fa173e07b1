"""The embedded Postgres: initialised once, started as our child, recovered after any crash."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

from mitra_shared.ops.embedded import process
from mitra_shared.ops.embedded.place import Place, read_pid
from mitra_shared.ops.embedded.process import ServerFailed
from mitra_shared.ops.embedded.programs import postgres_bin

SUPERUSER: Final = "postgres"
_ENVIRONMENT: Final = {"LC_ALL": "C.UTF-8", "PATH": os.defpath, "TZ": "UTC"}
_PASSING_TROUBLE: Final = ("pre-existing shared memory block", "Address already in use")
"""Backends of a killed server end a moment after it; a free port may be taken before we bind it."""

_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    # No socket file: its path has a length limit, and a killed server would leave it behind.
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
}


class EmbeddedPostgres:
    """One Postgres server on 127.0.0.1, with its data under `home`."""

    def __init__(
        self,
        home: Path,
        *,
        password: str,
        port: int = 0,
        log: Path | None = None,
        durable: bool = True,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """Describe the server; `start` starts it.

        Args:
            home: its directory; data is kept there between runs.
            password: of the superuser; counts when the data directory is initialised.
            port: preferred port; the next free one is taken if somebody listens there. 0: any.
            log: file for what it prints; `home`/log if not given.
            durable: False leaves out fsync, for tests: commits survive a kill, not a power cut.
            settings: further settings of postgresql.conf.
        """
        self._place = Place(home, program="postgres", stop_signal=signal.SIGINT)
        self._password = password
        self._preferred = port
        self.log = log or home / "log"
        self._settings = _SETTINGS | ({} if durable else {"fsync": "off", "full_page_writes": "off"})
        self._settings |= settings or {}
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def data(self) -> Path:
        """The data directory."""
        return self._place.data

    @property
    def pid(self) -> int | None:
        """Process id of the running server."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def url(self, database: str = "postgres", *, user: str = SUPERUSER, password: str | None = None) -> str:
        """`postgresql://` URL of a database, as the superuser unless told otherwise."""
        secret = quote(self._password if password is None else password, safe="")
        return f"postgresql://{user}:{secret}@127.0.0.1:{self.port}/{database}"

    def start(self, *, within: float = 60.0) -> None:
        """Initialise the data directory if there is none, start, and wait until connections are accepted.

        Raises:
            ServerFailed: not ready within `within` seconds; the message ends with what the server said.
        """
        pid_file = self.data / "postmaster.pid"
        self._place.take(read_pid(pid_file))
        # A pid in it that meanwhile belongs to somebody else would keep the server from starting.
        pid_file.unlink(missing_ok=True)
        if not self.data.exists():
            self._initialise()
        deadline = time.monotonic() + within
        while not self._start_once(self.port or process.free_port(self._preferred), deadline):
            if time.monotonic() > deadline:
                raise ServerFailed(f"Postgres did not start: {process.last_lines(self.log)}")
            time.sleep(0.1)

    def _start_once(self, port: int, deadline: float) -> bool:
        settings = self._settings | {"port": str(port)}
        said_before = self.log.stat().st_size if self.log.exists() else 0
        child = process.start(
            [
                str(postgres_bin() / "postgres"),
                "-D",
                str(self.data),
                *(word for name, value in settings.items() for word in ("-c", f"{name}={value}")),
            ],
            log=self.log,
            environment=_ENVIRONMENT,
            directory=self._place.path,
            death_signal=signal.SIGINT,
            user=process.server_user(),
        )
        self._process = child
        while child.poll() is None:
            if self._is_ready(child.pid):
                # Kept from now on: others know it.
                self.port = port
                return True
            if time.monotonic() > deadline:
                process.kill(child)
                raise ServerFailed(f"Postgres is not ready in time: {process.last_lines(self.log)}")
            time.sleep(0.02)
        said = self.log.read_bytes()[said_before:].decode(errors="replace")
        if any(trouble in said for trouble in _PASSING_TROUBLE):
            return False
        raise ServerFailed(f"Postgres did not start: {process.last_lines(self.log)}")

    def _is_ready(self, pid: int) -> bool:
        """What pg_ctl looks at: the server writes its state on the eighth line of its pid file."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"  # noqa: PLR2004

    def _initialise(self) -> None:
        """Make the data directory beside its place and rename it, so that it is either whole or not there."""
        user = process.server_user()
        draft, password_file = self._place.path / "data.new", self._place.path / "password"
        shutil.rmtree(draft, ignore_errors=True)
        password_file.unlink(missing_ok=True)
        password_file.touch(mode=0o600)
        password_file.write_text(self._password)
        if user is not None:
            os.chown(password_file, user, user)
        command = [str(postgres_bin() / "initdb"), "-D", str(draft), "--username", SUPERUSER]
        command += ["--auth=scram-sha-256", "--pwfile", str(password_file), "--encoding=UTF8"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        command += ["--no-instructions", *([] if self._durable else ["--no-sync"])]
        initdb = process.start(
            command,
            log=self.log,
            environment=_ENVIRONMENT,
            directory=self._place.path,
            death_signal=signal.SIGKILL,
            user=user,
        )
        try:
            initdb.wait()
        finally:
            process.stop(initdb, how=signal.SIGTERM, within=5)
            password_file.unlink()
        if initdb.returncode != 0:
            raise ServerFailed(f"initdb failed: {process.last_lines(self.log)}")
        draft.rename(self.data)

    def run_script(self, sql: str, *, database: str = "postgres") -> None:
        """Run a psql script as the superuser, stopping at the first error.

        Raises:
            ServerFailed: with what psql said.
        """
        done = subprocess.run(  # noqa: S603 - our own program
            [
                *(str(postgres_bin() / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1"),
                *("-h", "127.0.0.1", "-p", str(self.port), "-U", SUPERUSER, "-d", database),
            ],
            input=sql,
            env=_ENVIRONMENT | {"PGPASSWORD": self._password},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ServerFailed(f"a script failed on Postgres: {done.stderr.strip()}")

    def stop(self, *, within: float = 20.0) -> None:
        """End in good order (fast shutdown), at the latest after `within` seconds; the data stays."""
        if self._process is not None:
            process.stop(self._process, how=signal.SIGINT, within=within)
        process.release_port(self.port)
        self._place.release()

    def kill(self) -> None:
        """End at once, as a crash would; `start` recovers and keeps the port."""
        if self._process is not None:
            process.kill(self._process)
