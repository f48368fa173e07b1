"""`/v1/receipts/{receipt}`: the rights of a person, for staff who help one with their own device.

Two keys open it: the helper's token, and the session that the person's code gave.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Request
from starlette.responses import Response

from enrolment.api.callers import Recruiter
from enrolment.commands.open_session import (
    SESSION_LASTS,
    OpenSession,
    PersonSession,
    WrongCode,
    close_session,
    find_session,
    open_session,
)
from enrolment.commands.send_code import SendCode, send_code
from enrolment.person_desk import PersonDesk
from enrolment.person_schemas import (
    CodeAsked,
    CodeTyped,
    CorrectionAsked,
    ErasureSet,
    GrievanceBrought,
    MessagesChosen,
    MessagesWanted,
    Nomination,
    PersonHeld,
    PersonWithdrawn,
    RequestNoted,
    SessionOpened,
)
from enrolment.problems import PERSON_SESSION, WRONG_CODE
from enrolment.receipts import Receipt, read_receipt
from enrolment.service import Service
from mitra_shared.http.problems import NOT_FOUND, problem_responses

NO_RECEIPT = "This is no receipt: it has 12 letters and digits, and never the letter U"


async def receipt_in_path(receipt: Annotated[str, Path(max_length=40, examples=["7K3MQ0XW9ZT4"])]) -> Receipt:
    """The receipt of the address. Whether there is such a person is not looked at."""
    found = read_receipt(receipt)
    if found is None:
        raise NOT_FOUND(NO_RECEIPT)
    return found


ReceiptInPath = Annotated[Receipt, Depends(receipt_in_path)]


def person_at(service: Service) -> Callable[..., Awaitable[PersonSession]]:
    """A dependency: the person whose session the header `Person-Session` names."""

    async def person(
        receipt: ReceiptInPath,
        _caller: Recruiter,
        person_session: Annotated[str | None, Header(max_length=100)] = None,
    ) -> PersonSession:
        """The person whose session the header `Person-Session` names."""
        if person_session is not None:
            found = await find_session(
                service.engine, service.seals, receipt, person_session, service.clock()
            )
            if found is not None:
                return found
        raise PERSON_SESSION("The header Person-Session needs a session of this receipt that has not ended")

    return person


def receipt_routes(service: Service, desk: PersonDesk) -> APIRouter:
    """Code, session, and all that a person may do."""
    people = service.people
    router = APIRouter(
        prefix="/v1/receipts/{receipt}",
        tags=["rights"],
        responses=problem_responses(401, 403, 404, 409, 429),
    )

    Person = Annotated[PersonSession, Depends(person_at(service))]  # noqa: N806 - a type

    @router.post("/codes", status_code=202, summary="Send a code to the person's phone")
    async def code(receipt: ReceiptInPath, _caller: Recruiter, request: Request) -> CodeAsked:
        """At most 3 an hour and 10 a day; the answer is always the same."""
        people.codes.take(request)
        await send_code(SendCode(receipt, service.clock()), service.engine, service.seals)
        return CodeAsked()

    @router.post("/sessions", status_code=201, summary="Open a session with the code")
    async def session(
        receipt: ReceiptInPath, typed: CodeTyped, caller: Recruiter, request: Request
    ) -> SessionOpened:
        """A session of 15 minutes. Five tries with each code; what is refused is recorded."""
        people.codes.take(request)
        command = OpenSession(receipt, typed.code, service.clock(), caller.subject)
        try:
            opened = await open_session(command, service.engine, service.seals)
        except WrongCode:
            raise WRONG_CODE("The code is wrong, used, or older than 10 minutes; ask for a new one") from None
        return SessionOpened(session=opened.token, expires_in=int(SESSION_LASTS.total_seconds()))

    @router.delete("/sessions/current", status_code=204, response_class=Response, summary="End the session")
    async def end(session: Person) -> Response:
        """Nobody can use it any more."""
        await close_session(service.engine, service.seals, session.token)
        return Response(status_code=204)

    _add_rights(router, service, desk)
    return router


def _add_rights(router: APIRouter, service: Service, desk: PersonDesk) -> None:
    """What a person may do."""
    Person = Annotated[PersonSession, Depends(person_at(service))]  # noqa: N806 - a type

    @router.get("", summary="All that is held about the person")
    async def everything(session: Person, caller: Recruiter) -> PersonHeld:
        """With name and phone: for the person, at whose side you are. That you looked is put on record."""
        return await desk.held(session, caller.subject)

    @router.post("/withdrawal", summary="Withdraw the consent")
    async def withdrawal(session: Person, caller: Recruiter) -> PersonWithdrawn:
        """All use stops at once. Asking again gives the same answer."""
        return PersonWithdrawn(withdrawn_at=await desk.withdraw(session, caller.subject))

    @router.post("/corrections", status_code=201, summary="Ask for a correction")
    async def correction(session: Person, asked: CorrectionAsked, caller: Recruiter) -> RequestNoted:
        """The in-charge of the constituency answers it."""
        return RequestNoted(due_at=await desk.correct(session, asked, caller.subject))

    @router.post("/grievances", status_code=201, summary="Bring a grievance")
    async def grievance(session: Person, brought: GrievanceBrought, caller: Recruiter) -> RequestNoted:
        """The in-charge of the constituency answers it."""
        return RequestNoted(due_at=await desk.bring_grievance(session, brought, caller.subject))

    @router.post("/erasure", summary="Ask for erasure", responses=problem_responses(503))
    async def erasure(session: Person, caller: Recruiter) -> ErasureSet:
        """Withdraws at once; name and phone are erased after a notice of 48 hours."""
        return ErasureSet(due_at=await desk.erase(session, caller.subject))

    @router.put("/messages", summary="No messages in bulk, or messages again")
    async def messages(session: Person, given: MessagesWanted) -> MessagesChosen:
        """Holds from the next message on. Codes, receipts and notices come in any case."""
        return MessagesChosen(messages_off_at=await desk.choose_messages(session, wanted=given.wanted))

    @router.put("/nominee", status_code=204, response_class=Response, summary="Name somebody")
    async def nominee(session: Person, nomination: Nomination) -> Response:
        """In place of whoever was named before."""
        await desk.nominate(session, nomination)
        return Response(status_code=204)
