"""`/v1/staff/invitations`: posts are filled by inviting somebody, who accepts."""

from uuid import UUID

from fastapi import APIRouter, Depends

from enrolment.api.callers import Appointing, LookingAfter, appointer, no_store
from enrolment.commands.accept_invitation import AcceptInvitation, accept_invitation
from enrolment.commands.invite_staff import InviteStaff, invite_staff
from enrolment.commands.posts import nation_of
from enrolment.commands.withdraw_invitation import withdraw_invitation
from enrolment.domain.passwords import WeakPassword, check_password
from enrolment.domain.staff import LEVEL_OF, Post, appointed_by
from enrolment.logins import WHAT_IS_RIGHT, InvalidLogin, Login, login_of
from enrolment.service import Service
from enrolment.staff_problems import as_problems, weak_password
from enrolment.staff_schemas import (
    AcceptanceRequest,
    Appointment,
    InvitationMade,
    InvitationRequest,
    InvitationsTold,
    InvitationTold,
    StaffRole,
)
from enrolment.storage import invitations
from enrolment.storage.invitations import Invitation
from mitra_shared.campaign.definition import CampaignDefinition
from mitra_shared.http.problems import invalid_fields, problem_responses
from mitra_shared.ids import AreaCode
from mitra_shared.person_names import RIGHT_NAME, UnacceptableName, clean_person_name
from mitra_shared.security.tokens import Role


def invitation_routes(service: Service) -> APIRouter:
    """Inviting, what is open, taking back, accepting."""
    router = APIRouter(prefix="/v1/staff/invitations", tags=["staff"], dependencies=[Depends(no_store)])

    @router.post(
        "",
        status_code=201,
        summary="Invite somebody to a post",
        responses=problem_responses(401, 403, 409, 413, 415),
    )
    async def invite(request: InvitationRequest, caller: Appointing) -> InvitationMade:
        """Make an invitation for one person, good for seven days.

        Headquarters fills the posts of states and the in-charges, an in-charge the co-in-charges of the own
        constituency, an operator headquarters.
        """
        campaign = await service.campaign(caller.campaign)
        command = InviteStaff(
            campaign=campaign.definition.id,
            post=post_of(request.role, request.area, campaign.definition),
            replaces=request.replaces,
            by=caller.subject,
            who=appointer(caller),
            asked_at=service.clock(),
        )
        with as_problems():
            made = await invite_staff(command, campaign.definition, service.engine)
        return InvitationMade(**_told(made.invitation).model_dump(), secret=made.secret)

    @router.get("", summary="Open invitations", responses=problem_responses(401, 403, 409))
    async def listing(caller: LookingAfter) -> InvitationsTold:
        """What can still be accepted, of the posts that are yours to fill. Secrets are not kept."""
        campaign = (await service.campaign(caller.campaign)).rules.campaign
        area = caller.area if caller.role is Role.IN_CHARGE else None
        async with service.engine.connect() as connection:
            found = await invitations.open_ones(
                connection, campaign, appointed_by(caller.role), area, service.clock()
            )
        return InvitationsTold(invitations=[_told(each) for each in found])

    @router.delete(
        "/{invitation_id}",
        status_code=204,
        summary="Take an invitation back",
        responses=problem_responses(401, 403, 404, 409),
    )
    async def take_back(invitation_id: UUID, caller: LookingAfter) -> None:
        """Void it before it is accepted. Asking again gives the same answer."""
        campaign = (await service.campaign(caller.campaign)).rules.campaign
        with as_problems():
            await withdraw_invitation(
                service.engine,
                invitation_id,
                campaign=campaign,
                by=caller.subject,
                who=appointer(caller),
                at=service.clock(),
            )

    @router.post(
        "/accept",
        status_code=201,
        summary="Accept an invitation",
        responses=problem_responses(404, 409, 413, 415),
    )
    async def accept(request: AcceptanceRequest) -> Appointment:
        """Take the post, with a login of one's own. The secret of the invitation is all that is needed.

        Somebody who had an account before gives its login and password.
        """
        name, login = _checked(request)
        command = AcceptInvitation(request.secret, name, login, request.password, service.clock())
        with as_problems():
            done = await accept_invitation(command, service.staffing, service.campaigns, service.engine)
        await service.look_at_revocations()
        return Appointment(
            id=done.staff,
            role=StaffRole(done.post.role.value),
            campaign=done.campaign,
            area=done.post.area,
        )

    return router


def post_of(role: StaffRole, area: AreaCode | None, definition: CampaignDefinition) -> Post:
    """The post that a request names; headquarters need not name the nation.

    Raises:
        Problem: 422, the area is missing.
    """
    if area is None and role is not StaffRole.HEADQUARTERS:
        expected = f"the code of a {LEVEL_OF[Role(role.value)].value}"
        raise invalid_fields([{"field": "area", "message": "is missing", "expected": expected}])
    return Post(Role(role.value), nation_of(definition) if area is None else area)


def _told(invitation: Invitation) -> InvitationTold:
    return InvitationTold(
        id=invitation.id,
        role=StaffRole(invitation.post.role.value),
        area=invitation.post.area,
        replaces=invitation.replaces,
        invited_by=invitation.invited_by,
        invited_at=invitation.invited_at,
        expires_at=invitation.expires_at,
    )


def _checked(request: AcceptanceRequest) -> tuple[str, Login]:
    """Name and login as they are kept.

    Raises:
        Problem: 422 with an entry for each of name, login and password that is not right.
    """
    errors: list[dict[str, str]] = []
    name, login = "", None
    try:
        name = clean_person_name(request.name)
    except UnacceptableName as error:
        errors.append({"field": "name", "message": str(error), "expected": RIGHT_NAME})
    try:
        login = login_of(request.login)
    except InvalidLogin:
        errors.append({"field": "login", "message": "is neither", "expected": WHAT_IS_RIGHT})
    try:
        check_password(request.password, request.login if login is None else login.text)
    except WeakPassword as error:
        errors.append(weak_password("password", error))
    if login is None or errors:
        raise invalid_fields(errors)
    return name, login
