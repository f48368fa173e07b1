"""Replay: the producer's log over HTTP, when the stream cannot say what comes next."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

import httpx
from pydantic import TypeAdapter, ValidationError

from mitra_shared.consume.positions import Source, Standing
from mitra_shared.consume.reading import Item, Run, item_of
from mitra_shared.contracts.codec import EVENTS_OF, UnreadableEvent
from mitra_shared.contracts.event import Event
from mitra_shared.contracts.topics import Topic
from mitra_shared.ids import Epoch, Position
from mitra_shared.relay.wire import Received, StreamId

EventT = TypeVar("EventT")


class Diverged(Exception):
    """The group's standing is on a branch of the log that no longer exists."""


class LogUnreachable(Exception):
    """The log endpoint could not be asked: try again later."""


class Replayed(NamedTuple):
    """A page of the log: the run after a standing (maybe empty), and the head's position."""

    run: Run
    head: int


class Told(NamedTuple):
    """An event where it stands in its partition; the error, if it cannot be read."""

    epoch: Epoch
    position: Position
    event: Event | UnreadableEvent


class Counting(NamedTuple):
    """A page of the log: what follows a standing (maybe nothing), the standing after it, and the head."""

    entries: list[Told]
    reached: Standing
    head: Position


class LogClient:
    """Asks the services that own logs.

    Args:
        urls: base URL of the service that keeps each topic.
        token: this service's bearer token.
        transport: how to reach them, if not over the network.
    """

    def __init__(
        self, urls: Mapping[str, str], token: str, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._urls = urls
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(10, connect=3),
            transport=transport,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def after(self, source: Source, standing: Standing, limit: int) -> Replayed:
        """The entries after a standing.

        Raises:
            Diverged: the standing is on a lost branch.
            LogUnreachable: no answer, or not one of a log.
        """
        page = (await self._asked(source, standing, limit)).json()
        return Replayed(Run(source, standing, _items(source, page["entries"])), page["position"])

    async def events_after(self, source: Source, standing: Standing, limit: int) -> Counting:
        """The same for whoever needs nothing but the events, in half the time.

        Raises:
            Diverged: the standing is on a lost branch.
            LogUnreachable: no answer, or not one of a log.
        """
        answer = await self._asked(source, standing, limit)
        try:
            page = _page_of(source.topic).validate_json(answer.content)
        except ValidationError:
            # One of them cannot be read, so each by itself.
            told = answer.json()
            run = Run(source, standing, _items(source, told["entries"]))
            entries = [Told(item.place.epoch, item.place.position, item.event) for item in run.items]
            return Counting(entries, run.reached if entries else standing, told["position"])
        entries = [Told(entry.epoch, entry.position, entry.payload) for entry in page.entries]
        if not entries:
            return Counting(entries, standing, page.position)
        last = page.entries[-1]
        reached = Standing(last.epoch, last.position, last.event_id, last.payload.at)
        return Counting(entries, reached, page.position)

    async def _asked(self, source: Source, standing: Standing, limit: int) -> httpx.Response:
        url = f"{self._urls[source.topic.name]}/v1/log/{source.topic.name}/{source.partition}"
        query = {"after": standing.stream_id, "limit": str(limit)}
        if standing.event_id is not None:
            query["event_id"] = str(standing.event_id)
        try:
            answer = await self._client.get(url, params=query)
        except httpx.HTTPError as error:
            raise LogUnreachable(f"{source.stream}: {type(error).__name__} at the log endpoint") from error
        if answer.status_code == HTTPStatus.CONFLICT:
            raise Diverged(answer.json()["detail"])
        if answer.status_code != HTTPStatus.OK:
            raise LogUnreachable(f"{source.stream}: the log endpoint answered {answer.status_code}")
        return answer


def _items(source: Source, entries: Iterable[Any]) -> list[Item]:
    return [
        item_of(
            source.topic,
            source,
            Received(
                StreamId(entry["epoch"], entry["position"]),
                UUID(entry["event_id"]),
                UUID(entry["previous"]) if entry["previous"] else None,
                json.dumps(entry["payload"]).encode(),
            ),
        )
        for entry in entries
    ]


@dataclass(slots=True)
class _Entry(Generic[EventT]):
    epoch: Epoch
    position: Position
    event_id: UUID
    payload: EventT


@dataclass(slots=True)
class _Page(Generic[EventT]):
    position: Position
    entries: list[_Entry[EventT]]


@cache
def _page_of(topic: Topic) -> TypeAdapter[_Page[Event]]:
    page: Any = _Page
    return TypeAdapter(page[EVENTS_OF[topic.name]])
