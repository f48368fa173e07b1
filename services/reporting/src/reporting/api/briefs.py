"""`/v1/briefs`: one page of an area, to take to a meeting."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response
from structlog import get_logger

from mitra_shared.campaign.definition import Language
from mitra_shared.http.problems import problem_responses, unavailable, wrong_field
from mitra_shared.typesetting.pool import PoolBusy, PoolClosed, RenderFailed
from reporting.api.problems import BRIEF_NOT_SET
from reporting.api.readers import Reader, seeing_once_included
from reporting.briefs.content import BRIEF_LEVELS, Sources, brief_data
from reporting.briefs.words import brief_words
from reporting.domain.access import Sight

log = get_logger(__name__)

_PDF: Final = "application/pdf"
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "PDF/A-2a and PDF/UA-1, one page A4",
        "content": {_PDF: {"schema": {"type": "string", "format": "binary"}}},
    },
    **problem_responses(401, 403, 404, 422, 500, 503),
}

router = APIRouter(prefix="/v1/briefs", tags=["briefs"])


@router.get("/{area}.pdf", summary="The brief of an area", response_class=Response, responses=_RESPONSES)
async def get_brief(
    reads: Annotated[Reader, Depends(seeing_once_included(Sight.AGGREGATES))],
    area: Annotated[str, Path(max_length=32, examples=["S11-PC04"])],
    language: Annotated[Language, Query(description="Of the words; figures are the same")] = "en",
) -> Response:
    """Progress, pace, forecast, certificates, the areas below, opinions, and what to look at, on one page."""
    code, state = reads.within(area), reads.state
    level = reads.board.definition.by_code[code].level
    if level not in BRIEF_LEVELS:
        raise wrong_field("area", f"is a {level}", f"a {', a '.join(BRIEF_LEVELS)}")
    as_of = state.mirror.as_of
    sources = Sources(state.engine, state.mirror, state.lag, state.pacing, reads.board)
    data = await brief_data(sources, code, brief_words(language))
    try:
        made = await state.briefs.pdf(data, as_of)
    except (PoolBusy, PoolClosed) as error:
        raise unavailable(f"Briefs are being set for others: {error}") from None
    except RenderFailed as error:
        log.warning("a brief cannot be set", area=code, language=language, why=str(error))
        raise BRIEF_NOT_SET(f"The brief of {code} cannot be set: {error}") from None
    name = f"mitra-{reads.campaign}-brief-{code}-{language}-{data['made_on']}.pdf"
    headers = {
        "Content-Disposition": f'inline; filename="{name}"',
        "Content-Language": language,
        "Cache-Control": "private, no-store",
    }
    return Response(made, headers=headers, media_type=_PDF)
