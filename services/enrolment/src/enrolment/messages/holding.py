"""What holds the broadcasts of a campaign at a moment, apart from their pace."""

from datetime import datetime

from enrolment.clock import INDIA
from enrolment.domain.broadcasts import Held
from enrolment.domain.quiet_hours import is_quiet
from mitra_shared.campaign.definition import CampaignDefinition


def why_held(campaign: CampaignDefinition, now: datetime) -> Held | None:
    """Freeze or quiet hours; None: messages may go."""
    if campaign.issuing.frozen:
        return Held.FROZEN
    messages = campaign.messages
    if is_quiet(now.astimezone(INDIA), messages.quiet_from, messages.quiet_until):
        return Held.QUIET
    return None
