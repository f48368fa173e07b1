"""`/v1/rounds/{round}` and `/v1/care`: who is due, whom to call, how far all are, who has whom in care."""

from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Response

from enrolment import contact_queries
from enrolment.api.callers import InCharge, Recruiter
from enrolment.campaigns import LoadedCampaign
from enrolment.clock import india_day, seconds_left_of_day
from enrolment.commands.hand_over_people import HandOverPeople, NeverAtWork, NotAtWork, hand_over_people
from enrolment.commands.open_calls import OpenCalls, TooFewLooksLeft, open_calls
from enrolment.contact_queries import NotAPlace
from enrolment.contact_schemas import (
    LARGEST_DUE_PAGE,
    LONGEST_ROUND_ID,
    CallsAsked,
    DueList,
    HandedOver,
    HandOver,
    PeopleToCall,
    PersonToCall,
    RoundProgress,
)
from enrolment.domain.refusals import Refusal
from enrolment.domain.rounds import begun_round, open_round
from enrolment.problems import CARE_NOT_TAKEN, LOOKS_USED_UP, refused
from enrolment.service import Service
from enrolment.storage.due import Carer
from mitra_shared.http.problems import FORBIDDEN, problem_responses, wrong_field
from mitra_shared.ids import AreaCode
from mitra_shared.security.tokens import Caller, Role

RoundPath = Annotated[str, Path(alias="round", max_length=LONGEST_ROUND_ID, examples=["round-1"])]
Limit = Annotated[int, Query(ge=1, le=LARGEST_DUE_PAGE)]
After = Annotated[str, Query(max_length=100, description="`next` of the page before.")]

_PLACES: Final = "the `next` of the page before, or nothing"


def round_routes(service: Service) -> APIRouter:
    """Due list, calls, progress."""
    router = APIRouter(
        prefix="/v1/rounds/{round}", tags=["rounds of contact"], responses=problem_responses(401, 403, 409)
    )

    @router.get("/due", summary="Who is due to you")
    async def due(round_id: RoundPath, caller: Recruiter, limit: Limit = 50, after: After = "") -> DueList:
        """People in your care who were not reached in the round, without names and phones.

        People of whoever has left the constituency's staff are in the list of the in-charge.
        """
        loaded, now = await service.campaign(caller.campaign), service.clock()
        _check_open(loaded, round_id, india_day(now))
        try:
            return await contact_queries.due_list(
                service.engine,
                _carer(loaded, caller),
                caller,
                round_id,
                now=now,
                today=india_day(now),
                after=after,
                limit=limit,
            )
        except NotAPlace:
            raise wrong_field("after", "is no place in the list", _PLACES) from None

    @router.post(
        "/calls",
        summary="Names and phones for your next calls, for the record",
        responses=problem_responses(400, 413, 415, 429),
    )
    async def calls(
        round_id: RoundPath, asked: CallsAsked, caller: Recruiter, response: Response
    ) -> PeopleToCall:
        """Name and phone of people in your care, each look put on record: all of them, or none.

        Whoever is no longer due to you, because of a withdrawal or because somebody reached the person, is
        left out.
        """
        loaded, now = await service.campaign(caller.campaign), service.clock()
        _check_open(loaded, round_id, india_day(now))
        command = OpenCalls(asked.mitra_ids, round_id, _carer(loaded, caller), caller, now)
        try:
            called = await open_calls(command, service.engine, service.seals, ration=service.looks_a_day)
        except TooFewLooksLeft as error:
            wait = seconds_left_of_day(now)
            raise LOOKS_USED_UP(
                f"You may look at {error.left} more people today, and asked for more: nobody was shown."
                " Ask for fewer, or go on tomorrow.",
                headers={"Retry-After": str(wait)},
                retry_after=wait,
                left=error.left,
            ) from None
        response.headers["Cache-Control"] = "no-store"
        return PeopleToCall(
            people=[
                PersonToCall(mitra_id=one.mitra, name=one.seen.name, phone=one.seen.phone) for one in called
            ]
        )

    @router.get("/progress", summary="How far a round is")
    async def progress(round_id: RoundPath, caller: Recruiter) -> RoundProgress:
        """By member of staff, also once the round is over; a co-in-charge sees the own figures."""
        loaded, now = await service.campaign(caller.campaign), service.clock()
        begun = begun_round(loaded.rules, round_id, india_day(now))
        if isinstance(begun, Refusal):
            raise refused([begun])
        return await contact_queries.progress(service.engine, _carer(loaded, caller), caller, round_id, now)

    return router


def care_routes(service: Service) -> APIRouter:
    """Handing people over."""
    router = APIRouter(prefix="/v1", tags=["rounds of contact"], responses=problem_responses(401, 403, 409))

    @router.post("/care", summary="Hand people over", responses=problem_responses(400, 413, 415))
    async def hand_over(asked: HandOver, caller: InCharge) -> HandedOver:
        """Give everybody whom one member of staff has in care to another, both of your constituency."""
        if asked.leaving == asked.to:
            raise wrong_field("to", "is who hands over", "somebody else")
        campaign = (await service.campaign(caller.campaign)).rules.campaign
        command = HandOverPeople(
            asked.leaving, asked.to, campaign, _constituency(caller), caller, service.clock()
        )
        try:
            return HandedOver(people=await hand_over_people(command, service.engine))
        except NeverAtWork:
            raise CARE_NOT_TAKEN(
                "Who hands over never worked in your constituency; `from` is somebody who does, or did"
            ) from None
        except NotAtWork:
            raise CARE_NOT_TAKEN(
                "Who takes over does not work in your constituency now, or is suspended; `to` is somebody who"
                " does"
            ) from None

    return router


def _check_open(loaded: LoadedCampaign, round_id: str, today: date) -> None:
    """Refuse a round that is not there, or not open today.

    Raises:
        Problem: with the rounds, or the days.
    """
    found = open_round(loaded.rules, round_id, today)
    if isinstance(found, Refusal):
        raise refused([found])


def _carer(loaded: LoadedCampaign, caller: Caller) -> Carer:
    """The caller, and whether whoever is left by others falls to the caller."""
    return Carer(loaded.rules.campaign, _constituency(caller), caller.subject, caller.role is Role.IN_CHARGE)


def _constituency(caller: Caller) -> AreaCode:
    if caller.area is None:
        raise FORBIDDEN("Your token names no constituency, and people belong to one")
    return caller.area
