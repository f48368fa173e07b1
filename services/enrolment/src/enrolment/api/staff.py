"""`/v1/staff`: who is staff, and what is done about somebody."""

from collections import defaultdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query

from enrolment.api.callers import LookingAfter, Operator, appointer
from enrolment.api.invitations import post_of
from enrolment.campaigns import LoadedCampaign
from enrolment.commands.erase_staff import EraseStaff, erase_staff
from enrolment.commands.hand_over_post import HandOverPost, hand_over_post
from enrolment.commands.register_staff import RegisterStaff, register_staff
from enrolment.commands.suspend_staff import SuspendStaff, suspend_staff
from enrolment.domain.staff import Post
from enrolment.service import Service
from enrolment.staff_problems import as_problems
from enrolment.staff_schemas import (
    STAFF_ID_PATTERN,
    Appointment,
    HandOverRequest,
    RegistrationDone,
    RegistrationRequest,
    StaffPage,
    StaffRole,
    StaffTold,
)
from enrolment.storage import staff
from enrolment.storage.staff import Account
from mitra_shared.http.problems import FORBIDDEN, invalid_fields, problem_responses
from mitra_shared.ids import AreaCode, CampaignId, StaffId
from mitra_shared.security.tokens import Caller, Role

LARGEST_PAGE = 1_000

StaffPath = Annotated[StaffId, Path(pattern=STAFF_ID_PATTERN)]


def staff_routes(service: Service) -> APIRouter:
    """Listing, registering, suspending, handing over."""
    router = APIRouter(prefix="/v1/staff", tags=["staff"], responses=problem_responses(401, 403, 409))

    @router.get("", summary="Staff whom you look after")
    async def listing(
        caller: LookingAfter,
        after: Annotated[str, Query(max_length=100, description="`next` of the page before.")] = "",
        limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 500,
    ) -> StaffPage:
        """One page of people, without phone and e-mail.

        Headquarters sees everybody, also who left and who is erased; an operator the same without names. An
        in-charge sees who is co-in-charge of the own constituency now, suspended or not.
        """
        campaign = (await service.campaign(caller.campaign)).rules.campaign
        post = None
        if caller.role is Role.IN_CHARGE:
            post = Post(Role.CO_IN_CHARGE, caller.area or AreaCode(""))
        async with service.engine.connect() as connection:
            # One more than is shown tells whether there is another page.
            found = await staff.page(connection, campaign, post=post, after=after, at_most=limit + 1)
        shown, more = found[:limit], found[limit:]
        with_names = caller.role is not Role.OPERATOR
        return StaffPage(
            staff=[_told(each, service.staffing.open_name(each) if with_names else None) for each in shown],
            next=shown[-1].id if more else None,
        )

    @router.put("", summary="Register staff known elsewhere", responses=problem_responses(400, 413, 415))
    async def register(request: RegistrationRequest, caller: Operator) -> RegistrationDone:
        """Give people of another system their posts here, without a login: all of them, or nobody.

        Sending the same again changes nothing. Somebody in another post than before leaves that one.
        """
        commands = await _registrations(service, request, caller)
        with as_problems():
            done = await register_staff(commands, service.engine)
        await service.look_at_revocations()
        return RegistrationDone(added=done.added, changed=done.changed, unchanged=done.unchanged)

    # Ids of staff may hold a slash.
    @router.post(
        "/{staff_id:path}/suspension",
        status_code=204,
        summary="Suspend somebody at once",
        responses=problem_responses(404),
    )
    async def suspend(staff_id: StaffPath, caller: LookingAfter) -> None:
        """End every session of a person; from the next request on none of their tokens is accepted here."""
        await _suspend(service, staff_id, caller, ends=False)

    @router.delete(
        "/{staff_id:path}/suspension",
        status_code=204,
        summary="End a suspension",
        responses=problem_responses(404),
    )
    async def restore(staff_id: StaffPath, caller: LookingAfter) -> None:
        """Let a person sign in again."""
        await _suspend(service, staff_id, caller, ends=True)

    @router.post(
        "/{staff_id:path}/hand-over",
        summary="Hand a post over",
        responses=problem_responses(404, 413, 415),
    )
    async def hand_over(staff_id: StaffPath, request: HandOverRequest, caller: LookingAfter) -> Appointment:
        """Let somebody who has an account take over the post of another person.

        For somebody without an account, invite with `replaces`.
        """
        campaign = (await service.campaign(caller.campaign)).rules.campaign
        command = HandOverPost(
            leaving=staff_id,
            taking=request.to,
            campaign=campaign,
            by=caller.subject,
            who=appointer(caller),
            asked_at=service.clock(),
        )
        with as_problems():
            post = await hand_over_post(command, service.engine)
        await service.look_at_revocations()
        return Appointment(id=request.to, role=StaffRole(post.role.value), campaign=campaign, area=post.area)

    @router.post(
        "/{staff_id:path}/erasure",
        status_code=204,
        summary="Erase name, login and sessions of somebody who is out",
        responses=problem_responses(404),
    )
    async def erase(staff_id: StaffPath, caller: LookingAfter) -> None:
        """At once, of somebody who holds no post or is suspended. The id stays; nothing can be taken back.

        Without this it happens by itself, once the person was out for as long as the campaign keeps names.
        """
        command = EraseStaff(
            staff=staff_id,
            campaign=(await service.campaign(caller.campaign)).rules.campaign,
            by=caller.subject,
            who=appointer(caller),
            asked_at=service.clock(),
        )
        with as_problems():
            await erase_staff(command, service.engine)
        await service.look_at_revocations()

    return router


async def _suspend(service: Service, person: StaffId, caller: Caller, *, ends: bool) -> None:
    command = SuspendStaff(
        staff=person,
        campaign=(await service.campaign(caller.campaign)).rules.campaign,
        by=caller.subject,
        who=appointer(caller),
        asked_at=service.clock(),
        ends=ends,
    )
    with as_problems():
        await suspend_staff(command, service.engine)
    await service.look_at_revocations()


async def _registrations(
    service: Service, request: RegistrationRequest, caller: Caller
) -> list[RegisterStaff]:
    """One command for each campaign.

    Raises:
        Problem: 422 with every entry whose id occurs twice or whose campaign is not loaded; 403 for an
            operator of another campaign.
    """
    errors: list[dict[str, Any]] = []
    posts: dict[CampaignId, dict[StaffId, Post]] = defaultdict(dict)
    seen: set[StaffId] = set()
    campaigns = await _campaigns(service, {entry.campaign for entry in request.staff})
    for index, entry in enumerate(request.staff):
        if caller.campaign not in {None, entry.campaign}:
            raise FORBIDDEN("Your token is for another campaign")
        place = f"staff[{index}]"
        if entry.id in seen:
            errors.append(_wrong(f"{place}.id", "occurs twice", "each id once"))
        seen.add(entry.id)
        loaded = campaigns[entry.campaign]
        if loaded is None:
            errors.append(_wrong(f"{place}.campaign", "is not loaded", "the id of a campaign in force"))
        else:
            posts[entry.campaign][entry.id] = post_of(entry.role, entry.area, loaded.definition)
    if errors:
        raise invalid_fields(errors)
    now = service.clock()
    return [
        RegisterStaff(service.campaigns.get(campaign).definition, people, caller.subject, now)
        for campaign, people in posts.items()
    ]


async def _campaigns(service: Service, named: set[CampaignId]) -> dict[CampaignId, LoadedCampaign | None]:
    async with service.engine.connect() as connection:
        # Once for all: another api may just have loaded one.
        await service.campaigns.refresh(connection)
    return {campaign: service.campaigns.find(campaign) for campaign in named}


def _wrong(field: str, message: str, expected: str) -> dict[str, str]:
    return {"field": field, "message": message, "expected": expected}


def _told(account: Account, name: str | None) -> StaffTold:
    return StaffTold(
        id=account.id,
        name=name,
        role=None if account.post is None else StaffRole(account.post.role.value),
        area=None if account.post is None else account.post.area,
        state=_state(account),
    )


def _state(account: Account) -> Literal["active", "suspended", "erased"]:
    # An operator may register the id of somebody who was erased anew.
    if account.is_erased and account.post is None:
        return "erased"
    return "suspended" if account.is_suspended else "active"
