"""What a worker is started with, and messages between it and the pool: a head, then a body of its length.

    request   length (4 bytes) | JSON
    answer    kind (1) | resident memory in KiB (4) | length (4) | body

Lengths are checked against a bound before anything is read, on both sides.
"""

import json
import struct
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Final

REQUEST_HEAD: Final = struct.Struct(">I")
ANSWER_HEAD: Final = struct.Struct(">BII")
LARGEST_REQUEST: Final = 32 * 1024 * 1024
LARGEST_ANSWER: Final = 256 * 1024 * 1024


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


class Kind(IntEnum):
    """What an answer is."""

    DONE = 0
    """The body is the rendering."""
    REFUSED = 1
    """The body says why (UTF-8); the same request would be refused again."""
    PROGRESS = 2
    """The body is the number of pages that are prepared, in decimal; more answers follow."""


class BadFrame(Exception):
    """What came is no message of this protocol, or a message that is too long."""


@dataclass(frozen=True, slots=True)
class AnswerHead:
    """The head of an answer; `memory` in bytes."""

    kind: Kind
    memory: int
    length: int


def request(body: bytes) -> bytes:
    """A request as it goes over the pipe.

    Raises:
        BadFrame: it is too long.
    """
    return REQUEST_HEAD.pack(_bounded(len(body), LARGEST_REQUEST)) + body


def request_length(head: bytes) -> int:
    """The length of the body that follows the head of a request.

    Raises:
        BadFrame: it is too long.
    """
    return _bounded(REQUEST_HEAD.unpack(head)[0], LARGEST_REQUEST)


def answer(kind: Kind, memory: int, body: bytes) -> bytes:
    """An answer as it goes over the pipe; `memory` in bytes.

    Raises:
        BadFrame: it is too long.
    """
    return ANSWER_HEAD.pack(kind, memory // 1024, _bounded(len(body), LARGEST_ANSWER)) + body


def answer_head(head: bytes) -> AnswerHead:
    """The head of an answer.

    Raises:
        BadFrame: it is of no kind, or the answer is too long.
    """
    kind, kibibytes, length = ANSWER_HEAD.unpack(head)
    try:
        return AnswerHead(Kind(kind), kibibytes * 1024, _bounded(length, LARGEST_ANSWER))
    except ValueError:
        raise BadFrame(f"an answer of the unknown kind {kind}") from None


def _bounded(length: int, largest: int) -> int:
    if length > largest:
        raise BadFrame(f"a message of {length} bytes; the longest has {largest}")
    return length
