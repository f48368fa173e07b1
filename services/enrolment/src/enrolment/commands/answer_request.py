"""Answer a request of a person: a correction that is granted takes effect in the same transaction.

Of somebody who has withdrawn nothing is corrected any more: what is still held waits for its erasure.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.commands.ask_request import Correction, PersonWithdrew
from enrolment.commands.correct_mitra import correct_mitra
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
    traceparent: str | None = None


async def answer_request(command: AnswerRequest, engine: AsyncEngine, seals: Seals) -> RequestState:
    """Answer. The same answer again changes nothing.

    Raises:
        RequestNotFound: not of this constituency, or none.
        AnsweredAlready: see there.
        PersonWithdrew: there is nothing to correct any more; another answer can be given.
        SealError: what is to be corrected cannot be opened.
        sqlalchemy.exc.DBAPIError: the database is away; asking again is safe.
    """
    return await retrying(lambda: _answer(command, engine, seals))


async def _answer(command: AnswerRequest, engine: AsyncEngine, seals: Seals) -> RequestState:
    state = RequestState.ANSWERED if command.reason in ANSWERED else RequestState.REFUSED
    async with unit_of_work(engine) as unit:
        await act_as(unit.connection, command.caller, command.campaign, command.asked_at)
        found = await requests.find(unit.connection, command.request)
        if found is None or (found.campaign, found.constituency) != (command.campaign, command.caller.area):
            raise RequestNotFound
        # The person before the request, as an erasure does, which would wait for this one otherwise.
        person = await mitras.find_sealed(unit.connection, found.mitra, for_update=True)
        row = await requests.find(unit.connection, command.request, for_update=True)
        if row is None or person is None:
            raise RequestNotFound
        if row.state != RequestState.OPEN:
            if (row.state, row.reason) != (state, command.reason):
                raise AnsweredAlready
            return state
        if row.kind == RequestKind.CORRECTION and command.reason is AnswerReason.DONE:
            if person.withdrawn_at is not None or row.details is None:
                raise PersonWithdrew
            correction = Correction.of_details(seals.open_details(row.details, row.id))
            await correct_mitra(unit, person, correction, seals, command.asked_at, command.traceparent)
        await requests.answer(
            unit.connection, command.request, state, command.reason, command.caller.subject, command.asked_at
        )
        facts = {"request": str(command.request)}
        await enqueue(
            unit.connection, [Message(row.mitra, MessageKind.REQUEST_ANSWERED, command.asked_at, facts)]
        )
    return state
