"""What can be seen of the streams in one look: their lengths and their two ends."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple, Self

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from mitra_shared.contracts.topics import PARTITIONS

Place = tuple[str, int]
"""A topic and one of its partitions."""

NO_SUCH_KEY: Final = "no such key"


def key_of(place: Place) -> str:
    """The Redis key of a stream, e.g. `enrolment.{3}`."""
    topic, partition = place
    return f"{topic}.{{{partition}}}"


def places(topics: Iterable[str]) -> list[Place]:
    """Every partition of these topics."""
    return [(topic, partition) for topic in topics for partition in range(PARTITIONS)]


class Tip(NamedTuple):
    """The first or last entry of a stream; ids of events as text, empty where there is none."""

    id: str
    epoch: int
    position: int
    event_id: str
    previous: str

    @classmethod
    def of(cls, entry: tuple[bytes, Mapping[bytes, bytes]]) -> Self:
        """Read an entry as Redis gives it, whoever wrote it."""
        raw, fields = entry
        epoch, _, position = raw.partition(b"-")
        texts = (fields.get(name, b"").decode(errors="replace") for name in (b"id", b"prev"))
        return cls(raw.decode(), int(epoch), int(position), *texts)


class StreamSeen(NamedTuple):
    """A stream at one moment. An absent one has no ends; `foreign` says that the key is no stream."""

    length: int
    first: Tip | None
    last: Tip | None
    foreign: bool = False


ABSENT: Final = StreamSeen(0, None, None)


async def look_at(redis: Redis, wanted: Iterable[Place]) -> dict[Place, StreamSeen]:
    """One look at these streams, in one round trip.

    Raises:
        RedisError, OSError: Redis is away.
    """
    ordered = list(wanted)
    async with redis.pipeline(transaction=False) as pipe:
        for place in ordered:
            pipe.xinfo_stream(key_of(place))
        answers = await pipe.execute(raise_on_error=False)
    return {place: _seen(answer) for place, answer in zip(ordered, answers, strict=True)}


def _seen(answer: Any) -> StreamSeen:
    if isinstance(answer, ResponseError):
        if NO_SUCH_KEY in str(answer):
            return ABSENT
        if "WRONGTYPE" in str(answer):
            return ABSENT._replace(foreign=True)
    if isinstance(answer, RedisError):
        raise answer
    first, last = answer["first-entry"], answer["last-entry"]
    return StreamSeen(answer["length"], Tip.of(first) if first else None, Tip.of(last) if last else None)
