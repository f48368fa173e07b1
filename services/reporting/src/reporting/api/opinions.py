"""`/v1/opinions`: what was released of the anonymous answers."""

from typing import Annotated
from zlib import crc32

from fastapi import APIRouter, Depends, Header, Path, Query
from pydantic_core import to_json
from starlette.responses import Response

from mitra_shared.campaign.definition import Level
from mitra_shared.http.problems import problem_responses, wrong_field
from mitra_shared.ids import AreaCode
from reporting.api.problems import ROUND_UNKNOWN
from reporting.api.readers import Reader, seeing
from reporting.domain.access import Sight
from reporting.opinion_queries import (
    Document,
    UnknownQuestion,
    UnknownRelease,
    UnknownRound,
    opinions_answer,
    rounds_answer,
)
from reporting.opinion_schemas import OpinionsAnswer, RoundsAnswer

router = APIRouter(prefix="/v1/opinions", tags=["opinions"], responses=problem_responses(401, 403, 404))

Reads = Annotated[Reader, Depends(seeing(Sight.AGGREGATES))]
IfNoneMatch = Annotated[str | None, Header(description="The ETag of an earlier answer")]


@router.get("", response_model=RoundsAnswer, summary="Rounds, questions and releases")
async def get_rounds(reads: Reads, if_none_match: IfNoneMatch = None) -> Response:
    """What is asked, and what has been released so far."""
    return _answer(await rounds_answer(reads.state.engine, reads.board), if_none_match)


@router.get("/{round}", response_model=OpinionsAnswer, summary="Released answers of a round")
async def get_opinions(
    reads: Reads,
    round_id: Annotated[str, Path(alias="round", max_length=63, examples=["round-1"])],
    area: Annotated[
        str | None, Query(max_length=32, description="This area and its parts; default: all you may read")
    ] = None,
    question: Annotated[str | None, Query(max_length=63, description="Only this question")] = None,
    release: Annotated[
        int | None, Query(ge=1, le=1_000_000, description="As it was then; default: the newest")
    ] = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Counts and shares of the answers to each question.

    Counts are sums of blocks of at least ten answers that are not too much alike, each rounded at random to a
    multiple of three; a figure that is not shown is null and says why. A release never changes.
    """
    document = await asked_opinions(reads, round_id, reads.within(area), question=question, release=release)
    return _answer(document, if_none_match)


async def asked_opinions(
    reads: Reader,
    round_id: str,
    area: AreaCode,
    *,
    question: str | None,
    release: int | None,
    level: Level | None = None,
) -> Document:
    """The released answers asked for.

    Raises:
        Problem: 404 or 422, with what there is.
    """
    try:
        return await opinions_answer(
            reads.state.engine, reads.board, round_id, area, question=question, release=release, level=level
        )
    except UnknownRound as error:
        raise ROUND_UNKNOWN(f"Rounds of the campaign are: {error}") from None
    except UnknownQuestion as error:
        raise wrong_field("question", "is no question of the round", f"one of {error}") from None
    except UnknownRelease as error:
        raise wrong_field("release", "is no release of the round", str(error)) from None


def _answer(document: Document, if_none_match: str | None) -> Response:
    body = to_json(document)
    etag = f'"{crc32(body):08x}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}
    if if_none_match is not None and etag in (tag.strip() for tag in if_none_match.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")
