"""Answers that are ready: many who ask the same within a moment cost one rendering.

The route of `GET /v1/rollups` keeps what it made; `remembered` gives it to whoever asks the same and may read
the same. A token is verified every time, and what is not ready goes the whole way through the route.
"""

import asyncio
from typing import Final, NamedTuple
from zlib import crc32

from fastapi import Request
from pydantic_core import to_json
from starlette.responses import Response

from mitra_shared.ids import AreaCode, CampaignId
from mitra_shared.security.tokens import Caller, Role
from reporting.queries import Document, Moment

KEPT_SECONDS: Final = 0.1
"""Time and lag in an answer are never older than this."""
MOST_ANSWERS: Final = 128
"""Different ones; some 50 kB each."""


class Question(NamedTuple):
    """What an answer depends on: the query as it came, and what `domain.access.reach` asks of a caller."""

    role: Role
    campaign: CampaignId | None
    area: AreaCode | None
    query: bytes


def question(request: Request, caller: Caller) -> Question:
    """What `caller` asks."""
    return Question(caller.role, caller.campaign, caller.area, request.scope["query_string"])


class Rendered(NamedTuple):
    """An answer as it goes over the wire."""

    body: bytes
    etag: str

    def response(self, if_none_match: str | None) -> Response:
        """The answer, or 304 where the caller has the same counts, positions and lag."""
        headers = {"ETag": self.etag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}
        if if_none_match is not None and self.etag in (tag.strip() for tag in if_none_match.split(",")):
            return Response(status_code=304, headers=headers)
        return Response(self.body, headers=headers, media_type="application/json")


def rendered(document: Document) -> Rendered:
    """A document with its lag as an answer."""
    lag = document["lag"]
    same = crc32(to_json([document["positions"], lag["events"], lag["reason"], document["trouble"]]))
    return Rendered(to_json(document), f'W/"{document["version"]}.{same:08x}"')


class ReadyAnswers:
    """The answers of one moment, each for `kept_seconds`."""

    def __init__(self, kept_seconds: float = KEPT_SECONDS) -> None:
        self._kept = kept_seconds
        self._moment: Moment = ()
        self._answers: dict[Question, tuple[Rendered, float]] = {}

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._answers)

    def keep(self, now: Moment, asked: Question, answer: Rendered) -> None:
        """Keep what was made just now."""
        if now != self._moment or len(self._answers) >= MOST_ANSWERS:
            self._moment, self._answers = now, {}
        self._answers[asked] = (answer, asyncio.get_running_loop().time() + self._kept)

    def find(self, now: Moment, asked: Question) -> Rendered | None:
        """The answer, if there is one of this moment that is fresh."""
        if now != self._moment:
            return None
        found = self._answers.get(asked)
        if found is None or asyncio.get_running_loop().time() > found[1]:
            return None
        return found[0]
