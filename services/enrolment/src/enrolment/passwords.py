"""Hashes and checks passwords with argon2id, in threads of its own: a check takes 0.1 s and 64 MiB.

The pool is small and so is its queue. Who finds both full is told so at once, and the event loop is never
held up.
"""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from enrolment.domain.passwords import PasswordCost, normal_password

Result = TypeVar("Result")

WAITING_PER_THREAD: Final = 8


class PasswordsBusy(Exception):
    """As many passwords are being checked, and wait to be, as there is room for."""


class Passwords:
    """The pool."""

    def __init__(self, cost: PasswordCost, *, threads: int = 2, waiting: int | None = None) -> None:
        self._hash = PasswordHash(
            (Argon2Hasher(time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=1),)
        )
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="passwords")
        self._room = threads + (WAITING_PER_THREAD * threads if waiting is None else waiting)
        self._nobodys = self._hash.hash(os.urandom(16).hex())

    async def hash(self, password: str) -> str:
        """The hash to keep.

        Raises:
            PasswordsBusy: no room.
        """
        normal = normal_password(password)
        return await self._run(lambda: self._hash.hash(normal))

    async def check(self, password: str, kept: str | None) -> tuple[bool, str | None]:
        """Whether the password is that of the hash, and a better hash to keep from now on, if there is one.

        With None it takes as long, and the answer is no.

        Raises:
            PasswordsBusy: no room.
        """
        normal = normal_password(password)
        right, better = await self._run(lambda: self._hash.verify_and_update(normal, kept or self._nobodys))
        return (False, None) if kept is None else (right, better)

    async def _run(self, work: Callable[[], Result]) -> Result:
        if self._room == 0:
            raise PasswordsBusy
        self._room -= 1
        future = self._threads.submit(work)
        # Room is free when the thread is, not when a caller who hung up stops waiting.
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _done: loop.call_soon_threadsafe(self._free))
        return await asyncio.wrap_future(future)

    def _free(self) -> None:
        self._room += 1

    def close(self) -> None:
        """Begin nothing more, and let go of what waits."""
        self._threads.shutdown(wait=False, cancel_futures=True)
