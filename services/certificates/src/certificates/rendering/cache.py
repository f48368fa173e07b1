"""Renderings that were made already: files of the service, bounded, and of no use to anybody else.

    key (certificate, language, kind) -> file name under a keyed hash -> AES-256-GCM -> bytes

Every process that opens a cache makes its own key and keeps it in memory only. So names are never at rest in
clear, and what an earlier process left behind is rubbish: it is wiped at the start.
"""

import hmac
import os
import shutil
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES: Final = 12
_OWNER_ONLY: Final = 0o700


@dataclass(frozen=True, slots=True)
class RenderingKey:
    """Which rendering: of which certificate, and what of it, e.g. `pdf:hi` or `png:en:1200`."""

    credential_id: UUID
    kind: str


class RenderingCache:
    """The most recently used renderings, up to a number of bytes. May be used from several threads.

    A directory belongs to one cache: whoever opens it last wipes what others keep there, who then miss.

    Attributes:
        failures: how often a rendering could not be written, for metrics.
    """

    def __init__(self, directory: Path, *, largest_bytes: int) -> None:
        """Wipe the directory and begin with an empty cache.

        Args:
            directory: made if it is not there; only its subdirectory `renderings` is touched.
            largest_bytes: of all entries together, as stored.
        """
        self._directory = directory / "renderings"
        self._largest = largest_bytes
        self._cipher = AESGCM(AESGCM.generate_key(bit_length=256))
        self._hash_key = os.urandom(32)
        self._sizes: OrderedDict[RenderingKey, int] = OrderedDict()
        self._total = 0
        self._forgotten = 0
        self.failures = 0
        self._lock = Lock()
        shutil.rmtree(self._directory, ignore_errors=True)
        self._directory.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)

    @property
    def total_bytes(self) -> int:
        """Bytes of all entries, as stored."""
        return self._total

    def get(self, key: RenderingKey) -> bytes | None:
        """The rendering, or None. A file that is damaged or gone counts as None."""
        with self._lock:
            if key not in self._sizes:
                return None
            self._sizes.move_to_end(key)
        try:
            stored = self._path(key).read_bytes()
            return self._cipher.decrypt(stored[:_NONCE_BYTES], stored[_NONCE_BYTES:], _context(key))
        except (OSError, InvalidTag, ValueError):
            self._drop([key])
            return None

    @property
    def generation(self) -> int:
        """Rises whenever something is forgotten: to be read before a rendering is made, for `put`."""
        return self._forgotten

    def put(self, key: RenderingKey, rendering: bytes, *, generation: int | None = None) -> None:
        """Keep a rendering; the least recently used ones make room. One that is too large is not kept.

        Args:
            key: which it is.
            rendering: its bytes.
            generation: what `generation` was before it was made; if anything has been forgotten since, it is
                not kept, because it could be just that.
        """
        nonce = os.urandom(_NONCE_BYTES)
        stored = nonce + self._cipher.encrypt(nonce, rendering, _context(key))
        if len(stored) > self._largest:
            return
        path = self._path(key)
        part = path.with_name(f"{path.name}.{os.urandom(8).hex()}.part")
        try:
            try:
                part.write_bytes(stored)
                with self._lock:
                    if generation in {None, self._forgotten}:
                        part.replace(path)
                        self._total += len(stored) - self._sizes.pop(key, 0)
                        self._sizes[key] = len(stored)
            finally:
                part.unlink(missing_ok=True)
        except OSError:
            # Wiped by another process, or no room: the rendering is good all the same.
            self.failures += 1
        self._drop(self._too_many())

    def forget(self, credential_id: UUID) -> int:
        """Remove all renderings of one certificate; returns how many there were."""
        with self._lock:
            self._forgotten += 1
            keys = [key for key in self._sizes if key.credential_id == credential_id]
        self._drop(keys)
        return len(keys)

    def _too_many(self) -> Iterator[RenderingKey]:
        with self._lock:
            excess, oldest = self._total - self._largest, []
            for key, size in self._sizes.items():
                if excess <= 0:
                    break
                excess -= size
                oldest.append(key)
        return iter(oldest)

    def _drop(self, keys: Iterator[RenderingKey] | list[RenderingKey]) -> None:
        for key in keys:
            with self._lock:
                if key in self._sizes:
                    self._total -= self._sizes.pop(key)
                    self._path(key).unlink(missing_ok=True)

    def _path(self, key: RenderingKey) -> Path:
        return self._directory / hmac.new(self._hash_key, _context(key), sha256).hexdigest()


def _context(key: RenderingKey) -> bytes:
    return key.credential_id.bytes + key.kind.encode()
