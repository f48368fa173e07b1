"""The directory of one embedded server: its lock, and the process that an earlier launcher left in it."""

import contextlib
import signal
from pathlib import Path

from mitra_shared.ops.embedded.process import ServerFailed, end_leftover, is_running
from mitra_shared.ops.embedded.programs import place_for_data
from mitra_shared.ops.lock import Held, LockFile


class Place:
    """A server's directory, held by one launcher at a time."""

    def __init__(self, wanted: Path, *, program: str, stop_signal: signal.Signals) -> None:
        """The place at `wanted`, or where `programs.place_for_data` puts it.

        Args:
            wanted: directory, created if missing.
            program: name of the server's executable.
            stop_signal: what ends it in good order.
        """
        self.path = place_for_data(wanted)
        self.data = self.path / "data"
        self._program = program
        self._stop_signal = stop_signal
        self._lock = LockFile(self.path / "lock")

    def take(self, server_pid: int | None) -> None:
        """Take the place for this process, and end the server `server_pid` if a dead launcher left it there.

        Raises:
            ServerFailed: another launcher is alive, or what it left does not end.
        """
        try:
            self._lock.take()
        except Held as held:
            raise ServerFailed(f"{self.path} is in use by another launcher (pid {held.pid})") from None
        if server_pid is not None and is_running(server_pid, self._program, self.data):
            end_leftover(server_pid, how=self._stop_signal, within=20)

    def release(self) -> None:
        """Let another launcher have the place."""
        self._lock.release()


def read_pid(file: Path) -> int | None:
    """The process id on the first line of `file`, if there is one."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(file.read_text().split()[0])
    return None
