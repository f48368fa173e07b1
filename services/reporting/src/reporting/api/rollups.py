"""`/v1/rollups`: the counts of areas, live ones and those of closed days."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from pydantic_core import to_json
from starlette.responses import Response

from mitra_shared.campaign.definition import Level
from mitra_shared.http.problems import problem_responses
from reporting.api.days import Day, asked_range
from reporting.api.readers import Reader, seeing, seeing_once_included, token_caller
from reporting.api.ready import question, rendered
from reporting.api.state import Reading
from reporting.domain.access import Sight
from reporting.domain.days import day_of
from reporting.queries import days_answer, moment, rollup_answer, rollups_answer
from reporting.schemas import DaysAnswer, RollupAnswer, RollupsAnswer, Sort

MOST_DAYS: Final = 366
"""Days of one answer."""
USUAL_DAYS: Final = 7

router = APIRouter(prefix="/v1/rollups", tags=["rollups"], responses=problem_responses(401, 403, 404))

Reads = Annotated[Reader, Depends(seeing(Sight.AGGREGATES))]
ReadsIncluded = Annotated[Reader, Depends(seeing_once_included(Sight.AGGREGATES))]
Area = Annotated[str, Path(max_length=32, examples=["S11-PC04"])]
IfNoneMatch = Annotated[str | None, Header(description="The ETag of an earlier answer")]
Parent = Annotated[str | None, Query(max_length=32, description="Only areas at or below this one")]


@router.get("", response_model=RollupsAnswer, summary="Areas of one level")
async def get_rollups(
    request: Request,
    reads: ReadsIncluded,
    level: Annotated[
        Level | None, Query(description="Default: the level below `parent`; constituency")
    ] = None,
    parent: Parent = None,
    sort: Sort = "code",
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Live counts against targets and quotas, with the positions they include and how far they are behind."""
    within = reads.within(parent)
    level = level or usual_level(reads, parent)
    document = rollups_answer(
        reads.state.mirror, reads.state.lag, reads.board, level=level, within=within, sort=sort
    )
    answer = rendered(document)
    made = moment(reads.state.mirror, reads.state.lag)
    reads.state.ready.keep(made, question(request, reads.caller), answer)
    return answer.response(if_none_match)


def usual_level(reads: Reader, parent: str | None) -> Level:
    """The level that is listed where none is asked for: that below `parent`, or constituencies."""
    if parent is None:
        return Level.CONSTITUENCY
    levels = tuple(Level)
    above = levels.index(reads.board.definition.by_code[reads.within(parent)].level)
    return levels[min(above + 1, len(levels) - 1)]


@router.get("/{area}", response_model=RollupAnswer, summary="One area and its parts")
async def get_rollup(
    reads: ReadsIncluded,
    area: Area,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """The area with its live counts, and the areas directly below it."""
    code = reads.within(area)
    document = rollup_answer(reads.state.mirror, reads.state.lag, reads.board, code)
    return rendered(document).response(if_none_match)


def remembered(request: Request) -> Response | None:
    """The answer to `GET /v1/rollups`, where one was made a moment ago for the same question.

    Raises:
        Problem: 401.
    """
    caller, _ = token_caller(request)
    state: Reading = request.app.state.reading
    answer = state.ready.find(moment(state.mirror, state.lag), question(request, caller))
    return None if answer is None else answer.response(request.headers.get("if-none-match"))


@router.get("/{area}/days", response_model=DaysAnswer, summary="An area day by day")
async def get_days(
    reads: Reads,
    area: Area,
    first: Annotated[Day, Query(alias="from", description="Default: a week back")] = None,
    last: Annotated[Day, Query(alias="to", description="Default: today (IST)")] = None,
) -> Response:
    """Figures per day in India.

    Withdrawals, bases, revocations and schemes are shown for closed days only and from 10 people up; a figure
    that is not shown is null and says why.
    """
    code = reads.within(area)
    now = reads.state.now()
    asked = asked_range(first, last, today=day_of(now), usual=USUAL_DAYS, most=MOST_DAYS)
    document = await days_answer(
        reads.state.engine, reads.state.mirror, reads.state.lag, reads.board, code, days=asked.days, now=now
    )
    return Response(
        to_json(document), headers={"Cache-Control": "private, no-store"}, media_type="application/json"
    )
