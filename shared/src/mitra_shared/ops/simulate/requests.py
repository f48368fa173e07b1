"""Requests of a simulated field app: bounded, retried with back-off, the same key again after a failure."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import cycle
from typing import Any, Final, NamedTuple

import aiohttp

from mitra_shared.database import backoff

ANSWER_SECONDS: Final = 30.0
GIVE_UP_AFTER: Final = 60
"""Attempts of one request: about two minutes of a service that is away."""

_AGAIN: Final = frozenset(
    {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT}
)


class GaveUp(Exception):
    """The service stayed away for too long."""


class Answered(NamedTuple):
    """An answer, and how often the request had to be sent again."""

    status: int
    body: Any
    retries: int


@dataclass(frozen=True, slots=True)
class FieldApp:
    """Sends requests to the enrolment apis in turn."""

    session: aiohttp.ClientSession
    urls: "cycle[str]"

    @classmethod
    def towards(cls, session: aiohttp.ClientSession, urls: Sequence[str]) -> "FieldApp":
        """A field app that spreads its requests over these base URLs."""
        return cls(session, cycle(urls))

    async def post(self, path: str, token: str, body: object, key: str | None = None) -> Answered:
        """POST until there is an answer that is one.

        Raises:
            GaveUp: no answer after many attempts.
        """
        data = json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = key
        reason = "no attempt"
        for attempt in range(GIVE_UP_AFTER):
            try:
                async with self.session.post(next(self.urls) + path, data=data, headers=headers) as answer:
                    raw = await answer.read()
                    if answer.status not in _AGAIN:
                        return Answered(answer.status, json.loads(raw), attempt)
                    reason = f"{answer.status}"
            except (aiohttp.ClientError, TimeoutError) as error:
                reason = type(error).__name__
            await asyncio.sleep(backoff(attempt, first=0.1))
        raise GaveUp(f"POST {path}: {reason} after {GIVE_UP_AFTER} attempts")


def session() -> aiohttp.ClientSession:
    """A session with bounded waits and as many connections as there are field apps."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS, connect=5),
    )
