"""What can be asked of the enrolment service."""

from collections.abc import Iterable
from typing import Annotated, Final

from fastapi import APIRouter, Depends, FastAPI, Path, Request
from starlette.responses import Response

from enrolment import queries
from enrolment.clock import india_day
from enrolment.commands.define_campaign import (
    AreasRedrawn,
    DefineCampaign,
    VersionNotHigher,
    define_campaign,
)
from enrolment.commands.submit_opinion import SheetRefused, SubmitOpinion, submit_opinion
from enrolment.commands.withdraw_mitra import MitraNotFound, WithdrawMitra, withdraw_mitra
from enrolment.enrolment_routes import add_enrolment_routes
from enrolment.examples import OPINION_EXAMPLES
from enrolment.problems import CAMPAIGN_CONFLICT, refused
from enrolment.schemas import (
    CampaignLoaded,
    MitraTold,
    OpinionReceived,
    OpinionSheet,
    Withdrawn,
)
from enrolment.service import Service
from mitra_shared.campaign.check import CampaignMistakes, Mistake
from mitra_shared.campaign.definition import CampaignDefinition
from mitra_shared.contracts.topics import ENROLMENT, OPINIONS
from mitra_shared.http.app import create_api
from mitra_shared.http.lean import JsonAnswer, body_of, lean_post
from mitra_shared.http.probes import Readiness
from mitra_shared.http.problems import FORBIDDEN, NOT_FOUND, invalid_fields, problem_responses
from mitra_shared.http.tokens import caller_of, check_role, requires
from mitra_shared.ids import CampaignId, MitraId
from mitra_shared.log.endpoint import log_router
from mitra_shared.security.tokens import RECRUITERS, Caller, Role
from mitra_shared.settings import ServiceSettings
from mitra_shared.telemetry.metrics import ProcessMetrics
from mitra_shared.telemetry.trace import current_traceparent

VERSION: Final = "1.0.0"
OPINIONS_PATH: Final = "/v1/opinions"

Recruiter = Annotated[Caller, Depends(requires(*RECRUITERS))]
Operator = Annotated[Caller, Depends(requires(Role.OPERATOR))]
Anybody = Annotated[Caller, Depends(requires())]
"""Anybody with a token."""


def create_app(
    service: Service, settings: ServiceSettings, readiness: Readiness, metrics: ProcessMetrics
) -> FastAPI:
    """The application of an api process.

    Raises:
        BadTokenKeys: `settings.token_keys` is no JWKS of public keys.
    """
    app = create_api(
        title="Mitra enrolment",
        version=VERSION,
        description="The intake of Mitra: people, withdrawals, anonymous opinions, campaigns, and their log.",
        settings=settings,
        readiness=readiness,
        metrics=metrics,
        service="enrolment",
        anonymous_paths=frozenset({OPINIONS_PATH}),
        routers=(
            _mitra_routes(service),
            _campaign_routes(service),
            log_router(service.engine, ENROLMENT, OPINIONS),
        ),
    )
    add_enrolment_routes(app, service)
    _add_opinion_route(app, service)
    return app


def _mitra_routes(service: Service) -> APIRouter:
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


def _campaign_routes(service: Service) -> APIRouter:
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
    async def campaign(campaign_id: Annotated[CampaignId, Path()], caller: Anybody) -> Response:
        """The definition in the version in force: areas, notices, schemes, questions."""
        if caller.campaign not in {None, campaign_id}:
            raise FORBIDDEN("Your token is for another campaign")
        async with service.engine.connect() as connection:
            await service.campaigns.refresh(connection)
        loaded = service.campaigns.find(campaign_id)
        if loaded is None:
            raise NOT_FOUND("There is no campaign of this id")
        return Response(loaded.text, media_type="application/json")

    return router


def _fields(mistakes: Iterable[Mistake]) -> list[dict[str, str]]:
    return [{"field": each.where, "message": each.wrong, "expected": each.right} for each in mistakes]


def _add_opinion_route(app: FastAPI, service: Service) -> None:
    async def opinion(request: Request) -> JsonAnswer:
        """Hand in one anonymous answer sheet.

        The token only opens the door; nothing of it is kept with the sheet. There is no position to wait for:
        sheets are let out in random order, at least ten together.
        """
        caller = caller_of(request)
        check_role(caller, RECRUITERS)
        sheet = await body_of(request, OpinionSheet)
        command = SubmitOpinion(sheet, caller.area, india_day(service.clock()))
        try:
            await submit_opinion(command, (await service.campaign(caller.campaign)).rules, service.engine)
        except SheetRefused as error:
            raise refused(error.refusals) from None
        return JsonAnswer(b'{"received":true}', 202)

    lean_post(
        app,
        OPINIONS_PATH,
        opinion,
        request_model=OpinionSheet,
        response_model=OpinionReceived,
        status_code=202,
        responses=problem_responses(401, 403, 409),
        examples=OPINION_EXAMPLES,
        summary="Hand in an anonymous answer sheet",
        tags=["opinions"],
    )
