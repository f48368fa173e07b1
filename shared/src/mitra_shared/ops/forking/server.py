"""The fork server: imports once, then becomes, again and again, a process that was asked for.

    python -m mitra_shared.ops.forking.server DESCRIPTOR MODULE-TO-IMPORT ...

It reads requests from a socket, forks for each, and tells each child's own socket the process id and, when
the child has ended, its exit code. It is a single thread from beginning to end, since a fork copies no other.
It ends when the launcher closes the socket or dies; its children then get their death signal.
"""

import contextlib
import ctypes
import gc
import importlib
import json
import os
import random
import runpy
import select
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from mitra_shared.ops.embedded.becoming import EXIT_LAUNCHER_GONE, PR_SET_PDEATHSIG

LARGEST_REQUEST: Final = 256 * 1024
_DESCRIPTORS: Final = 3
_PR_SET_NAME: Final = 15
_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_ONE_THREAD: Final = "Threads:\t1\n"


class Request(NamedTuple):
    """What to become. It travels as JSON, with three descriptors: output, errors, and the child's socket."""

    command: list[str]
    """A module, and its arguments."""
    environment: dict[str, str]
    directory: str
    death_signal: int


class ForkServer:
    """Its sockets and its living children."""

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._told: dict[int, socket.socket] = {}
        """Process id -> the launcher's ear for that child."""
        self._ended, self._wakeup = socket.socketpair()
        self._ended.setblocking(False)
        self._wakeup.setblocking(False)

    def serve(self) -> Request | None:
        """Fork until the launcher is gone.

        Returns:
            In a child, what to become; in the server, None at the end.
        """
        signal.set_wakeup_fd(self._wakeup.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        while True:
            ready, _, _ = select.select([self._requests, self._ended], [], [])
            if self._ended in ready:
                with contextlib.suppress(BlockingIOError):
                    self._ended.recv(4096)
                self._collect()
            if self._requests in ready:
                said, descriptors, _, _ = socket.recv_fds(self._requests, LARGEST_REQUEST, _DESCRIPTORS)
                if not said:
                    return None
                if request := self._fork(Request(*json.loads(said)), *descriptors):
                    return request

    def _fork(self, request: Request, output: int, errors: int, ear: int) -> Request | None:
        told = socket.socket(fileno=ear)
        launcher = os.getpid()
        child = os.fork()
        if child == 0:
            told.close()
            self._leave_behind()
            _settle(request, output, errors, launcher)
            return request
        os.close(output)
        os.close(errors)
        self._told[child] = told
        _tell(told, child)
        return None

    def _leave_behind(self) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for inherited in (self._requests, self._ended, self._wakeup, *self._told.values()):
            inherited.close()

    def _collect(self) -> None:
        while self._told:
            child, status = os.waitpid(-1, os.WNOHANG)
            if child == 0:
                return
            told = self._told.pop(child)
            _tell(told, os.waitstatus_to_exitcode(status))
            told.close()


def _tell(told: socket.socket, number: int) -> None:
    # The launcher may have stopped listening to this child.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        told.send(str(number).encode())


def _settle(request: Request, output: int, errors: int, launcher: int) -> None:
    """Be, for everybody who looks from outside, what `subprocess` would have started."""
    os.setsid()
    os.dup2(output, 1)
    os.dup2(errors, 2)
    os.close(output)
    os.close(errors)
    os.chdir(request.directory)
    os.environ.clear()
    os.environ.update(request.environment)
    _LIBC.prctl(PR_SET_PDEATHSIG, request.death_signal, 0, 0, 0)
    _LIBC.prctl(_PR_SET_NAME, " ".join(request.command).encode(), 0, 0, 0)
    if os.getppid() != launcher:
        # The server died before the kernel knew that it should tell us.
        sys.exit(EXIT_LAUNCHER_GONE)
    random.seed()


def main(arguments: Sequence[str]) -> None:
    """Import what the processes share, then serve; a child leaves by becoming its module."""
    descriptor, *modules = arguments
    for module in modules:
        importlib.import_module(module)
    if _ONE_THREAD not in Path("/proc/self/status").read_text("ascii"):
        sys.exit("an imported module has started a thread, which a fork would not copy")
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=int(descriptor)) as requests:
        request = ForkServer(requests).serve()
    if request is not None:
        sys.argv = request.command
        runpy.run_module(request.command[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
