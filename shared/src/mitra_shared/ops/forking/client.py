"""The launcher's side of the fork server: it asks for processes and knows how each of them stands."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final

from mitra_shared.ops.embedded import process
from mitra_shared.ops.embedded.process import ServerFailed

START_SECONDS: Final = 120.0
"""For the server's imports, on a machine that has much else to do."""
_KILLED: Final = -signal.SIGKILL


class ForkedChild:
    """A process of the fork server; to its launcher what `subprocess.Popen` would be."""

    def __init__(self, ear: socket.socket, name: str) -> None:
        self.returncode: int | None = None
        self._ear = ear
        self._name = name
        self._pid: int | None = None

    @property
    def pid(self) -> int:
        """Its process id; waits for the server to be ready.

        Raises:
            ServerFailed: the server is not ready in time, or has ended.
        """
        if self._pid is None:
            self._pid = self._next_number(START_SECONDS)
        if self._pid is None:
            raise ServerFailed(f"{self._name} was not started: the fork server has ended or is not ready")
        return self._pid

    def poll(self) -> int | None:
        """Its exit code, or None while it runs."""
        return self._look(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended.

        Raises:
            subprocess.TimeoutExpired: it has not within `timeout` seconds.
        """
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self._name, timeout or 0.0)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended: then its process id may be somebody else's."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to stop."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def _look(self, timeout: float | None) -> int | None:
        until = None if timeout is None else time.monotonic() + timeout
        while self.returncode is None:
            number = self._next_number(None if until is None else max(0.0, until - time.monotonic()))
            if number is None:
                return self.returncode
            if self._pid is None:
                self._pid = number
            else:
                self._end(number)
        return self.returncode

    def _next_number(self, timeout: float | None) -> int | None:
        """What the server tells next; None: nothing in time, or it is gone and the child with it."""
        if self.returncode is not None:
            return None
        ready, _, _ = select.select([self._ear], [], [], timeout)
        if not ready:
            return None
        said = self._ear.recv(64)
        if not said:
            self._end(_KILLED)
            return None
        return int(said)

    def _end(self, code: int) -> None:
        self.returncode = code
        self._ear.close()


class ForkServer:
    """A fork server that is started when first needed, and again if it ended.

    To be used from one thread that lives as long as the launcher: with the thread the server ends, and with
    the server its children.
    """

    def __init__(self, modules: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        self._modules = modules
        self._log = log
        # What a process was given at its start stays visible from outside, in those that are forked too.
        self._environment = environment
        self._server: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None

    def warm_up(self) -> None:
        """Start the server without waiting for it; what is asked for meanwhile waits for its imports."""
        self._running()

    def _running(self) -> socket.socket:
        """Where a server that runs takes requests."""
        if self._requests is not None and self._server is not None and self._server.poll() is None:
            return self._requests
        self.close()
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its:
            self._server = process.start(
                [
                    sys.executable,
                    "-m",
                    "mitra_shared.ops.forking.server",
                    str(its.fileno()),
                    *self._modules,
                ],
                log=self._log,
                environment=self._environment,
                directory=self._log.parent,
                death_signal=signal.SIGKILL,
                descriptors=(its.fileno(),),
            )
        self._requests = ours
        return ours

    def start(
        self,
        *command: str,
        log: Path,
        environment: Mapping[str, str],
        directory: Path,
        death_signal: signal.Signals,
    ) -> ForkedChild:
        """Start `python -m command`, as `process.start` would.

        Raises:
            ServerFailed: the fork server has ended.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        process.shorten(log)
        with log.open("ab") as output:
            return self.fork(
                command,
                output,
                output,
                environment=environment,
                directory=directory,
                death_signal=death_signal,
            )

    def fork(
        self,
        command: Sequence[str],
        output: IO[bytes],
        errors: IO[bytes],
        *,
        environment: Mapping[str, str],
        directory: Path,
        death_signal: signal.Signals,
    ) -> ForkedChild:
        """As `start`, with files for output and errors."""
        requests = self._running()
        request = json.dumps([list(command), dict(environment), str(directory), int(death_signal)])
        ear, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its:
            descriptors = [output.fileno(), errors.fileno(), its.fileno()]
            try:
                socket.send_fds(requests, [request.encode()], descriptors)
            except OSError as error:
                ear.close()
                raise ServerFailed(f"the fork server has ended: {process.last_lines(self._log)}") from error
        return ForkedChild(ear, " ".join(command))

    def close(self) -> None:
        """End the server; children that still run get their death signal."""
        if self._requests is not None:
            self._requests.close()
            self._requests = None
        if self._server is not None:
            process.kill(self._server)
            self._server = None
