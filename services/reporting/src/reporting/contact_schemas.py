"""What answers about rounds of contact look like, for the OpenAPI document; `contact_queries` fills them."""

from datetime import date

from mitra_shared.campaign.definition import Level, Names
from mitra_shared.ids import AreaCode, CampaignId
from reporting.domain.contact_rounds import Stage
from reporting.schemas import Answer, Freshness


class AreaContacts(Answer):
    """Contacts of a round in one area, counted the day after.

    `attempted` are all outcomes, `reached` the people who were reached, each once. `due` is everybody who was
    enrolled by the end of the round, or by now, as if nobody had withdrawn; null before the round opens.
    """

    area: AreaCode
    level: Level
    name: Names
    attempted: int
    reached: int
    due: int | None


class ContactRound(Answer):
    """One round of the campaign; `closes_on` is its last day (IST)."""

    round: str
    name: Names
    opens_on: date
    closes_on: date
    stage: Stage
    areas: list[AreaContacts]


class ContactRoundsAnswer(Freshness):
    """All rounds of the campaign, in the order of its definition."""

    campaign: CampaignId
    definition: int
    level: Level
    within: AreaCode
    rounds: list[ContactRound]
