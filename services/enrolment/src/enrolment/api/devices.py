"""`GET /v1/devices`: which devices sync, and whether anything of theirs is missing."""

from uuid import UUID

from fastapi import APIRouter

from enrolment import device_queries
from enrolment.api.callers import Recruiter
from enrolment.schemas import DeviceDetails, DevicesTold
from enrolment.service import Service
from mitra_shared.http.problems import NOT_FOUND, problem_responses
from mitra_shared.security.tokens import Role


def device_routes(service: Service) -> APIRouter:
    """Devices of a constituency: the in-charge sees all, a co-in-charge the own."""
    router = APIRouter(prefix="/v1/devices", tags=["devices"], responses=problem_responses(401, 403, 409))

    @router.get("", summary="Devices of your constituency")
    async def devices(caller: Recruiter) -> DevicesTold:
        """Those that synced longest ago first, at most 1,000.

        A phone that is lost or was wiped shows as one that no longer syncs and has numbers missing. Photos of
        signed papers that were not sent show as `papers_without_photo` of its member of staff.
        """
        campaign = (await service.campaign(caller.campaign)).rules.campaign
        staff = None if caller.role is Role.IN_CHARGE else caller.subject
        return await device_queries.devices(service.engine, campaign, caller.area, staff)

    @router.get("/{device_id}", summary="One device", responses=problem_responses(404))
    async def device(device_id: UUID, caller: Recruiter) -> DeviceDetails:
        """What is missing of it, and what came from it day by day."""
        campaign = (await service.campaign(caller.campaign)).rules.campaign
        staff = None if caller.role is Role.IN_CHARGE else caller.subject
        found = await device_queries.device(service.engine, device_id, campaign, caller.area, staff)
        if found is None:
            raise NOT_FOUND("There is no device of this id that you may see")
        return found

    return router
