"""The page of one's own numbers, and of the progress of the whole campaign, which all staff see."""

from datetime import date, timedelta
from typing import Any, Final

from mitra_shared.campaign.definition import Level
from reporting.api.readers import Reader
from reporting.api.screens.at_hand import if_at_hand
from reporting.domain.days import day_of
from reporting.queries import fieldwork_document, freshness
from reporting.storage.recruiters import RecruiterCounts, read_recruiters

DAYS: Final = 7


async def own_screen(reader: Reader) -> dict[str, Any]:
    """What `own.html` is filled with."""
    state, board = reader.state, reader.board
    today = day_of(state.now())
    days = [today - timedelta(days=back) for back in range(DAYS)]
    counts = await if_at_hand(_own(reader, days[-1], today))
    return {
        "nation": board.rollup(board.root.code),
        "counts": counts,
        "days": days,
        "fieldwork": {}
        if counts is None
        else {day: fieldwork_document(counts.fieldwork_by_day.get(day)) for day in days},
        "segments": []
        if counts is None
        else [(board.definition.by_code[code], people) for code, people in sorted(counts.segments.items())],
        "freshness": freshness(state.mirror, state.lag),
        "as_of": state.mirror.as_of,
    }


async def _own(reader: Reader, first: date, last: date) -> RecruiterCounts:
    segments = reader.board.select(levels=(Level.SEGMENT,), within=reader.root)
    async with reader.state.engine.connect() as connection:
        (counts,) = await read_recruiters(
            connection, reader.campaign, segments, first=first, last=last, only=reader.caller.subject
        )
    return counts
