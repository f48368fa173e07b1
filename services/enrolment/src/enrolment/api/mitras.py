"""`/v1/mitras`: people who are enrolled, as those of their constituency see them."""

from fastapi import APIRouter, Response

from enrolment import queries
from enrolment.api.callers import Recruiter
from enrolment.clock import seconds_left_of_day
from enrolment.commands.look_at_mitra import LookAtMitra, LooksUsedUp, MitraGone, look_at_mitra
from enrolment.commands.plan_erasure import PlanErasure, plan_erasure
from enrolment.commands.withdraw_mitra import MitraNotFound, WithdrawMitra, withdraw_mitra
from enrolment.problems import LOOKS_USED_UP, MITRA_WITHDRAWN
from enrolment.schemas import ErasureTold, LookAsked, MitraSeen, MitraTold, Withdrawn
from enrolment.service import Service
from mitra_shared.access_record.chain import Purpose
from mitra_shared.http.problems import NOT_FOUND, problem_responses
from mitra_shared.ids import MitraId
from mitra_shared.telemetry.trace import current_traceparent


def mitra_routes(service: Service) -> APIRouter:
    """Reading one person, looking at name and phone, recording that one withdrew, and erasing one."""
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
        """Name and phone in clear: to who enrolled the person, and to the in-charge of the constituency.

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
            wait = seconds_left_of_day(command.asked_at)
            raise LOOKS_USED_UP(
                "You looked at as many people today as one may. Go on tomorrow, or ask your in-charge.",
                headers={"Retry-After": str(wait)},
                retry_after=wait,
            ) from None
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

    _erasure_routes(router, service)
    return router


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
