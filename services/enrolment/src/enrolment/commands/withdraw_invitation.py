"""Take an invitation back before it is accepted."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.domain.staff import Appointer, may_appoint
from enrolment.storage import invitations
from enrolment.storage.staff_record import What, note
from mitra_shared.ids import CampaignId, StaffId
from mitra_shared.log import unit_of_work


class InvitationNotFound(Exception):
    """There is no such invitation, or it is another's to take back."""


class InvitationAccepted(Exception):
    """It served already: suspend the person instead."""


async def withdraw_invitation(
    engine: AsyncEngine, number: UUID, *, campaign: CampaignId, by: StaffId, who: Appointer, at: datetime
) -> None:
    """Take an invitation back. Again, it changes nothing.

    Raises:
        InvitationNotFound: none of the campaign, or one to a post that is another's to fill.
        InvitationAccepted: it was accepted.
    """
    async with unit_of_work(engine) as unit:
        invitation = await invitations.find(unit.connection, number)
        if invitation is None or invitation.campaign != campaign or not may_appoint(who, invitation.post):
            raise InvitationNotFound
        if invitation.accepted_at is not None:
            raise InvitationAccepted
        if invitation.withdrawn_at is None:
            await invitations.withdraw(unit.connection, number, at)
            await note(
                unit.connection,
                What.INVITATION_WITHDRAWN,
                at,
                actor=by,
                campaign=campaign,
                invitation=number,
            )
