"""Starting a program as a direct child that outlives neither its launcher nor its bound for stopping."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

from mitra_shared.ops.embedded import becoming
from mitra_shared.ops.trouble import Trouble

NOBODY: Final = 65534
LARGEST_LOG_BYTES: Final = 8 * 1024 * 1024
PORTS_TRIED: Final = 100
PORTS_OF_ANYBODY: Final = range(20_000, 30_000)
"""Below those that Linux gives to clients: none takes the port of a server that is down for a moment."""


class ServerFailed(Trouble):
    """A program of the stack did not start or did not stop; the message is one plain sentence."""


class Child(Protocol):
    """A process that was started: `subprocess.Popen`, or one that was forked for us."""

    returncode: int | None

    @property
    def pid(self) -> int:
        """Its process id."""
        ...

    def poll(self) -> int | None:
        """Its exit code, or None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended; `subprocess.TimeoutExpired` if it has not in time."""
        ...

    def send_signal(self, number: signal.Signals, /) -> None:
        """Send a signal, if it runs."""

    def kill(self) -> None:
        """End it at once."""


def server_user() -> int | None:
    """The user a server runs as: None for our own, `nobody` if we are root (Postgres refuses root)."""
    return NOBODY if os.geteuid() == 0 else None


def start(  # the arguments of a process are what they are
    command: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str],
    directory: Path,
    death_signal: signal.Signals,
    user: int | None = None,
    descriptors: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, so that Ctrl-C reaches the launcher only.

    To be called from a thread that lives as long as the launcher: the kernel sends `death_signal` when the
    thread that started the program ends.

    Args:
        command: absolute path of the program, then its arguments.
        log: file to which its output is appended.
        environment: its whole environment.
        directory: its working directory.
        death_signal: what it gets when the launcher is gone.
        user: numeric user and group to become; only root can.
        descriptors: what it inherits besides its output, under the same numbers.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    shorten(log)
    become = [sys.executable, "-I", "-S", becoming.__file__, str(os.getpid()), str(int(death_signal))]
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - our own programs
            [*become, "-" if user is None else str(user), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=directory,
            env=dict(environment),
            start_new_session=True,
            pass_fds=descriptors,
        )


def shorten(log: Path, largest: int = LARGEST_LOG_BYTES) -> None:
    """Move what `log` holds to `<log>.1` once it is larger than `largest` bytes; whoever appends goes on."""
    if log.exists() and log.stat().st_size > largest:
        shutil.copyfile(log, log.with_name(f"{log.name}.1"))
        os.truncate(log, 0)


def stop(process: Child, *, how: signal.Signals, within: float) -> bool:
    """Ask `process` to end by signal `how`, and kill it after `within` seconds.

    Returns:
        Whether it ended by itself.
    """
    if process.poll() is None:
        process.send_signal(how)
    return finish(process, within=within)


def finish(process: Child, *, within: float) -> bool:
    """Wait for `process` to end, and kill it after `within` seconds.

    Returns:
        Whether it ended by itself.
    """
    try:
        process.wait(timeout=within)
    except subprocess.TimeoutExpired:
        kill(process)
        return False
    return True


def kill(process: Child) -> None:
    """End `process` at once, as a crash would, and collect it."""
    process.kill()
    process.wait()


_reserved: Final[dict[int, int]] = {}
"""Port -> descriptor of its reservation."""


def free_port(preferred: int = 0) -> int:
    """`preferred`, or one of `PORTS_OF_ANYBODY`, if nobody listens there; else the next free one above it.

    The port is kept for this process, as against others that look for one with this function: two stacks that
    start at the same time never choose the same. `release_port` gives it back before the process ends.
    """
    first = preferred or secrets.choice(PORTS_OF_ANYBODY)
    for wanted in (*range(first, first + PORTS_TRIED), 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", wanted))
            port = int(probe.getsockname()[1])
            _reserved[port] = _reservation(port)
            return port
    raise ServerFailed("no port of 127.0.0.1 is free")


def _reservation(port: int) -> int:
    """Descriptor of a name that one live process can have, whoever its user, and that goes with it (Linux).

    Raises:
        OSError: another process has it.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as held:
        held.bind(f"\0mitra-port-{port}")
        return held.detach()


def release_port(port: int) -> None:
    """Let others have a port that `free_port` gave."""
    held = _reserved.pop(port, None)
    if held is not None:
        os.close(held)


def last_lines(log: Path, count: int = 10) -> str:
    """The end of a log, for a message about what went wrong."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 4096))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-count:])


def is_running(pid: int, program: str, directory: Path) -> bool:
    """Whether `pid` is a live process of executable name `program` that works in `directory` (Linux)."""
    proc = Path(f"/proc/{pid}")
    try:
        return (proc / "exe").readlink().name.startswith(program) and (
            (proc / "cwd").resolve() == directory.resolve()
        )
    except OSError:
        return False


def end_leftover(pid: int, *, how: signal.Signals, within: float) -> None:
    """End a process that is not our child: ask by `how`, then kill after `within` seconds."""
    for sent, seconds in ((how, within), (signal.SIGKILL, 5.0)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sent)
            # A stopped process would not see the signal.
            os.kill(pid, signal.SIGCONT)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not _exists(pid):
                return
            time.sleep(0.02)
    raise ServerFailed(f"a process left over from an earlier run (pid {pid}) does not end")


def _exists(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
