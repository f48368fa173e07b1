"""The file of the issuer's keys, read again when it changes: a rotation needs no restart.

A changed file that cannot be used changes nothing: the keys read before stay in use, and the log says so.
"""

import os
import time
from pathlib import Path
from typing import Final

import structlog

from mitra_shared.credential.keys import BadIssuerKeys, IssuerKeys
from mitra_shared.security.secret_files import UnsafeSecretFile

CHECK_SECONDS: Final = 1.0

_log = structlog.get_logger()

_State = tuple[int, int, int]


class KeyFile:
    """The issuer's keys as the file has them, at most a second late."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            BadIssuerKeys: its text is no set of keys.
            UnsafeSecretFile: others may read or write it.
            OSError: it cannot be read.
        """
        self.path = path
        # The state first: what changes while it is read is read again.
        self._state: _State | None = _state(path)
        self._keys = IssuerKeys.load(path)
        self._look_again = time.monotonic() + CHECK_SECONDS

    @property
    def keys(self) -> IssuerKeys:
        """The keys now; the same object until the file changes."""
        if time.monotonic() >= self._look_again:
            self._look_again = time.monotonic() + CHECK_SECONDS
            self._look()
        return self._keys

    def _look(self) -> None:
        state: _State | None = None
        try:
            state = _state(self.path)
            if state == self._state:
                return
            keys = IssuerKeys.load(self.path)
        except (BadIssuerKeys, UnsafeSecretFile, OSError) as error:
            if state != self._state:
                _log.error(
                    "the file of issuer's keys cannot be used; the keys read before stay in use",
                    why=str(error),
                )
            self._state = state
            return
        self._state, self._keys = state, keys
        _log.info("the issuer's keys were read again", newest=keys.all[-1].kid, keys=len(keys.all))


def _state(path: Path) -> _State:
    status = os.stat(path)  # noqa: PTH116 - a stat of the file that is opened, links followed
    # The change time also tells that the mode was mended.
    return status.st_ctime_ns, status.st_ino, status.st_size
