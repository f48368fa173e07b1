"""What a worker process does: answers one request after the other, and nothing else.

    python -m <module of the service> CONFIGURATION

It holds no key, no address and no connection: whatever odd input does to it stays here. The pool reads its
answers, and replaces it when it ends, hangs or grows.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

from mitra_shared.typesetting.compiling import NotSet
from mitra_shared.typesetting.frames import (
    REQUEST_HEAD,
    BadFrame,
    Configuration,
    Kind,
    answer,
    request_length,
)

_PR_SET_PDEATHSIG: Final = 1
_EXIT_POOL_GONE: Final = 70
_PAGE_SIZE: Final = os.sysconf("SC_PAGE_SIZE")

Tell = Callable[[int], None]
"""Called with the number of pages that are prepared."""
Making = Callable[[dict[str, Any], Tell], bytes]
"""What a request asks for; raises NotSet for what cannot be set, now or later."""


def serve(arguments: list[str], prepare: Callable[[Path, bool], Making]) -> None:
    """Answer requests from standard input until it ends.

    Args:
        arguments: those of the command line.
        prepare: given the templates and whether fonts of the system count, what answers requests.
    """
    configuration = Configuration(**json.loads(arguments[0]))
    _bind_to(configuration)
    # Whatever a library prints must not get among the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    make = prepare(Path(configuration.templates), configuration.system_fonts)

    def tell(prepared: int) -> None:
        _send(answers, Kind.PROGRESS, str(prepared).encode())

    for body in _requests(sys.stdin.buffer):
        try:
            made = make(json.loads(body), tell)
        except NotSet as refusal:
            _send(answers, Kind.REFUSED, str(refusal).encode())
        else:
            _send(answers, Kind.DONE, made)


def _bind_to(configuration: Configuration) -> None:
    """End with the pool, leave no image of memory (names are in it), and map no more than allowed."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != configuration.pool:
        sys.exit(_EXIT_POOL_GONE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the pool's business.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (configuration.address_space, configuration.address_space))


def _requests(source: BinaryIO) -> Iterator[bytes]:
    while head := source.read(REQUEST_HEAD.size):
        if len(head) < REQUEST_HEAD.size:
            raise BadFrame("the pool went away in the middle of a request")
        yield source.read(request_length(head))


def _send(answers: BinaryIO, kind: Kind, body: bytes) -> None:
    answers.write(answer(kind, _resident_bytes(), body))
    answers.flush()


def _resident_bytes() -> int:
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * _PAGE_SIZE
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
