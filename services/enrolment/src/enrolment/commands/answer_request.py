"""Answer a request of a person: a correction that is granted takes effect in the same transaction."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.commands.ask_request import Correction
from enrolment.domain.rights import ANSWERED, AnswerReason, RequestId, RequestKind, RequestState
from enrolment.messages.kinds import Message, MessageKind
from enrolment.messages.outbox import enqueue
from enrolment.seals import Seals
from enrolment.storage import mitras, requests
from enrolment.storage.row_security import act_as
from mitra_shared.database import retrying
from mitra_shared.ids import CampaignId
from mitra_shared.log import unit_of_work
from mitra_shared.security.tokens import Caller


class RequestNotFound(Exception):
    """There is no such request in the caller's campaign and constituency."""


class AnsweredAlready(Exception):
    """The request was answered otherwise before."""


@dataclass(frozen=True, slots=True)
class AnswerRequest:
    """What an in-charge decides."""

    request: RequestId
    campaign: CampaignId
    caller: Caller
    reason: AnswerReason
    asked_at: datetime


async def answer_request(command: AnswerRequest, engine: AsyncEngine, seals: Seals) -> RequestState:
    """Answer. The same answer again changes nothing.

    Raises:
        RequestNotFound: not of this constituency, or none.
        AnsweredAlready: see there.
        SealError: what is to be corrected cannot be opened.
        sqlalchemy.exc.DBAPIError: the database is away; asking again is safe.
    """
    return await retrying(lambda: _answer(command, engine, seals))


async def _answer(command: AnswerRequest, engine: AsyncEngine, seals: Seals) -> RequestState:
    state = RequestState.ANSWERED if command.reason in ANSWERED else RequestState.REFUSED
    async with unit_of_work(engine) as unit:
        await act_as(unit.connection, command.caller, command.campaign, command.asked_at)
        row = await requests.find(unit.connection, command.request, for_update=True)
        if row is None or (row.campaign, row.constituency) != (command.campaign, command.caller.area):
            raise RequestNotFound
        if row.state != RequestState.OPEN:
            if (row.state, row.reason) != (state, command.reason):
                raise AnsweredAlready
            return state
        if row.kind == RequestKind.CORRECTION and command.reason is AnswerReason.DONE and row.details:
            correction = Correction.of_details(seals.open_details(row.details, row.id))
            name = None if correction.name is None else seals.seal_name(correction.name, row.mitra)
            await mitras.correct(
                unit.connection,
                row.mitra,
                name=name,
                language=correction.language,
                schemes=correction.schemes,
                at=command.asked_at,
            )
        await requests.answer(
            unit.connection, command.request, state, command.reason, command.caller.subject, command.asked_at
        )
        facts = {"request": str(command.request)}
        await enqueue(
            unit.connection, [Message(row.mitra, MessageKind.REQUEST_ANSWERED, command.asked_at, facts)]
        )
    return state
