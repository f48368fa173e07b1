"""The embedded Redis-compatible server (Valkey): append-only file, never evicts, one account per service."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

from mitra_shared.ops.embedded import process
from mitra_shared.ops.embedded.accounts import REDIS_ADMIN, redis_users
from mitra_shared.ops.embedded.place import Place, read_pid
from mitra_shared.ops.embedded.process import ServerFailed
from mitra_shared.ops.embedded.programs import redis_server

_ENVIRONMENT: Final = {"LC_ALL": "C.UTF-8", "PATH": os.defpath, "TZ": "UTC"}
_ADDRESS_IN_USE: Final = "Address already in use"


class EmbeddedRedis:
    """One server on 127.0.0.1, with its append-only file under `home`."""

    def __init__(
        self,
        home: Path,
        *,
        passwords: Mapping[str, str],
        port: int = 0,
        log: Path | None = None,
        memory: str = "2gb",
    ) -> None:
        """Describe the server; `start` starts it.

        Args:
            home: its directory; data is kept there between runs.
            passwords: of each account of `accounts.REDIS_RIGHTS`.
            port: preferred port; the next free one is taken if somebody listens there. 0: any.
            log: file for what it prints; `home`/log if not given.
            memory: `maxmemory`; writes beyond it are refused, nothing is evicted. "0" is no limit.
        """
        self._place = Place(home, program="valkey-server", stop_signal=signal.SIGTERM)
        self._passwords = dict(passwords)
        self._preferred = port
        self.log = log or home / "log"
        self._memory = memory
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def pid(self) -> int | None:
        """Process id of the running server."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def url(self, user: str = REDIS_ADMIN, database: int = 0) -> str:
        """`redis://` URL for an account, the administrator's unless told otherwise."""
        return f"redis://{user}:{quote(self._passwords[user], safe='')}@127.0.0.1:{self.port}/{database}"

    def start(self, *, within: float = 60.0) -> None:
        """Start and wait until the append-only file is loaded and commands are answered.

        Raises:
            ServerFailed: not ready within `within` seconds; the message ends with what the server said.
        """
        self._place.take(read_pid(self._place.path / "pid"))
        user = process.server_user()
        self._place.data.mkdir(mode=0o700, exist_ok=True)
        users = self._place.path / "users.acl"
        users.unlink(missing_ok=True)
        users.touch(mode=0o600)
        users.write_text(redis_users(self._passwords))
        if user is not None:
            os.chown(self._place.data, user, user)
            os.chown(users, user, user)
        deadline = time.monotonic() + within
        while not self._start_once(self.port or process.free_port(self._preferred), users, deadline):
            if time.monotonic() > deadline:
                raise ServerFailed(f"Redis did not start: {process.last_lines(self.log)}")
            time.sleep(0.1)

    def _start_once(self, port: int, users: Path, deadline: float) -> bool:
        settings = {
            "bind": "127.0.0.1",
            "port": str(port),
            "dir": str(self._place.data),
            "aclfile": str(users),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory": self._memory,
            "maxmemory-policy": "noeviction",
        }
        said_before = self.log.stat().st_size if self.log.exists() else 0
        child = process.start(
            [
                str(redis_server()),
                *(word for name, value in settings.items() for word in (f"--{name}", value)),
            ],
            log=self.log,
            environment=_ENVIRONMENT,
            directory=self._place.path,
            death_signal=signal.SIGTERM,
            user=process.server_user(),
        )
        self._process = child
        (self._place.path / "pid").write_text(str(child.pid))
        while child.poll() is None:
            if self._answers(port):
                # Kept from now on: others know it.
                self.port = port
                return True
            if time.monotonic() > deadline:
                process.kill(child)
                raise ServerFailed(f"Redis is not ready in time: {process.last_lines(self.log)}")
            time.sleep(0.02)
        if _ADDRESS_IN_USE in self.log.read_bytes()[said_before:].decode(errors="replace"):
            return False
        raise ServerFailed(f"Redis did not start: {process.last_lines(self.log)}")

    def _answers(self, port: int) -> bool:
        """Whether it answers our account, and not only that it loads."""
        password = self._passwords[REDIS_ADMIN]
        words = ("AUTH", REDIS_ADMIN, password, "PING")
        auth, ping = (_command(*words[:3]), _command(words[3]))
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                connection.sendall(auth + ping)
                connection.shutdown(socket.SHUT_WR)
                said = b"".join(iter(lambda: connection.recv(256), b""))
        except OSError:
            return False
        return said == b"+OK\r\n+PONG\r\n"

    def stop(self, *, within: float = 20.0) -> None:
        """End in good order, at the latest after `within` seconds; the data stays."""
        if self._process is not None:
            process.stop(self._process, how=signal.SIGTERM, within=within)
        process.release_port(self.port)
        self._place.release()

    def kill(self) -> None:
        """End at once, as a crash would; `start` loads the append-only file and keeps the port."""
        if self._process is not None:
            process.kill(self._process)

    def forget(self) -> None:
        """Delete all data of the stopped or killed server, as a lost disk would."""
        shutil.rmtree(self._place.data, ignore_errors=True)


def _command(*words: str) -> bytes:
    """A command in the Redis protocol."""
    return b"".join(
        [f"*{len(words)}\r\n".encode(), *(f"${len(w.encode())}\r\n{w}\r\n".encode() for w in words)]
    )
