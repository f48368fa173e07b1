"""A lock file: held by one live process at a time, free again as soon as that process is gone."""

import fcntl
import os
import time
from pathlib import Path
from typing import IO, Final

_ATTEMPTS: Final = 5
"""Whoever asks `holder` has the lock for an instant."""


class Held(Exception):
    """Another process has the lock; `pid` is what it wrote into the file."""

    def __init__(self, pid: str) -> None:
        super().__init__(pid)
        self.pid = pid


class LockFile:
    """The lock on one file. The process id of the holder is its content."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def take(self) -> None:
        """Hold the lock until `release`, or the end of this process; harmless if it is held by us already.

        Raises:
            Held: by another process.
        """
        if self._file is not None:
            return
        file = self._path.open("a+")
        for attempt in range(_ATTEMPTS):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if attempt + 1 == _ATTEMPTS:
                    file.seek(0)
                    pid = file.read().strip()
                    file.close()
                    raise Held(pid) from None
                time.sleep(0.05)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    @property
    def is_ours(self) -> bool:
        """Whether this process holds it."""
        return self._file is not None

    def release(self) -> None:
        """Let another process have it."""
        if self._file is not None:
            self._file.close()
            self._file = None


def is_held(path: Path) -> bool:
    """Whether a live process holds the lock on `path`."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
