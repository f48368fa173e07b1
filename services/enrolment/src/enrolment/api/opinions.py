"""`POST /v1/opinions`: one anonymous answer sheet."""

from typing import Final

from fastapi import FastAPI
from starlette.requests import Request

from enrolment.clock import india_day
from enrolment.commands.submit_opinion import SubmitOpinion, submit_opinion
from enrolment.domain.refusals import Objected
from enrolment.examples import OPINION_EXAMPLES
from enrolment.problems import refused
from enrolment.schemas import OpinionReceived, OpinionSheet
from enrolment.service import Service
from mitra_shared.http.lean import JsonAnswer, body_of, lean_post
from mitra_shared.http.problems import problem_responses
from mitra_shared.http.tokens import caller_of, check_role
from mitra_shared.security.tokens import RECRUITERS

OPINIONS_PATH: Final = "/v1/opinions"


def add_opinion_route(app: FastAPI, service: Service) -> None:
    """Add the route to `app`."""

    async def opinion(request: Request) -> JsonAnswer:
        """Hand in one anonymous answer sheet.

        The token only opens the door; nothing of it is kept with the sheet. There is no position to wait for:
        sheets are let out in random order, at least ten together.
        """
        caller = caller_of(request)
        check_role(caller, RECRUITERS)
        sheet = await body_of(request, OpinionSheet)
        command = SubmitOpinion(sheet, caller.area, india_day(service.clock()))
        try:
            await submit_opinion(command, (await service.campaign(caller.campaign)).rules, service.engine)
        except Objected as error:
            raise refused(error.refusals) from None
        return JsonAnswer(b'{"received":true}', 202)

    lean_post(
        app,
        OPINIONS_PATH,
        opinion,
        request_model=OpinionSheet,
        response_model=OpinionReceived,
        status_code=202,
        responses=problem_responses(401, 403, 409),
        examples=OPINION_EXAMPLES,
        summary="Hand in an anonymous answer sheet",
        tags=["opinions"],
    )
