"""`/`: the page of live progress. What it shows depends on what its reader may read."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from mitra_shared.campaign.definition import Level, Slug
from mitra_shared.http.problems import Problem
from reporting.api.problems import CAMPAIGN_UNKNOWN
from reporting.api.readers import Reader, reader_of
from reporting.api.state import Reading, reading
from reporting.domain.access import Sight
from reporting.domain.board import Rollup
from reporting.pages.words import EVIDENCE_WORDS, clock, indian, percent
from reporting.queries import freshness

PAGES: Final = Path(__file__).parent.parent / "pages"
STATIC: Final = PAGES / "static"
UNAUTHORIZED: Final = 401

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_templates: Final = Environment(
    loader=FileSystemLoader(PAGES / "templates"), autoescape=True, undefined=StrictUndefined,
    trim_blocks=True, lstrip_blocks=True,
)  # fmt: skip
_templates.filters |= {"indian": indian, "clock": clock}
_templates.globals |= {"percent": percent, "evidence_words": EVIDENCE_WORDS}

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Group:
    """Cards under one heading."""

    heading: Rollup
    cards: list[Rollup]


def groups_of(reader: Reader) -> list[Group]:
    """What the reader's page lists: constituencies by state, or the segments of one constituency."""
    board = reader.board
    top = board.definition.by_code[reader.root].level
    heading, card = (
        (Level.CONSTITUENCY, Level.SEGMENT)
        if top is Level.CONSTITUENCY
        else (Level.STATE, Level.CONSTITUENCY)
    )
    return [
        Group(
            board.rollup(code),
            [board.rollup(part) for part in board.select(levels=(card,), within=code)],
        )
        for code in board.select(levels=(heading,), within=reader.root)
    ]


@router.get("/")
async def page(
    request: Request,
    state: Annotated[Reading, Depends(reading)],
    campaign: Annotated[Slug | None, Query()] = None,
) -> Response:
    """The page, or a way to sign in."""
    try:
        reader = reader_of(request, state, campaign)
        reader.needs(Sight.AGGREGATES)
    except Problem as problem:
        if problem.status == UNAUTHORIZED:
            return _html("sign_in.html", refused=problem.extensions.get("reason"))
        waiting = problem.type_slug == CAMPAIGN_UNKNOWN.slug and campaign is None and not state.mirror.boards
        choices = sorted(state.mirror.boards) if campaign is None else []
        return _html("notice.html", status=problem.status, problem=problem, waiting=waiting, choices=choices)
    return _html("board.html", **_content(reader))


def _content(reader: Reader) -> dict[str, Any]:
    state, definition = reader.state, reader.board.definition
    groups = groups_of(reader)
    levels = sorted({reader.board.rollup(reader.root).area.level, *(g.heading.area.level for g in groups)})
    levels += sorted({card.area.level for group in groups for card in group.cards})
    return {
        "campaign": definition,
        "summary": reader.board.rollup(reader.root),
        "groups": groups,
        "evidence": {
            mark: sum(c.area.evidence is mark for g in groups for c in g.cards) for mark in EVIDENCE_WORDS
        },
        "readings": definition.goals,
        "stream": f"/v1/rollups/stream?campaign={definition.id}"
        + "".join(f"&level={level}" for level in levels),
        "freshness": freshness(state.mirror, state.lag),
        "as_of": state.mirror.as_of,
        "caller": reader.caller,
    }


def _html(template: str, *, status: int = 200, **content: Any) -> Response:
    return HTMLResponse(_templates.get_template(template).render(content), status, _HEADERS)
