"""`POST /v1/contacts`: what came of calls and visits, up to 100 at a time, each judged alone.

Each contact is one transaction: wherever this ends, the same contacts told again go on from there.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from fastapi import FastAPI
from pydantic import Field, ValidationError
from pydantic_core import to_json
from starlette.requests import Request

from enrolment.commands.look_at_mitra import MitraGone
from enrolment.commands.record_contact import (
    ContactIdTaken,
    RecordContact,
    record_contact,
)
from enrolment.commands.withdraw_mitra import MitraNotFound
from enrolment.contact_schemas import (
    MOST_CONTACTS,
    ContactAnswer,
    ContactAnswers,
    ContactBatch,
    ContactMade,
)
from enrolment.domain.refusals import Objected
from enrolment.domain.rules import Rules
from enrolment.examples import CONTACT_EXAMPLES
from enrolment.problems import CONTACT_ID_TAKEN, MITRA_WITHDRAWN, refused
from enrolment.schemas import Body
from enrolment.service import Service
from mitra_shared.http.answers import problem_of_body
from mitra_shared.http.lean import JsonAnswer, body_bytes, lean_post, parsed
from mitra_shared.http.problems import FORBIDDEN, NOT_FOUND, Problem, problem_responses
from mitra_shared.http.tokens import caller_of, check_role
from mitra_shared.security.tokens import RECRUITERS, Caller
from mitra_shared.telemetry.trace import current_traceparent

PATH: Final = "/v1/contacts"

_NOT_IN_CARE: Final = (
    "Nobody of this id is, or was, in your care. Whoever of your constituency asks to stop is withdrawn with"
    " POST /v1/mitras/{mitra_id}/withdrawal."
)


class _LooseBatch(Body):
    """Contacts of which not every one fits: each is judged alone."""

    contacts: list[Any] = Field(min_length=1, max_length=MOST_CONTACTS)


def add_contacts_route(app: FastAPI, service: Service) -> None:
    """Add the route to `app`."""

    async def contacts(request: Request) -> JsonAnswer:
        """Tell what came of up to 100 contacts with people in your care, each as if told alone.

        The same contact told again counts once. After a 5xx send all of them again.
        """
        caller = caller_of(request)
        check_role(caller, RECRUITERS)
        told = _contacts(await body_bytes(request))
        if caller.area is None:
            raise FORBIDDEN("Your token names no constituency, and people belong to one")
        rules = (await service.campaign(caller.campaign)).rules
        answers = [
            one if isinstance(one, ContactAnswer) else await _recorded(service, rules, caller, one)
            for one in told
        ]
        return JsonAnswer(to_json(ContactAnswers(contacts=answers)))

    lean_post(
        app,
        PATH,
        contacts,
        request_model=ContactBatch,
        response_model=ContactAnswers,
        responses=problem_responses(401, 403, 409),
        examples=CONTACT_EXAMPLES,
        summary="Tell what came of contacts",
        tags=["rounds of contact"],
    )


def _contacts(body: bytes) -> list[ContactMade | ContactAnswer]:
    """Every contact that fits, and the answer to each that does not.

    Raises:
        Problem: the body is no batch at all.
    """
    try:
        return list(ContactBatch.model_validate_json(body).contacts)
    except ValidationError:
        return [_contact(each) for each in parsed(body, _LooseBatch).contacts]


def _contact(sent: Any) -> ContactMade | ContactAnswer:
    try:
        return ContactMade.model_validate_json(to_json(sent))
    except ValidationError as error:
        return _refused(_id_of(sent), problem_of_body(error))


def _id_of(sent: Any) -> UUID | None:
    try:
        return UUID(sent["contact_id"]) if isinstance(sent, Mapping) else None
    except (KeyError, ValueError, TypeError, AttributeError):
        return None


async def _recorded(service: Service, rules: Rules, caller: Caller, made: ContactMade) -> ContactAnswer:
    command = RecordContact(made.as_contact(), caller, service.clock(), current_traceparent())
    try:
        done = await record_contact(command, rules, service.engine)
    except Objected as error:
        return _refused(made.contact_id, refused(error.refusals))
    except ContactIdTaken:
        return _refused(
            made.contact_id,
            CONTACT_ID_TAKEN("Another contact was told under this id. Each has a random id of its own."),
        )
    except MitraNotFound:
        return _refused(made.contact_id, NOT_FOUND(_NOT_IN_CARE))
    except MitraGone:
        return _refused(
            made.contact_id, MITRA_WITHDRAWN("The person withdrew, and is not to be contacted any more.")
        )
    return ContactAnswer(contact_id=made.contact_id, status=done.value, problem=None)


def _refused(contact: UUID | None, problem: Problem) -> ContactAnswer:
    return ContactAnswer(contact_id=contact, status="refused", problem=problem.document())
