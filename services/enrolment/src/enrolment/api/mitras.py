"""`/v1/mitras`: people who are enrolled, as those of their constituency see them."""

from datetime import datetime

from fastapi import APIRouter, Response

from enrolment import queries
from enrolment.api.callers import Recruiter
from enrolment.clock import seconds_left_of_day
from enrolment.commands.choose_messages import ChooseMessages, choose_messages
from enrolment.commands.look_at_mitra import LookAtMitra, LooksUsedUp, MitraGone, look_at_mitra
from enrolment.commands.plan_erasure import PlanErasure, plan_erasure
from enrolment.commands.withdraw_mitra import MitraNotFound, WithdrawMitra, withdraw_mitra
from enrolment.mitra_schemas import ErasureTold, LookAsked, MessagesStopped, MitraSeen, MitraTold, Withdrawn
from enrolment.problems import LOOKS_USED_UP, MITRA_WITHDRAWN
from enrolment.service import Service
from mitra_shared.access_record.chain import Purpose
from mitra_shared.http.problems import NOT_FOUND, Problem, problem_responses
from mitra_shared.ids import MitraId
from mitra_shared.telemetry.trace import current_traceparent


def mitra_routes(service: Service) -> APIRouter:
    """Reading one person, looking at name and phone, what one no longer wants, and erasing one."""
    router = APIRouter(prefix="/v1/mitras", tags=["mitras"], responses=problem_responses(401, 403, 404, 409))

    @router.get("/{mitra_id}", summary="One person of your constituency")
    async def mitra(mitra_id: MitraId, caller: Recruiter) -> MitraTold:
        """State and facts of a person, without name and phone."""
        campaign = (await service.campaign(caller.campaign)).rules.campaign
        try:
            return await queries.mitra(service.engine, mitra_id, campaign, caller, service.clock())
        except MitraNotFound:
            raise NOT_FOUND("Nobody of this id is enrolled in your constituency") from None

    @router.post(
        "/{mitra_id}/look",
        summary="Name and phone of a person, for the record",
        responses=problem_responses(409, 429),
    )
    async def look(mitra_id: MitraId, asked: LookAsked, caller: Recruiter, response: Response) -> MitraSeen:
        """Name and phone in clear: to who has the person in care, and to the in-charge of the constituency.

        Who enrolled the person has, until the in-charge hands the person over (`POST /v1/care`).

        Each look is put on record before it is answered: who, whom, what for, when.
        """
        command = LookAtMitra(
            mitra=mitra_id,
            campaign=(await service.campaign(caller.campaign)).rules.campaign,
            caller=caller,
            purpose=Purpose(asked.purpose),
            asked_at=service.clock(),
        )
        try:
            seen = await look_at_mitra(command, service.engine, service.seals, ration=service.looks_a_day)
        except MitraNotFound:
            raise NOT_FOUND("Nobody of this id is there for you to look at") from None
        except MitraGone:
            raise MITRA_WITHDRAWN("The person withdrew. What is still held waits for its erasure.") from None
        except LooksUsedUp:
            raise looks_used_up(command.asked_at) from None
        response.headers["Cache-Control"] = "no-store"
        return MitraSeen(id=mitra_id, name=seen.name, phone=seen.phone)

    @router.post("/{mitra_id}/withdrawal", summary="Withdraw a person's consent")
    async def withdrawal(mitra_id: MitraId, caller: Recruiter) -> Withdrawn:
        """Record that the person withdrew. Asking again gives the same answer."""
        command = WithdrawMitra(
            mitra=mitra_id,
            campaign=(await service.campaign(caller.campaign)).rules.campaign,
            by=caller,
            asked_at=service.clock(),
            traceparent=current_traceparent(),
        )
        try:
            return await withdraw_mitra(command, service.engine)
        except MitraNotFound:
            raise NOT_FOUND("Nobody of this id is enrolled in your constituency") from None

    _messages_route(router, service)
    _erasure_routes(router, service)
    return router


def looks_used_up(now: datetime) -> Problem:
    """429 until the day is over in India."""
    wait = seconds_left_of_day(now)
    return LOOKS_USED_UP(
        "You looked at as many people today as one may. Go on tomorrow, or ask your in-charge.",
        headers={"Retry-After": str(wait)},
        retry_after=wait,
    )


def _messages_route(router: APIRouter, service: Service) -> None:
    @router.post("/{mitra_id}/messages-off", summary="Send a person no more messages in bulk")
    async def messages_off(mitra_id: MitraId, caller: Recruiter) -> MessagesStopped:
        """Record that the person wants none. Asking again changes nothing.

        The person alone has them again: on the own page, or with a helper and a code.
        """
        command = ChooseMessages(
            mitra=mitra_id,
            campaign=(await service.campaign(caller.campaign)).rules.campaign,
            by=caller,
            wanted=False,
            asked_at=service.clock(),
        )
        try:
            since = await choose_messages(command, service.engine)
        except MitraNotFound:
            raise NOT_FOUND("Nobody of this id is enrolled in your constituency") from None
        return MessagesStopped(mitra_id=mitra_id, messages_off_at=since or command.asked_at)


def _erasure_routes(router: APIRouter, service: Service) -> None:
    @router.post("/{mitra_id}/erasure", status_code=202, summary="Erase a person, at the person's request")
    async def ask_for_erasure(mitra_id: MitraId, caller: Recruiter) -> ErasureTold:
        """Withdraw the person if that was not done, give notice, and erase what is personal 48 hours later.

        Asking again changes nothing. Counts stay as they are.
        """
        campaign = (await service.campaign(caller.campaign)).rules.campaign
        now = service.clock()
        command = PlanErasure(mitra_id, campaign, now, by=caller, traceparent=current_traceparent())
        try:
            await plan_erasure(command, service.engine)
            return await queries.erasure(service.engine, mitra_id, campaign, caller, now)
        except MitraNotFound:
            raise NOT_FOUND("Nobody of this id is enrolled in your constituency") from None

    @router.get("/{mitra_id}/erasure", summary="How far the erasure of a person is")
    async def erasure(mitra_id: MitraId, caller: Recruiter) -> ErasureTold:
        """Whether and when a person is erased, and whether that is complete."""
        campaign = (await service.campaign(caller.campaign)).rules.campaign
        try:
            return await queries.erasure(service.engine, mitra_id, campaign, caller, service.clock())
        except MitraNotFound:
            raise NOT_FOUND("Nobody of this id is enrolled in your constituency") from None
