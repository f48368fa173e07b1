"""Accept an invitation: whoever holds its secret gets an account, and the post.

Three kinds of people do:

- somebody new gets an account of their own;
- somebody who has one without a post (handed over, long ago) gives its password and is appointed again;
- who is to be replaced by the invitation and is the same person (the login is theirs) begins the login
  anew: so a forgotten password or a lost authenticator is put right by whoever may invite.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from enrolment.campaigns import LoadedCampaigns
from enrolment.commands.invite_staff import secret_hash
from enrolment.commands.posts import NobodyToReplace, check_holder, limits_of, recording_no_room
from enrolment.domain.staff import Post, check_room
from enrolment.logins import Login
from enrolment.staffing import Staffing
from enrolment.storage import invitations, sessions, staff
from enrolment.storage.invitations import Invitation
from enrolment.storage.locks import lock_posts
from enrolment.storage.staff import Account, Credentials
from enrolment.storage.staff_log import tell_standing
from enrolment.storage.staff_record import What, note, note_refusal
from mitra_shared.database import retrying
from mitra_shared.ids import CampaignId, StaffId
from mitra_shared.log import unit_of_work


class InvitationUnknown(Exception):
    """Nobody was invited with this secret."""


class InvitationVoid(Exception):
    """The invitation can no longer be accepted; the message says why."""


class LoginTaken(Exception):
    """Somebody signs in with this phone or e-mail already."""


@dataclass(frozen=True, slots=True)
class AcceptInvitation:
    """What the invited person says. Name, login and password were looked at already."""

    secret: str
    name: str
    login: Login
    password: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Appointed:
    """Who now holds which post."""

    staff: StaffId
    campaign: CampaignId
    post: Post


async def accept_invitation(
    command: AcceptInvitation, staffing: Staffing, campaigns: LoadedCampaigns, engine: AsyncEngine
) -> Appointed:
    """Accept.

    Raises:
        InvitationUnknown: there is none with this secret.
        InvitationVoid: accepted already, taken back, run out, or nobody is left to be replaced; recorded.
        LoginTaken: the login belongs to another account; after five of them the invitation is void.
        PostFilled: the campaign has less room than it had; recorded as refused to whoever invited.
        PasswordsBusy: ask again in a moment.
        CampaignNotLoaded: the campaign is gone.
        sqlalchemy.exc.DBAPIError: the database is away.
    """
    async with engine.connect() as connection:
        invitation = await invitations.find_by_secret(connection, secret_hash(command.secret))
        known = await staff.find_by_login(connection, staffing.login_hash(command.login))
    if invitation is None:
        raise InvitationUnknown
    await _check_open(invitation, command.asked_at, engine)
    password = await _password(command, invitation, known, staffing)
    if password is None:
        async with unit_of_work(engine) as unit:
            await invitations.count_refused_login(unit.connection, invitation.id, command.asked_at)
        raise LoginTaken
    limits = limits_of((await campaigns.get_or_look(invitation.campaign, engine)).definition)

    async def appoint() -> Appointed:
        async with unit_of_work(engine) as unit:
            connection = unit.connection
            await lock_posts(connection, invitation.campaign)
            found = await invitations.find_by_secret(connection, secret_hash(command.secret), for_update=True)
            if found is None or not found.is_open(command.asked_at):
                raise InvitationVoid("was accepted or taken back a moment ago")
            if found.replaces is None:
                taken = await staff.people_in(connection, found.campaign, found.post)
                check_room(found.post, limits, taken=taken)
            person = await _account(connection, command, found, known, password, staffing)
            await invitations.accept(connection, found.id, person, command.asked_at)
            changed = {person} if found.replaces is None else {person, found.replaces}
            await tell_standing(unit, changed, command.asked_at)
            return Appointed(person, found.campaign, found.post)

    by, at = invitation.invited_by, command.asked_at
    try:
        async with recording_no_room(engine, campaign=invitation.campaign, by=by, at=at):
            return await retrying(appoint)
    except NobodyToReplace:
        raise InvitationVoid("was to replace somebody who has left the post") from None
    except IntegrityError:
        # Another request took the login since we looked.
        raise LoginTaken from None


async def _check_open(invitation: Invitation, now: datetime, engine: AsyncEngine) -> None:
    if invitation.is_open(now):
        return
    if invitation.accepted_at is not None:
        why = "was accepted already"
    elif invitation.withdrawn_at is not None:
        why = "was taken back"
    else:
        why = "has run out"
    async with unit_of_work(engine) as unit:
        await note_refusal(
            unit.connection,
            What.REFUSED_INVITATION,
            now,
            staff=invitation.accepted_by,
            campaign=invitation.campaign,
            invitation=invitation.id,
            why=why,
        )
    raise InvitationVoid(why)


async def _password(
    command: AcceptInvitation, invitation: Invitation, known: Account | None, staffing: Staffing
) -> str | None:
    """The hash to keep; None: the login is another's."""
    if known is None:
        return await staffing.passwords.hash(command.password)
    if known.is_suspended or known.campaign != invitation.campaign:
        return None
    if known.id == invitation.replaces:
        return await staffing.passwords.hash(command.password)
    right, better = await staffing.passwords.check(command.password, known.password)
    return (better or known.password) if right and known.post is None else None


async def _account(
    connection: AsyncConnection,
    command: AcceptInvitation,
    invitation: Invitation,
    known: Account | None,
    password: str,
    staffing: Staffing,
) -> StaffId:
    """The account that holds the post from now on."""
    now, by = command.asked_at, invitation.invited_by
    if invitation.replaces is not None:
        await check_holder(connection, invitation.replaces, invitation.campaign, invitation.post)
        await sessions.end_all(connection, invitation.replaces, now, "replaced")
    person = StaffId(str(uuid4())) if known is None else known.id
    phone, email = staffing.seal_login(command.login, person)
    given = Credentials(
        staffing.seal_name(command.name, person),
        staffing.seal_shown_name(command.name, person),
        phone,
        email,
        staffing.login_hash(command.login),
        password,
    )
    what = What.ACCEPTED
    if known is None:
        await staff.insert(connection, person, invitation.campaign, given, now)
    else:
        await _check_unchanged(connection, known)
        if known.id == invitation.replaces:
            what = What.SIGNED_UP_ANEW
            await staff.set_credentials(connection, person, given, now)
    if what is What.ACCEPTED:
        if invitation.replaces is not None:
            await staff.end_grants(connection, [invitation.replaces], now, by)
        await staff.grant(connection, [person], invitation.campaign, [invitation.post], now, by)
    await note(
        connection, what, now, actor=by, staff=person, campaign=invitation.campaign, invitation=invitation.id
    )
    return person


async def _check_unchanged(connection: AsyncConnection, known: Account) -> None:
    again = await staff.find(connection, known.id, for_update=True)
    if again is None or again._replace(totp_step=known.totp_step) != known:
        raise InvitationVoid("cannot be accepted while the account changes; try again")
