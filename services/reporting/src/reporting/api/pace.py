"""`/v1/pace` and `/v1/flags`: whether areas will reach their targets, and what is out of the ordinary."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic_core import to_json
from starlette.responses import Response

from mitra_shared.campaign.definition import Level
from mitra_shared.http.problems import problem_responses
from reporting.api.naming import with_names
from reporting.api.readers import Reader, seeing
from reporting.domain.access import Sight
from reporting.pace_queries import Document, area_pace_answer, flags_answer, pace_answer
from reporting.pace_schemas import AreaPaceAnswer, FlagsAnswer, PaceAnswer

router = APIRouter(prefix="/v1", tags=["pace"], responses=problem_responses(401, 403, 404))

Reads = Annotated[Reader, Depends(seeing(Sight.AGGREGATES))]
Parent = Annotated[str | None, Query(max_length=32, description="Only areas at or below this one")]


@router.get("/pace", response_model=PaceAnswer, summary="Areas against their targets")
async def get_paces(
    reads: Reads,
    level: Annotated[Level, Query(description="Of this level")] = Level.CONSTITUENCY,
    parent: Parent = None,
) -> Response:
    """Present and needed pace, and when each target will be reached; the farthest behind first."""
    codes = reads.board.select(levels=(level,), within=reads.within(parent))
    return _answer(await pace_answer(reads.state.pacing, reads.board, codes))


@router.get("/pace/{area}", response_model=AreaPaceAnswer, summary="One area, day by day and ahead")
async def get_pace(
    reads: Reads, area: Annotated[str, Path(max_length=32, examples=["S11-PC04"])]
) -> Response:
    """The area's closed days, its pace, and the band in which it will go on."""
    return _answer(await area_pace_answer(reads.state.pacing, reads.board, reads.within(area)))


@router.get("/flags", response_model=FlagsAnswer, summary="What is out of the ordinary")
async def get_flags(reads: Reads, parent: Parent = None) -> Response:
    """For somebody to look at. Flags are questions: a camp enrols many in an hour too."""
    within = reads.within(parent)
    names_staff = Sight.STAFF in reads.sights
    flags = await flags_answer(
        reads.state.engine, reads.state.pacing, reads.board, within, names_staff=names_staff
    )
    return _answer(await with_names(reads, flags))


def _answer(document: Document) -> Response:
    return Response(
        to_json(document), headers={"Cache-Control": "private, no-store"}, media_type="application/json"
    )
