"""One worker as the pool sees it: a process with two pipes that is asked, measured and replaced."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from mitra_shared.typesetting.frames import ANSWER_HEAD, BadFrame, Configuration, Kind, answer_head, request

STOP_SECONDS: Final = 2.0
_KEPT_VARIABLES: Final = ("PATH", "LANG", "LC_ALL", "TZ", "HOME", "XDG_DATA_HOME", "LD_LIBRARY_PATH")
"""What finds programs and fonts. Addresses and keys of the service are not for a worker."""


class WorkerLost(Exception):
    """The worker ended, answered nonsense or took too long; the message says which."""


class Refused(Exception):
    """The worker is well and says why it cannot render this."""


class WorkerProcess:
    """A running worker. Not to be used by two tasks at a time.

    Attributes:
        memory: bytes it held after its last answer.
    """

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        requests: asyncio.StreamWriter,
        answers: asyncio.StreamReader,
    ) -> None:
        self._process, self._requests, self._answers = process, requests, answers
        self.memory = 0

    @classmethod
    async def start(
        cls, module: str, templates: Path, *, system_fonts: bool, address_space: int, threads: int
    ) -> "WorkerProcess":
        """Start a worker that runs `module`; it gets ready while its first request is on the way."""
        configuration = Configuration(str(templates), system_fonts, address_space, os.getpid())
        environment = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-m",
            module,
            configuration.to_json(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # A crash could print what it worked on, and that is a name.
            stderr=asyncio.subprocess.DEVNULL,
            env={**environment, "RAYON_NUM_THREADS": str(threads)},
        )
        if process.stdin is None or process.stdout is None:
            raise WorkerLost("the worker was started without pipes")
        return cls(process, process.stdin, process.stdout)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def ask(self, body: bytes, tell: Callable[[int], None]) -> bytes:
        """The rendering that `body` asks for.

        Args:
            body: JSON of the request.
            tell: called with the number of pages that are prepared.

        Raises:
            Refused: it cannot be rendered.
            WorkerLost: the worker is to be replaced.
            BadFrame: the request is too long.
        """
        message = request(body)
        try:
            self._requests.write(message)
            await self._requests.drain()
            while True:
                head = answer_head(await self._answers.readexactly(ANSWER_HEAD.size))
                said = await self._answers.readexactly(head.length)
                self.memory = head.memory
                match head.kind:
                    case Kind.DONE:
                        return said
                    case Kind.REFUSED:
                        raise Refused(said.decode())
                    case Kind.PROGRESS:
                        tell(int(said))
        except (asyncio.IncompleteReadError, ConnectionError):
            raise WorkerLost(f"the worker {await self._end()}") from None
        except (BadFrame, ValueError) as error:
            raise WorkerLost(f"the worker answered what is no answer: {error}") from None

    async def _end(self) -> str:
        try:
            code = await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
        except TimeoutError:
            return "closed its pipe"
        return f"ended by signal {-code}" if code < 0 else f"ended with exit code {code}"

    async def kill(self) -> None:
        """End it at once and collect it."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def stop(self) -> None:
        """Let it end by itself, or kill it after a while."""
        self._requests.close()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
        except TimeoutError:
            await self.kill()
