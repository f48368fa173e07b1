"""`/v1/broadcasts`: messages in bulk are drafted, looked at, approved, cancelled. No person is ever shown."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Response

from enrolment import broadcast_queries
from enrolment.api.callers import Broadcasts
from enrolment.broadcast_schemas import (
    BroadcastApproval,
    BroadcastsTold,
    BroadcastTexts,
    BroadcastTold,
    NewBroadcast,
)
from enrolment.commands.draft_broadcast import (
    DraftBroadcast,
    KeyReused,
    TooManyBroadcasts,
    draft_broadcast,
)
from enrolment.commands.steer_broadcast import (
    BroadcastDiffers,
    BroadcastNotFound,
    BroadcastNotReady,
    NotYoursToApprove,
    SteerBroadcast,
    approve_broadcast,
    cancel_broadcast,
)
from enrolment.domain.broadcasts import (
    LATEST_START,
    MOST_OPEN,
    BroadcastId,
    BroadcastState,
    UnfitText,
    clean_text,
)
from enrolment.problems import BROADCAST_DIFFERS, BROADCAST_NOT_READY, TOO_MANY_BROADCASTS
from enrolment.service import Service
from mitra_shared.campaign.check.subjects import forbidden_in_text
from mitra_shared.campaign.definition import CampaignDefinition, Language, Level
from mitra_shared.http.idempotency_keys import KEYED_RESPONSES, Key, key_reused
from mitra_shared.http.problems import FORBIDDEN, NOT_FOUND, Problem, invalid_fields, problem_responses
from mitra_shared.ids import AreaCode
from mitra_shared.pages.words import LANGUAGES
from mitra_shared.security.tokens import Caller, Role

PATH: Final = "/v1/broadcasts"
_CLOCKS_DIFFER: Final = timedelta(days=1)


def broadcast_routes(service: Service) -> APIRouter:
    """Everything about broadcasts."""
    router = APIRouter(prefix=PATH, tags=["broadcasts"], responses=problem_responses(401, 403, 409))
    _drafting(router, service)
    _reading(router, service)
    _steering(router, service)
    return router


async def _told(service: Service, broadcast: BroadcastId, caller: Caller) -> BroadcastTold:
    campaign = (await service.campaign(caller.campaign)).definition
    try:
        return await broadcast_queries.told(
            service.engine,
            broadcast,
            caller,
            campaign,
            service.people.url,
            service.clock(),
            service.seals.lookup,
        )
    except BroadcastNotFound:
        raise _not_found() from None


def _drafting(router: APIRouter, service: Service) -> None:
    @router.post(
        "",
        status_code=201,
        summary="Draft a message to everybody of an area",
        responses={**KEYED_RESPONSES, **problem_responses(413, 415)},
    )
    async def draft(asked: NewBroadcast, caller: Broadcasts, key: Key, response: Response) -> BroadcastTold:
        """Keep it as a draft, and tell how it would go out. Nothing is sent before its approval.

        The same key with the same content gives the same broadcast, as it stands by now.
        """
        campaign, now = (await service.campaign(caller.campaign)).definition, service.clock()
        area = _checked_area(campaign, asked.area, caller)
        command = DraftBroadcast(
            campaign,
            caller.subject,
            caller.area if caller.role is Role.IN_CHARGE else None,
            key,
            _checked(asked, now),
            area,
            asked.language,
            asked.not_before,
            now,
        )
        try:
            broadcast = await draft_broadcast(command, service.engine)
        except KeyReused:
            raise key_reused() from None
        except TooManyBroadcasts:
            raise TOO_MANY_BROADCASTS(
                f"You have {MOST_OPEN} broadcasts that are not at their end. Cancel one of them, or wait."
            ) from None
        response.headers["Location"] = f"{PATH}/{broadcast}"
        return await _told(service, broadcast, caller)


def _reading(router: APIRouter, service: Service) -> None:
    @router.get("", summary="Broadcasts")
    async def listed(caller: Broadcasts) -> BroadcastsTold:
        """Headquarters sees all of the campaign, an in-charge those of the own constituency's in-charge."""
        campaign = (await service.campaign(caller.campaign)).definition
        return BroadcastsTold(
            broadcasts=await broadcast_queries.listed(
                service.engine, caller, campaign, service.people.url, service.clock(), service.seals.lookup
            )
        )

    @router.get("/{broadcast_id}", summary="One broadcast", responses=problem_responses(404))
    async def one(broadcast_id: UUID, caller: Broadcasts) -> BroadcastTold:
        """How far it is. Numbers of people are told in whole tens, moved by a few, and not below ten."""
        return await _told(service, BroadcastId(broadcast_id), caller)


def _steering(router: APIRouter, service: Service) -> None:
    async def asked(broadcast_id: UUID, caller: Caller) -> SteerBroadcast:
        campaign = (await service.campaign(caller.campaign)).definition.id
        return SteerBroadcast(BroadcastId(broadcast_id), campaign, caller, service.clock())

    @router.post(
        "/{broadcast_id}/approval", summary="Send a broadcast", responses=problem_responses(404, 413, 415)
    )
    async def approval(broadcast_id: UUID, given: BroadcastApproval, caller: Broadcasts) -> BroadcastTold:
        """Send it as it was seen: `digest` is that of the draft. Asking again changes nothing.

        One of headquarters is approved by headquarters, one of an in-charge by the in-charge there.
        """
        try:
            await approve_broadcast(await asked(broadcast_id, caller), given.digest, service.engine)
        except BroadcastNotFound:
            raise _not_found() from None
        except NotYoursToApprove:
            raise FORBIDDEN("It is approved by the in-charge it belongs to; you may cancel it") from None
        except BroadcastDiffers:
            raise BROADCAST_DIFFERS(
                "The digest is not that of this broadcast. Read it again, and approve what you see."
            ) from None
        except BroadcastNotReady as error:
            raise _not_ready(error.state, "a draft of the last 7 days") from None
        return await _told(service, BroadcastId(broadcast_id), caller)

    @router.post("/{broadcast_id}/cancellation", summary="Stop a broadcast", responses=problem_responses(404))
    async def cancellation(broadcast_id: UUID, caller: Broadcasts) -> BroadcastTold:
        """Hand nothing more of it to the gateway. Headquarters may stop any; asking again changes nothing."""
        try:
            await cancel_broadcast(await asked(broadcast_id, caller), service.engine)
        except BroadcastNotFound:
            raise _not_found() from None
        except BroadcastNotReady as error:
            raise _not_ready(error.state, "one that is not at its end") from None
        return await _told(service, BroadcastId(broadcast_id), caller)


def _checked_area(campaign: CampaignDefinition, code: str, caller: Caller) -> AreaCode:
    """The area of the audience.

    Raises:
        Problem: 422, the campaign has no such area; 403, it is not the in-charge's own.
    """
    area = campaign.by_code.get(AreaCode(code))
    if area is None:
        wrong = _wrong("area", "is no area of the campaign", "a code such as S11-PC04 or S11-AC032")
        raise invalid_fields([wrong])
    if caller.role is Role.IN_CHARGE:
        is_own = area.level in {Level.CONSTITUENCY, Level.SEGMENT} and (
            campaign.ancestor(area.code, Level.CONSTITUENCY).code == caller.area
        )
        if not is_own:
            raise FORBIDDEN("Give your own constituency, or one of its segments")
    return area.code


def _checked(asked: NewBroadcast, now: datetime) -> Mapping[Language, str]:
    """The texts as they are sent.

    Raises:
        Problem: 422 with everything that is wrong.
    """
    wrong: list[dict[str, str]] = []
    texts: dict[Language, str] = {}
    for language in LANGUAGES:
        given = _of(asked.texts, language)
        if given is None:
            continue
        try:
            texts[language] = clean_text(given)
        except UnfitText as error:
            wrong.append(_wrong(f"texts.{language}", str(error), error.expected))
            continue
        if found := forbidden_in_text(texts[language]):
            wrong.append(
                _wrong(f"texts.{language}", f"speaks of what nobody is told of: {found[1]}", "leave that out")
            )
    starts = asked.not_before
    if starts is not None and not now - _CLOCKS_DIFFER <= starts <= now + LATEST_START:
        wrong.append(_wrong("not_before", "is past, or too far ahead", "an instant of the next 30 days"))
    if wrong:
        raise invalid_fields(wrong)
    return texts


def _of(texts: BroadcastTexts, language: Language) -> str | None:
    given: str | None = getattr(texts, language)
    return given


def _wrong(field: str, message: str, expected: str) -> dict[str, str]:
    return {"field": field, "message": message, "expected": expected}


def _not_found() -> Problem:
    return NOT_FOUND("You see no broadcast of this id")


def _not_ready(state: BroadcastState, wanted: str) -> Problem:
    return BROADCAST_NOT_READY(f"The broadcast is {state.value}; this needs {wanted}.", state=state.value)
