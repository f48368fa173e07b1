"""Replay: the producer's log over HTTP, when the stream cannot say what comes next."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple
from uuid import UUID

import httpx

from mitra_shared.consume.positions import Source, Standing
from mitra_shared.consume.reading import Run, item_of
from mitra_shared.relay.wire import Received, StreamId


class Diverged(Exception):
    """The group's standing is on a branch of the log that no longer exists."""


class LogUnreachable(Exception):
    """The log endpoint could not be asked: try again later."""


class Replayed(NamedTuple):
    """A page of the log: the run after a standing (maybe empty), and the head's position."""

    run: Run
    head: int


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
        page = answer.json()
        items = [
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
            for entry in page["entries"]
        ]
        return Replayed(Run(source, standing, items), page["position"])
