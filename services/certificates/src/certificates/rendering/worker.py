"""A worker: a process with a warm typesetter that renders one request after the other, and nothing else.

    python -m certificates.rendering.worker CONFIGURATION

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
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from certificates.rendering.code import TooMuchForACode
from certificates.rendering.frames import REQUEST_HEAD, BadFrame, Kind, answer, request_length
from certificates.rendering.names import NothingToShow
from certificates.rendering.page import Page, certificate_data
from certificates.rendering.typesetter import NotSet, Typesetter

PROGRESS_PAGES: Final = 50
_PR_SET_PDEATHSIG: Final = 1
_EXIT_POOL_GONE: Final = 70
_PAGE_SIZE: Final = os.sysconf("SC_PAGE_SIZE")

Tell = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a worker is started with.

    Attributes:
        templates: directory of the templates.
        system_fonts: whether fonts beyond those of the wheels count.
        address_space: bytes it may map at most, its hard bound.
        pool: process id of the pool.
    """

    templates: str
    system_fonts: bool
    address_space: int
    pool: int

    def to_json(self) -> str:
        """As it is passed on the command line."""
        return json.dumps(asdict(self))


def main(arguments: list[str]) -> None:
    """Answer requests from standard input until it ends."""
    configuration = Configuration(**json.loads(arguments[0]))
    _bind_to(configuration)
    # Whatever a library prints must not get among the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    typesetter = Typesetter(Path(configuration.templates), system_fonts=configuration.system_fonts)
    for body in _requests(sys.stdin.buffer):
        request = json.loads(body)

        def tell(prepared: int) -> None:
            _send(answers, Kind.PROGRESS, str(prepared).encode())

        try:
            made = rendered(typesetter, request, tell)
        except (NotSet, NothingToShow, TooMuchForACode) as refusal:
            _send(answers, Kind.REFUSED, str(refusal).encode())
        else:
            _send(answers, Kind.DONE, made)


def rendered(typesetter: Typesetter, request: dict[str, Any], tell: Tell) -> bytes:
    """What a request asks for.

    Raises:
        NotSet, NothingToShow, TooMuchForACode: it cannot be rendered, now or later.
    """
    match request:
        case {"make": "pdf", "page": page, "language": language}:
            return typesetter.pdf(Page.from_data(page), language)
        case {"make": "png", "page": page, "language": language, "width": width}:
            return typesetter.png(Page.from_data(page), language, width)
        case {"make": "sheet", "pages": pages, "title": title, "made_at": made_at}:
            certificates = []
            for count, (page, language) in enumerate(pages, start=1):
                certificates.append(certificate_data(Page.from_data(page), language))
                if count % PROGRESS_PAGES == 0:
                    tell(count)
            return typesetter.sheet(certificates, title=title, made_at=datetime.fromisoformat(made_at))
        case {"make": "manifest", "data": data, "made_at": made_at}:
            return typesetter.manifest(data, made_at=datetime.fromisoformat(made_at))
        case _:
            raise NotSet(f"there is no rendering of the kind {request.get('make')!r}")


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


if __name__ == "__main__":
    main(sys.argv[1:])
