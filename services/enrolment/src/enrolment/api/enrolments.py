"""`POST /v1/enrolments` and its batch: the busiest paths, handled without FastAPI's machinery.

Bytes to command, answer to bytes; everything else happens at the intake desk.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI
from pydantic import Field, ValidationError
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Scope

from enrolment.commands.enrol_mitra import EnrolMitra
from enrolment.examples import BATCH_EXAMPLES, ENROLMENT_EXAMPLES
from enrolment.intake import answers
from enrolment.intake.committer import IntakeFull
from enrolment.intake.items import Answer
from enrolment.schemas import (
    LARGEST_BATCH,
    BatchEntry,
    BatchOutcomes,
    Body,
    Enrolled,
    EnrolmentBatch,
    EnrolmentRequest,
)
from enrolment.service import Service
from mitra_shared.http.answers import problem_of_body
from mitra_shared.http.idempotency_keys import checked_key
from mitra_shared.http.lean import JsonAnswer, body_bytes, body_of, lean_post, parsed
from mitra_shared.http.problems import MEDIA_TYPE, problem_responses
from mitra_shared.http.tokens import caller_of, check_role
from mitra_shared.ids import CampaignId
from mitra_shared.security.tokens import RECRUITERS, Caller
from mitra_shared.telemetry.trace import current_traceparent

_CREATED: Final = 201
_KEY_PARAMETER: Final[Mapping[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "The same key with the same request gives the same answer for 60 days, refusals too.",
    "schema": {"type": "string", "pattern": r"^[!-~]{8,128}$"},
    "example": "0193e2f0-6d3c-7c41-9a6b-1c2d3e4f5a6b",
}


class _LooseBatch(Body):
    """A batch in which not every entry fits: each is judged alone."""

    enrolments: list[Any] = Field(min_length=1, max_length=LARGEST_BATCH)


def add_enrolment_routes(app: FastAPI, service: Service) -> None:
    """Add both routes to `app`."""

    async def enrol(request: Request) -> ASGIApp:
        """Enrol one person.

        201 is given after a durable commit; `partition`, `epoch` and `position` tell where the event stands
        in the log, so that a reader can wait for it.
        """
        caller = caller_of(request)
        check_role(caller, RECRUITERS)
        key = _idempotency_key(request.scope)
        body = await body_of(request, EnrolmentRequest)
        campaign = (await service.campaign(caller.campaign)).rules.campaign
        return response_of(await service.desk.enrol(command_of(service, caller, campaign, key, body)))

    async def enrol_batch(request: Request) -> ASGIApp:
        """Enrol up to 1,000 people, each under a key of its own and as if sent alone."""
        caller = caller_of(request)
        check_role(caller, RECRUITERS)
        entries = _entries(await body_bytes(request))
        campaign = (await service.campaign(caller.campaign)).rules.campaign
        commands = [
            command_of(service, caller, campaign, entry.idempotency_key, entry.enrolment)
            for entry in entries
            if isinstance(entry, BatchEntry)
        ]
        try:
            given = iter(await service.desk.enrol_all(commands))
        except IntakeFull:
            return response_of(answers.BUSY)
        outcomes = (
            outcome_text(entry.idempotency_key, next(given))
            if isinstance(entry, BatchEntry)
            else outcome_text(None, entry)
            for entry in entries
        )
        return JsonAnswer(f'{{"outcomes":[{",".join(outcomes)}]}}'.encode())

    lean_post(
        app,
        "/v1/enrolments",
        enrol,
        request_model=EnrolmentRequest,
        response_model=Enrolled,
        status_code=_CREATED,
        responses=problem_responses(401, 403, 409, 410, 429),
        examples=ENROLMENT_EXAMPLES,
        parameters=[_KEY_PARAMETER],
        summary="Enrol a person",
        tags=["enrolments"],
    )
    lean_post(
        app,
        "/v1/enrolments/batch",
        enrol_batch,
        request_model=EnrolmentBatch,
        response_model=BatchOutcomes,
        responses=problem_responses(401, 403, 409),
        examples=BATCH_EXAMPLES,
        summary="Enrol up to 1,000 people",
        tags=["enrolments"],
    )


def command_of(
    service: Service, caller: Caller, campaign: CampaignId, key: str, request: EnrolmentRequest
) -> EnrolMitra:
    """The command that enrols one person for `caller`."""
    return EnrolMitra(
        campaign=campaign,
        recruiter=caller.subject,
        recruiter_role=caller.role,
        area=caller.area,
        idempotency_key=key,
        request=request,
        received_at=service.clock(),
        session=caller.session,
        traceparent=current_traceparent(),
    )


def _idempotency_key(scope: Scope) -> str:
    given = (value for name, value in scope["headers"] if name == b"idempotency-key")
    value = next(given, None)
    return checked_key(None if value is None else value.decode("latin-1"))


def _entries(body: bytes) -> list[BatchEntry | Answer]:
    """Every entry that fits, and the answer to each that does not.

    Raises:
        Problem: the body is not a batch at all.
    """
    try:
        return list(EnrolmentBatch.model_validate_json(body).enrolments)
    except ValidationError:
        return [_entry(to_json(entry)) for entry in parsed(body, _LooseBatch).enrolments]


def _entry(text: bytes) -> BatchEntry | Answer:
    try:
        return BatchEntry.model_validate_json(text)
    except ValidationError as error:
        return answers.of_problem(problem_of_body(error))


def outcome_text(key: str | None, answer: Answer) -> str:
    """One outcome of a batch, as JSON."""
    return f'{{"idempotency_key":{json.dumps(key)},"status":{answer.status},"body":{answer.body}}}'


def response_of(answer: Answer) -> ASGIApp:
    """The response that carries one answer."""
    if answer.status == _CREATED:
        return JsonAnswer(answer.body.encode(), _CREATED)
    headers = None if answer.retry_after is None else {"Retry-After": str(answer.retry_after)}
    return Response(answer.body, answer.status, headers, MEDIA_TYPE)
