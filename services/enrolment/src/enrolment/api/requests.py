"""`/v1/requests`: what people asked for, with deadlines; opened and answered by the in-charge."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from enrolment import person_queries
from enrolment.api.callers import InCharge, SeesRequests
from enrolment.commands.answer_request import (
    AnsweredAlready,
    AnswerRequest,
    RequestNotFound,
    answer_request,
)
from enrolment.commands.ask_request import PersonWithdrew
from enrolment.domain.rights import RequestId, RequestState
from enrolment.person_schemas import RequestAnswer, RequestAnswered, RequestList, RequestOpened
from enrolment.problems import ANSWERED_ALREADY, MITRA_WITHDRAWN
from enrolment.service import Service
from mitra_shared.http.problems import NOT_FOUND, Problem, problem_responses
from mitra_shared.telemetry.trace import current_traceparent

InPath = Annotated[RequestId, Path()]


def request_routes(service: Service) -> APIRouter:
    """The list, one request with name and words, and the answer."""
    router = APIRouter(prefix="/v1/requests", tags=["rights"], responses=problem_responses(401, 403, 409))

    @router.get("", summary="Requests by deadline, without names")
    async def listed(
        caller: SeesRequests, state: Annotated[RequestState, Query()] = RequestState.OPEN
    ) -> RequestList:
        """Of your own constituency; operators and headquarters see the whole campaign."""
        campaign = (await service.campaign(caller.campaign)).rules.campaign
        now = service.clock()
        return RequestList(requests=await person_queries.listed(service.engine, campaign, caller, state, now))

    @router.get("/{request_id}", summary="One request with name and words", responses=problem_responses(404))
    async def opened(request_id: InPath, caller: InCharge) -> RequestOpened:
        """For the in-charge who is to answer it. That it was opened is put on record."""
        campaign = (await service.campaign(caller.campaign)).rules.campaign
        try:
            return await person_queries.opened(
                service.engine, service.seals, request_id, campaign, caller, service.clock()
            )
        except RequestNotFound:
            raise _not_found() from None

    @router.post("/{request_id}/answer", summary="Answer a request", responses=problem_responses(404))
    async def answer(request_id: InPath, given: RequestAnswer, caller: InCharge) -> RequestAnswered:
        """`done` carries out a correction at once. The person is told that there is an answer.

        A certificate with the old name follows: one that is issued keeps its number and is signed anew.
        """
        campaign = (await service.campaign(caller.campaign)).rules.campaign
        command = AnswerRequest(
            request_id, campaign, caller, given.reason, service.clock(), current_traceparent()
        )
        try:
            state = await answer_request(command, service.engine, service.seals)
        except RequestNotFound:
            raise _not_found() from None
        except AnsweredAlready:
            raise ANSWERED_ALREADY("An answer stands; look at it with GET") from None
        except PersonWithdrew:
            raise MITRA_WITHDRAWN(
                "The person withdrew, and nothing is corrected any more."
                " Answer with `explained` or `not_justified`"
            ) from None
        return RequestAnswered(state=state, reason=given.reason)

    return router


def _not_found() -> Problem:
    return NOT_FOUND("Your constituency has no request of this id")
