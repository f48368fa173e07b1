"""`GET /v1/rollups/stream`: the live feed as server-sent events."""

import re
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Query
from sse_starlette import EventSourceResponse
from starlette.responses import Response

from mitra_shared.campaign.definition import Level
from mitra_shared.http.problems import problem_responses, wrong_field
from reporting.api.problems import FEED_FULL
from reporting.api.readers import Reader, seeing
from reporting.domain.access import Sight
from reporting.feed import Selection, TooManySubscribers

COME_BACK_SECONDS: Final = 5
_VERSION: Final = re.compile(r"[0-9]{1,18}")

router = APIRouter(prefix="/v1/rollups", tags=["rollups"])

_DESCRIPTION: Final = """
Server-sent events, each carrying whole areas with their newest counts:

- `snapshot`: all areas of the selection; forget what you had.
- `areas`: the areas that changed since, with those above them. Changes in between are left out.
- `freshness`: positions, time and lag, every three seconds; it has no id.
- `end`: the token has expired, or counts no longer (suspended, signed out, replaced).

The id of an event is the version up to which everything is included. Send it back as `Last-Event-ID`, as a
browser does, and the feed goes on with what changed since, or with a snapshot where that cannot be told.
"""


@router.get(
    "/stream",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {}}}, **problem_responses(401, 403, 404)},
    summary="Live feed",
    description=_DESCRIPTION,
)
async def get_stream(
    reads: Annotated[Reader, Depends(seeing(Sight.AGGREGATES))],
    level: Annotated[
        list[Level], Query(max_length=len(Level), description="Only these levels; may be repeated")
    ] = [*Level],  # noqa: B006 - FastAPI copies defaults
    parent: Annotated[str | None, Query(max_length=32, description="Only areas at or below this one")] = None,
    last_event_id: Annotated[str | None, Header(description="Id of the last event seen")] = None,
) -> Response:
    """Subscribe."""
    within = reads.within(parent)
    if last_event_id and not _VERSION.fullmatch(last_event_id):
        raise wrong_field(
            "Last-Event-ID", "is not an id of this feed", "the id of the last event, a whole number"
        )
    selection = Selection(reads.campaign, frozenset(level), within)
    try:
        events = reads.state.feed.subscribe(
            selection, int(last_event_id) if last_event_id else None, reads.still_valid
        )
    except TooManySubscribers as error:
        raise FEED_FULL(
            f"{error}; try again",
            headers={"Retry-After": str(COME_BACK_SECONDS)},
            retry_after=COME_BACK_SECONDS,
        ) from None
    return EventSourceResponse(events, ping=0, sep="\n", send_timeout=reads.state.feed.send_seconds)
