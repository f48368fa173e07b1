"""Which round of contact is open on a day."""

from datetime import date
from enum import StrEnum

from mitra_shared.campaign.definition import CampaignDefinition, Round


class Stage(StrEnum):
    """Where a round is on a day."""

    TO_COME = "to come"
    OPEN = "open"
    CLOSED = "closed"


def stage_of(one: Round, day: date) -> Stage:
    """Where the round is on a day in India."""
    if day < one.opens_on:
        return Stage.TO_COME
    return Stage.OPEN if day <= one.closes_on else Stage.CLOSED


def round_open_on(definition: CampaignDefinition, day: date) -> str | None:
    """The round that is open on a day in India, the one that opened last if there are several."""
    opened = [one for one in definition.rounds if stage_of(one, day) is Stage.OPEN]
    return max(opened, key=lambda one: (one.opens_on, one.id)).id if opened else None
