"""The desk: how many exports are made at once, and where their files lie meanwhile."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

MOST_EXPORTS: Final = 4
_OWNER_ONLY: Final = 0o700


class TooManyExports(Exception):
    """As many are being made as may be."""


class ExportDesk:
    """Places for exports, and their directory.

    Attributes:
        directory: for workbooks while they are written; the desk alone uses it.
        busy: exports that are being made.
    """

    def __init__(self, directory: Path, *, most: int = MOST_EXPORTS) -> None:
        """Wipe what an earlier process may have left in `exports` below `directory`."""
        self.directory = directory / "exports"
        self.busy = 0
        self._most = most
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)

    @contextmanager
    def place(self) -> Iterator[None]:
        """One of the places, until the end.

        Raises:
            TooManyExports: all are taken.
        """
        if self.busy >= self._most:
            raise TooManyExports(f"{self.busy} exports are being made")
        self.busy += 1
        try:
            yield
        finally:
            self.busy -= 1
