"""`/v1/campaigns`: definitions, put in force by operators and read by everybody."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from enrolment.api.callers import Anybody, Operator
from enrolment.campaigns import LoadedCampaign
from enrolment.commands.define_campaign import (
    AreasRedrawn,
    DefineCampaign,
    VersionNotHigher,
    define_campaign,
)
from enrolment.problems import CAMPAIGN_CONFLICT
from enrolment.schemas import CampaignLoaded
from enrolment.service import Service
from mitra_shared.campaign.check import CampaignMistakes, Mistake
from mitra_shared.campaign.definition import CampaignDefinition
from mitra_shared.http.problems import FORBIDDEN, NOT_FOUND, invalid_fields, problem_responses
from mitra_shared.http.static_files import StaticFile, static_file
from mitra_shared.ids import CampaignId
from mitra_shared.telemetry.trace import current_traceparent


def campaign_routes(service: Service) -> APIRouter:
    """Loading a campaign, and the one in force."""
    definitions = _Definitions()
    router = APIRouter(prefix="/v1/campaigns", tags=["campaigns"], responses=problem_responses(401, 403, 404))

    @router.put("/{campaign_id}", summary="Load a campaign", responses=problem_responses(400, 409, 413, 415))
    async def load(
        campaign_id: Annotated[CampaignId, Path()], definition: CampaignDefinition, caller: Operator
    ) -> CampaignLoaded:
        """Put a definition in force.

        A changed definition needs a higher version; sending the one in force again changes nothing. It must
        pass what `mitra campaign check` looks at, and areas stay where they were in earlier versions.
        """
        if caller.campaign not in {None, campaign_id}:
            raise FORBIDDEN("Your token is for another campaign")
        if definition.id != campaign_id:
            raise invalid_fields(
                [
                    {
                        "field": "id",
                        "message": "is not the campaign of the address",
                        "expected": "the id in the address",
                    }
                ]
            )
        command = DefineCampaign(definition, service.clock(), current_traceparent())
        try:
            loaded = await define_campaign(command, service.engine)
        except CampaignMistakes as error:
            raise invalid_fields(_fields(error.mistakes)) from None
        except AreasRedrawn as error:
            raise CAMPAIGN_CONFLICT(
                "Areas stay where they were in earlier versions.", errors=_fields(error.mistakes)
            ) from None
        except VersionNotHigher as error:
            raise CAMPAIGN_CONFLICT(
                f"Version {error.in_force} is in force with another content.",
                errors=[
                    {
                        "field": "version",
                        "message": "is not higher than that in force",
                        "expected": f"at least {error.in_force + 1}",
                    }
                ],
                in_force=error.in_force,
            ) from None
        async with service.engine.connect() as connection:
            await service.campaigns.refresh(connection)
        return loaded

    @router.get("/{campaign_id}", response_model=CampaignDefinition, summary="The campaign in force")
    async def campaign(
        request: Request, campaign_id: Annotated[CampaignId, Path()], caller: Anybody
    ) -> Response:
        """The definition in the version in force: areas, notices, schemes, questions.

        Zipped for who takes that, and 304 for who has this version (`If-None-Match`).
        """
        if caller.campaign not in {None, campaign_id}:
            raise FORBIDDEN("Your token is for another campaign")
        async with service.engine.connect() as connection:
            await service.campaigns.refresh(connection)
        loaded = service.campaigns.find(campaign_id)
        if loaded is None:
            raise NOT_FOUND("There is no campaign of this id")
        return definitions.of(loaded).answer(request)

    return router


class _Definitions:
    """Definitions as they are served, zipped once for each version."""

    def __init__(self) -> None:
        self._served: dict[CampaignId, tuple[int, StaticFile]] = {}

    def of(self, loaded: LoadedCampaign) -> StaticFile:
        campaign = loaded.definition
        version, served = self._served.get(campaign.id, (0, None))
        if served is None or version != campaign.version:
            served = static_file(loaded.text.encode(), ".json", {"Cache-Control": "private, no-cache"})
            self._served[campaign.id] = (campaign.version, served)
        return served


def _fields(mistakes: Iterable[Mistake]) -> list[dict[str, str]]:
    return [{"field": each.where, "message": each.wrong, "expected": each.right} for each in mistakes]
