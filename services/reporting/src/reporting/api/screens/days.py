"""The page of an area's single days: what may be shown of each, hidden figures as hidden."""

from datetime import timedelta
from typing import Any, Final

from mitra_shared.campaign.definition import Level
from mitra_shared.ids import AreaCode
from reporting.api.readers import Reader
from reporting.api.screens.at_hand import if_at_hand
from reporting.api.screens.trail import trail
from reporting.domain.days import day_of
from reporting.queries import Document, days_answer, freshness

DAYS: Final = 7
FIGURES: Final = {
    "enrolled": "enrolled",
    "withdrawn": "withdrawn",
    "beneficiaries": "beneficiaries",
    "admirers": "admirers",
    "certificates_promoted": "promoted",
    "certificates_revoked": "revoked",
    "opinions": "sheets",
    "contacts_attempted": "contacts",
    "contacts_reached": "reached",
    "meetings_held": "meetings",
    "people_met": "people_met",
    "programmes_attendance": "attendance",
}
"""Figures of a day, each with the key of its words."""
SCHEMES: Final = {"schemes": "", "schemes_added": "added", "schemes_removed": "removed"}
"""What is told of schemes, each with the key of the words that stand beside the name."""


async def days_screen(reader: Reader, code: AreaCode) -> dict[str, Any]:
    """What `days.html` is filled with."""
    state, board = reader.state, reader.board
    now = state.now()
    days = [day_of(now) - timedelta(days=back) for back in range(DAYS)]
    answer = await if_at_hand(
        days_answer(state.engine, state.mirror, state.lag, board, code, days=days, now=now)
    )
    summary = board.rollup(code)
    return {
        "summary": summary,
        "trail": trail(reader, code),
        "days": None if answer is None else answer["days"],
        "figures": {
            field: words
            for field, words in FIGURES.items()
            if field != "programmes_attendance" or summary.area.level is not Level.SEGMENT
        },
        "schemes": [] if answer is None else _schemes(reader, answer),
        "topics": [] if answer is None else _topics(reader, answer),
        "number": DAYS,
        "freshness": freshness(state.mirror, state.lag),
        "as_of": state.mirror.as_of,
    }


def _schemes(reader: Reader, answer: Document) -> list[tuple[Any, str, list[Document | None]]]:
    """Each scheme with its figure on every day, as far as one of them may be shown; then its corrections."""
    rows = []
    for scheme in reader.board.definition.schemes:
        for field, words in SCHEMES.items():
            figures = [day[field].get(scheme.code) for day in answer["days"]]
            if any(figure and figure["value"] for figure in figures):
                rows.append((scheme.name, words, figures))
    return rows


def _topics(reader: Reader, answer: Document) -> list[tuple[Any, list[Document | None]]]:
    """Each topic of programmes with its figure on every day, as far as one of them may be shown."""
    rows = []
    for topic in reader.board.definition.topics:
        figures = [day["topics"].get(topic.id) for day in answer["days"]]
        if any(figure and figure["value"] for figure in figures):
            rows.append((topic.name, figures))
    return rows
