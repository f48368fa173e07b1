"""The entry of a stream: FastStream's binary message (version 1) beside flat, readable fields.

Any FastStream application reads `__data__` with its own Pydantic model; `redis-cli` shows `id`, `type`,
`key` and `prev`. Format of `__data__`: magic, version, offset of headers, offset of data (big-endian), count
of headers, length-prefixed ASCII headers, then the JSON body.
"""

from collections.abc import Mapping
from struct import Struct
from typing import NamedTuple, Self
from uuid import UUID

from mitra_shared.log.pages import LogEntry

MAGIC = b"\x89BIN\x0d\x0a\x1a\x0a"
VERSION = 1
_SHORT = Struct(">H")
_OFFSETS = Struct(">II")
_OFFSETS_AT = len(MAGIC) + _SHORT.size
_HEADERS_AT = _OFFSETS_AT + _OFFSETS.size

FIELDS = 5
"""Fields of an entry: `__data__`, `id`, `type`, `key`, `prev`."""


class NotOurEntry(Exception):
    """A stream entry that no relay of ours wrote: somebody else writes to the stream, or it is damaged."""


def _text(value: str) -> bytes:
    encoded = value.encode("ascii")
    return _SHORT.pack(len(encoded)) + encoded


def binary_message(headers: Mapping[str, str], body: bytes) -> bytes:
    """One message in FastStream's binary format.

    Raises:
        UnicodeEncodeError: a header is not ASCII (the format counts characters, not bytes).
    """
    packed = b"".join(_text(name) + _text(value) for name, value in headers.items())
    start = _HEADERS_AT + _SHORT.size + len(packed)
    return b"".join(
        (
            MAGIC,
            _SHORT.pack(VERSION),
            _OFFSETS.pack(_HEADERS_AT, start),
            _SHORT.pack(len(headers)),
            packed,
            body,
        )
    )


def body_of(message: bytes) -> bytes:
    """The JSON body of a binary message.

    Raises:
        NotOurEntry: not in the format.
    """
    if not message.startswith(MAGIC) or len(message) < _HEADERS_AT:
        raise NotOurEntry("__data__ is not a binary message")
    _, start = _OFFSETS.unpack_from(message, _OFFSETS_AT)
    return message[start:]


def entry_fields(entry: LogEntry) -> tuple[str, bytes, str, str, str, str]:
    """(stream id, `__data__`, `id`, `type`, `key`, `prev`) of a log entry."""
    event_id = str(entry.event_id)
    headers = {
        "content-type": "application/json",
        "correlation_id": event_id,
        "message_id": event_id,
        "type": entry.type,
    }
    if entry.traceparent:
        headers["traceparent"] = entry.traceparent
    return (
        entry.place.stream_id,
        binary_message(headers, entry.payload.encode()),
        event_id,
        entry.type,
        entry.key or "",
        str(entry.previous) if entry.previous else "",
    )


class StreamId(NamedTuple):
    """`<epoch>-<position>`; sorts like the stream."""

    epoch: int
    position: int

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read an id as Redis gives it."""
        epoch, _, position = raw.partition(b"-")
        return cls(int(epoch), int(position))

    def __str__(self) -> str:
        return f"{self.epoch}-{self.position}"


class Received(NamedTuple):
    """An entry as a consumer reads it."""

    id: StreamId
    event_id: UUID
    previous: UUID | None
    payload: bytes


def received(raw_id: bytes, fields: Mapping[bytes, bytes]) -> Received:
    """Read an entry of a stream.

    Raises:
        NotOurEntry: fields are missing or malformed.
    """
    try:
        previous = fields[b"prev"]
        return Received(
            StreamId.parse(raw_id),
            UUID(fields[b"id"].decode()),
            UUID(previous.decode()) if previous else None,
            body_of(fields[b"__data__"]),
        )
    except (KeyError, ValueError) as error:
        raise NotOurEntry(
            f"entry {raw_id.decode(errors='replace')} is not one of a relay: {error!r}"
        ) from error
