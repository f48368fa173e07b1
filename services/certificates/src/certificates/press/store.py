"""Where finished sheets lie: sealed files in a directory of the service, a key for each rendering.

The key lies in the database, sealed itself, and is dropped when the rendering expires or a certificate in it
is revoked: from then on the files say nothing, and are removed when somebody next tidies up. Processes that
share the directory share the work; one that does not has a sheet made again.
"""

import asyncio
import time
from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping
from contextlib import suppress
from enum import StrEnum
from os import O_CREAT, O_EXCL, O_WRONLY, fdopen, fsync, urandom
from os import open as open_file
from pathlib import Path
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from structlog import get_logger

from certificates.storage.press_jobs import Job
from mitra_shared.security.sealing import KeyRing, SealError

KEY_BYTES: Final = 32
STRAY_SECONDS: Final = 3_600.0
"""How old a file that no job names must be before it is removed: somebody may be writing its siblings."""

log = get_logger(__name__)


class Part(StrEnum):
    """The files of a sheet."""

    CERTIFICATES = "certificates.pdf"
    MANIFEST = "manifest.pdf"
    TABLE = "manifest.csv"


MEDIA_TYPES: Final = {
    Part.CERTIFICATES: "application/pdf",
    Part.MANIFEST: "application/pdf",
    Part.TABLE: "text/csv; charset=utf-8",
}


class SheetStore:
    """The files of sheets below one directory."""

    def __init__(self, directory: Path, keys: KeyRing) -> None:
        """Use `directory`, which is made if need be, with `keys` that seal the keys of renderings."""
        self._directory = directory
        self._keys = keys
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def write(self, sheet: UUID, rendering: UUID, parts: Mapping[Part, bytes]) -> str:
        """Write the files of a rendering. Returns its key, sealed.

        Raises:
            OSError: the directory cannot be written to, or is full.
        """
        key = urandom(KEY_BYTES)
        for part, content in parts.items():
            await asyncio.to_thread(self._write, key, rendering, part, content)
        return self._keys.seal(b64encode(key).decode(), context=_context(sheet, rendering))

    async def read(self, job: Job, part: Part) -> bytes | None:
        """A file of a finished job; None if it is not there, not whole, or cannot be opened."""
        if job.rendering is None or job.sealed_key is None:
            return None
        try:
            key = self._keys.open(job.sealed_key, context=_context(job.sheet, job.rendering))
            return await asyncio.to_thread(self._read, b64decode(key), job.rendering, part)
        except FileNotFoundError:
            return None
        except (InvalidTag, SealError) as error:
            log.error("a file of a sheet cannot be opened", sheet=str(job.sheet), why=type(error).__name__)
            return None

    async def remove_all_but(self, kept: Collection[UUID]) -> int:
        """Remove the files of renderings that are given up. Returns how many."""
        return await asyncio.to_thread(self._remove_all_but, kept)

    def _path(self, rendering: UUID, part: Part) -> Path:
        return self._directory / f"{rendering}.{part.value}"

    def _write(self, key: bytes, rendering: UUID, part: Part, content: bytes) -> None:
        sealed = AESGCM(key).encrypt(_nonce(part), content, rendering.bytes)
        descriptor = open_file(self._path(rendering, part), O_WRONLY | O_CREAT | O_EXCL, 0o600)
        with fdopen(descriptor, "wb") as file:
            file.write(sealed)
            file.flush()
            fsync(file.fileno())

    def _read(self, key: bytes, rendering: UUID, part: Part) -> bytes:
        return AESGCM(key).decrypt(_nonce(part), self._path(rendering, part).read_bytes(), rendering.bytes)

    def _remove_all_but(self, kept: Collection[UUID]) -> int:
        names, oldest, removed = {str(each) for each in kept}, time.time() - STRAY_SECONDS, 0
        for path in self._directory.iterdir():
            # Another process may remove it first.
            with suppress(FileNotFoundError):
                if path.name.partition(".")[0] not in names and path.stat().st_mtime < oldest:
                    path.unlink()
                    removed += 1
        return removed


def _nonce(part: Part) -> bytes:
    """Different for each file of a rendering, whose key is used for nothing else."""
    return list(Part).index(part).to_bytes(12)


def _context(sheet: UUID, rendering: UUID) -> bytes:
    return b"sheet:" + sheet.bytes + rendering.bytes
