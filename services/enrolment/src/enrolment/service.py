"""The parts of one api process that its routes share."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.campaigns import CampaignNotLoaded, LoadedCampaign, LoadedCampaigns
from enrolment.clock import Clock
from enrolment.device_receipts import ReceiptSigner
from enrolment.intake.desk import IntakeDesk
from enrolment.problems import NO_CAMPAIGN
from enrolment.seals import Seals
from enrolment.staffing import Staffing
from mitra_shared.http.problems import unavailable
from mitra_shared.http.rates import RatePerAddress
from mitra_shared.ids import CampaignId


@dataclass(frozen=True, slots=True)
class People:
    """What the routes for people and their rights share."""

    url: str
    """Where people reach their pages."""
    codes: RatePerAddress


@dataclass(frozen=True, slots=True)
class Service:
    """Made by `main`, handed to the routes."""

    engine: AsyncEngine
    campaigns: LoadedCampaigns
    desk: IntakeDesk
    clock: Clock
    seals: Seals
    looks_a_day: int
    """People whose name and phone a member of staff may look at."""
    staffing: Staffing
    people: People
    receipts: ReceiptSigner

    async def look_at_revocations(self) -> None:
        """Know what was just changed without waiting for the next look."""
        async with self.engine.connect() as connection:
            await self.staffing.revocations.refresh(connection)

    async def campaign(self, campaign: CampaignId | None) -> LoadedCampaign:
        """The campaign a token is for.

        Raises:
            Problem: it is not loaded; the token names none and there is not exactly one; none was read yet.
        """
        if not self.campaigns.were_read:
            # A phone takes a 409 for final.
            raise unavailable("The campaigns are not loaded yet.")
        try:
            return await self.campaigns.get_or_look(campaign, self.engine)
        except CampaignNotLoaded:
            raise NO_CAMPAIGN(
                "The campaign of your token is not loaded, or the token names none and there are several."
            ) from None
