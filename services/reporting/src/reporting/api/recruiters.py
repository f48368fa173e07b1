"""`/v1/recruiters`: what each of the staff did; for the in-charge all of the own staff, else oneself."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from pydantic_core import to_json
from starlette.responses import Response

from mitra_shared.campaign.definition import Level
from mitra_shared.http.problems import problem_responses
from mitra_shared.ids import AreaCode, StaffId
from reporting.api.days import Day, Range, asked_range
from reporting.api.naming import names_of
from reporting.api.readers import Reader, seeing_once_included
from reporting.domain.access import Sight
from reporting.domain.days import day_of
from reporting.queries import fieldwork_document, freshness
from reporting.schemas import RecruitersAnswer
from reporting.storage.recruiters import RecruiterCounts, read_recruiters

MOST_DAYS: Final = 62
USUAL_DAYS: Final = 7

router = APIRouter(prefix="/v1/recruiters", tags=["recruiters"], responses=problem_responses(401, 403, 404))

First = Annotated[Day, Query(alias="from", description="Default: a week back")]
Last = Annotated[Day, Query(alias="to", description="Default: today (IST)")]


@router.get("", response_model=RecruitersAnswer, summary="Whoever works in the own constituency")
async def get_recruiters(
    reads: Annotated[Reader, Depends(seeing_once_included(Sight.STAFF))],
    parent: Annotated[str | None, Query(max_length=32, description="Only segments at or below this")] = None,
    first: First = None,
    last: Last = None,
) -> Response:
    """Enrolments of each: in all, by segment and by day; most first. Field work in all and by day."""
    return await _answer(reads, parent, first, last, only=None)


@router.get("/me", response_model=RecruitersAnswer, summary="The own numbers")
async def get_own_numbers(
    reads: Annotated[Reader, Depends(seeing_once_included(Sight.OWN))], first: First = None, last: Last = None
) -> Response:
    """What the bearer of the token did: in all and by day, enrolments by segment too."""
    return await _answer(reads, None, first, last, only=reads.caller.subject)


async def _answer(
    reads: Reader, parent: str | None, first: Day, last: Day, *, only: StaffId | None
) -> Response:
    within = reads.within(parent)
    days = recruiter_days(reads, first, last)
    counted = await recruiters_within(reads, within, days, only=only)
    names = await names_of(reads, [each.recruiter for each in counted])
    document = {
        **freshness(reads.state.mirror, reads.state.lag),
        "campaign": reads.campaign,
        "within": within,
        "from": days.first,
        "to": days.last,
        "recruiters": [_shown(each, names.get(each.recruiter), days.days) for each in counted],
    }
    return Response(
        to_json(document), headers={"Cache-Control": "private, no-store"}, media_type="application/json"
    )


def recruiter_days(reads: Reader, first: Day, last: Day) -> Range:
    """The days asked for.

    Raises:
        Problem: 422.
    """
    today = day_of(reads.state.now())
    return asked_range(first, last, today=today, usual=USUAL_DAYS, most=MOST_DAYS)


async def recruiters_within(
    reads: Reader, within: AreaCode, days: Range, *, only: StaffId | None = None
) -> list[RecruiterCounts]:
    """Whoever enrolled or did other field work in an area, most people first.

    Raises:
        sqlalchemy.exc.SQLAlchemyError, OSError: the database is away.
    """
    segments = reads.board.select(levels=(Level.SEGMENT,), within=within)
    async with reads.state.engine.connect() as connection:
        counted = await read_recruiters(
            connection, reads.campaign, segments, first=days.first, last=days.last, only=only
        )
    return sorted(counted, key=lambda each: (-each.enrolled, each.recruiter))


def _shown(counts: RecruiterCounts, name: str | None, days: list[Any]) -> dict[str, Any]:
    return {
        "recruiter": counts.recruiter,
        "name": name,
        "enrolled": counts.enrolled,
        "segments": counts.segments,
        **fieldwork_document(counts.fieldwork),
        "days": [
            {
                "day": day,
                "enrolled": counts.days.get(day, 0),
                **fieldwork_document(counts.fieldwork_by_day.get(day)),
            }
            for day in days
        ],
    }
