"""`/v1/rounds`: people reached and due of every round of contact, open or closed."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic_core import to_json
from starlette.responses import Response

from mitra_shared.campaign.definition import Level
from mitra_shared.http.problems import problem_responses
from reporting.api.readers import Reader, seeing_once_included
from reporting.api.rollups import Parent, usual_level
from reporting.contact_queries import contacts_answer
from reporting.contact_schemas import ContactRoundsAnswer
from reporting.domain.access import Sight
from reporting.domain.days import day_of
from reporting.queries import freshness

router = APIRouter(prefix="/v1/rounds", tags=["rounds"], responses=problem_responses(401, 403, 404))


@router.get("", response_model=ContactRoundsAnswer, summary="Rounds of contact by area")
async def get_contact_rounds(
    reads: Annotated[Reader, Depends(seeing_once_included(Sight.AGGREGATES))],
    level: Annotated[
        Level | None, Query(description="Default: the level below `parent`; constituency")
    ] = None,
    parent: Parent = None,
) -> Response:
    """Contacts of each round in the areas of a level. The round that is open stands in `/v1/rollups` too."""
    within = reads.within(parent)
    told = freshness(reads.state.mirror, reads.state.lag)
    document = await contacts_answer(
        reads.state.engine,
        reads.board,
        level=level or usual_level(reads, parent),
        within=within,
        today=day_of(reads.state.now()),
    )
    return Response(
        to_json({**told, **document}),
        headers={"Cache-Control": "private, no-store"},
        media_type="application/json",
    )
