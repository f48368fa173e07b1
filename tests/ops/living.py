"""Which processes are alive, for tests about leaving none behind."""

import time
from collections.abc import Iterable
from pathlib import Path


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that ended and was not yet collected does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def working_below(directory: Path) -> set[int]:
    """Live processes whose working directory, or one of whose arguments, lies in `directory`."""
    found = set()
    for proc in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (proc / "cmdline").read_bytes().decode(errors="replace")
            inside = (proc / "cwd").readlink().is_relative_to(directory) or str(directory) in arguments
        except OSError:
            continue
        if inside and is_alive(int(proc.name)):
            found.add(int(proc.name))
    return found


def gone(pids: Iterable[int], *, within: float = 60.0) -> bool:
    """Wait for the processes to end, at most `within` seconds."""
    waiting, deadline = set(pids), time.monotonic() + within
    while waiting and time.monotonic() < deadline:
        waiting = {pid for pid in waiting if is_alive(pid)}
        time.sleep(0.02)
    return not waiting
