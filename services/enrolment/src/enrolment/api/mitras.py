"""`/v1/mitras`: people who are enrolled, as those of their constituency see them."""

from fastapi import APIRouter

from enrolment import queries
from enrolment.api.callers import Recruiter
from enrolment.commands.withdraw_mitra import MitraNotFound, WithdrawMitra, withdraw_mitra
from enrolment.schemas import MitraTold, Withdrawn
from enrolment.service import Service
from mitra_shared.http.problems import NOT_FOUND, problem_responses
from mitra_shared.ids import MitraId
from mitra_shared.telemetry.trace import current_traceparent


def mitra_routes(service: Service) -> APIRouter:
    """Reading one person, and recording that one withdrew."""
    router = APIRouter(prefix="/v1/mitras", tags=["mitras"], responses=problem_responses(401, 403, 404, 409))

    @router.get("/{mitra_id}", summary="One person of your constituency")
    async def mitra(mitra_id: MitraId, caller: Recruiter) -> MitraTold:
        """State and facts of a person, without name and phone."""
        campaign = (await service.campaign(caller.campaign)).rules.campaign
        try:
            return await queries.mitra(service.engine, mitra_id, campaign, caller.area)
        except MitraNotFound:
            raise NOT_FOUND("Nobody of this id is enrolled in your constituency") from None

    @router.post("/{mitra_id}/withdrawal", summary="Withdraw a person's consent")
    async def withdrawal(mitra_id: MitraId, caller: Recruiter) -> Withdrawn:
        """Record that the person withdrew. Asking again gives the same answer."""
        command = WithdrawMitra(
            mitra=mitra_id,
            campaign=(await service.campaign(caller.campaign)).rules.campaign,
            area=caller.area,
            asked_at=service.clock(),
            traceparent=current_traceparent(),
        )
        try:
            return await withdraw_mitra(command, service.engine)
        except MitraNotFound:
            raise NOT_FOUND("Nobody of this id is enrolled in your constituency") from None

    return router
