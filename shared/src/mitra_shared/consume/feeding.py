"""Feeding: handlers are declared with FastStream and called by us, inside the transaction.

FastStream gives typing, dependency injection, middlewares and the AsyncAPI document; delivery is ours (see
`docs/decisions`). `process_message` is public by name but undocumented: FastStream is pinned, and
the tests of the spine feed real handlers through it.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Annotated, Any, TypeVar

from faststream import Context
from faststream.redis import RedisBroker, StreamSub
from faststream.redis.message import FAKE_CONSUMER, RedisStreamMessage

from mitra_shared.contracts.event import Event
from mitra_shared.contracts.topics import Topic
from mitra_shared.log.append import Place
from mitra_shared.log.unit_of_work import UnitOfWork

Handler = TypeVar("Handler", bound=Callable[..., Awaitable[None]])


@dataclass(slots=True)
class Feed:
    """The open transaction a batch is applied in, and where each of its events stands."""

    unit: UnitOfWork
    places: Sequence[Place]
    finished: bool = field(default=False, repr=False)


Delivery = Annotated[Feed, Context("delivery")]
"""Parameter of a handler: the `Feed` of its batch, events and places aligned, partitions ascending."""


class HandlerDidNotFinish(Exception):
    """FastStream returned without the handler having run to its end, so nothing may be committed."""


async def _as_given(message: Any, _original: object = None) -> RedisStreamMessage:
    return RedisStreamMessage(
        raw_message=message, body=message["data"], consumer=FAKE_CONSUMER, group=None, content_type=None
    )


async def _already_decoded(message: RedisStreamMessage, _original: object = None) -> Any:
    return message.body


def subscriber(broker: RedisBroker, topic: Topic) -> Callable[[Handler], Handler]:
    """Declare the handler of `topic`: `async def on(events: list[...], delivery: Delivery) -> None`."""
    declared = broker.subscriber(
        stream=StreamSub(topic.stream_pattern, batch=True),
        parser=_as_given,
        decoder=_already_decoded,
        title=topic.name,
    )

    def declare(handler: Handler) -> Handler:
        @wraps(handler)
        async def to_its_end(*arguments: Any, **named: Any) -> None:
            await handler(*arguments, **named)
            feed = next(value for value in (*arguments, *named.values()) if isinstance(value, Feed))
            feed.finished = True

        declared(to_its_end)
        _FEEDS[broker, topic] = declared
        return handler

    return declare


_FEEDS: dict[tuple[RedisBroker, Topic], Any] = {}


def declaring_broker() -> RedisBroker:
    """A broker to declare handlers on; it says about single batches only what is worth debugging."""
    return RedisBroker(log_level=logging.DEBUG)


async def prepare(broker: RedisBroker) -> None:
    """Make declared handlers ready to be fed. The broker is connected and never started: it reads nothing."""
    await broker.connect()
    for (owner, _), declared in _FEEDS.items():
        if owner is broker:
            declared.schema()


async def feed(broker: RedisBroker, topic: Topic, events: Sequence[Event], delivery: Feed) -> None:
    """Give a batch to the handler of `topic`, inside `delivery.unit`.

    Raises:
        HandlerDidNotFinish: a middleware swallowed an error.
        Exception: whatever the handler raised.
    """
    declared = _FEEDS[broker, topic]
    with broker.context.scope("delivery", delivery):
        await declared.process_message(
            {"type": "bstream", "channel": topic.name, "message_ids": [], "data": list(events)}
        )
    if not delivery.finished:
        raise HandlerDidNotFinish(topic.name)
