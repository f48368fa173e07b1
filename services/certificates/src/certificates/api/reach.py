"""How far a caller reaches: the segment or constituency that a request may be about."""

from typing import Annotated

from fastapi import Path, Query
from sqlalchemy.ext.asyncio import AsyncConnection

from certificates import queries
from certificates.problems import SEGMENT_UNKNOWN
from certificates.storage import hand_overs
from mitra_shared.campaign.definition import Slug
from mitra_shared.http.problems import FORBIDDEN, Problem, invalid_fields
from mitra_shared.ids import AreaCode, CampaignId
from mitra_shared.security.tokens import Caller, Role

Code = Annotated[AreaCode, Path(pattern=r"^[A-Z0-9][A-Z0-9-]{0,31}$", examples=["S11-AC032"])]
Campaign = Annotated[
    Slug | None, Query(description="Needed where the token names none and several have the segment")
]


async def segment_within(
    connection: AsyncConnection, code: AreaCode, caller: Caller, campaign: str | None
) -> queries.SegmentFound:
    """The segment a caller asks for.

    Raises:
        Problem: it is not there, not within the caller's area, or in several campaigns.
    """
    wanted = _campaign_of(caller, campaign)
    segments = await queries.find_segments(connection, code, wanted)
    if not segments:
        raise SEGMENT_UNKNOWN("Segment codes look like S11-AC032")
    if len(segments) > 1:
        raise _several([segment.campaign for segment in segments])
    (segment,) = segments
    if not _within(segment, caller):
        raise FORBIDDEN("The segment is outside of the area of your token")
    return segment


async def own_campaign(connection: AsyncConnection, caller: Caller, campaign: str | None) -> CampaignId:
    """The campaign in which a member of staff works in the constituency of the token.

    Raises:
        Problem: the constituency is in none or in several.
    """
    if caller.area is None:
        raise FORBIDDEN("Your token names no constituency")
    wanted = _campaign_of(caller, campaign)
    there = await hand_overs.campaigns_of(connection, caller.area)
    found = [each for each in there if wanted in {None, each}]
    if not found:
        raise FORBIDDEN("The campaign has no such constituency as that of your token")
    if len(found) > 1:
        raise _several(found)
    return found[0]


def _campaign_of(caller: Caller, campaign: str | None) -> CampaignId | None:
    wanted = CampaignId(campaign) if campaign is not None else caller.campaign
    if caller.campaign not in {None, wanted}:
        raise FORBIDDEN("Your token is for another campaign")
    return wanted


def _several(campaigns: list[CampaignId]) -> Problem:
    return invalid_fields(
        [
            {
                "field": "campaign",
                "message": "is needed: there are several",
                "expected": f"one of {', '.join(campaigns)}",
            }
        ]
    )


def _within(segment: queries.SegmentFound, caller: Caller) -> bool:
    match caller.role:
        case Role.HEADQUARTERS | Role.OPERATOR:
            return True
        case Role.STATE_COORDINATOR:
            return segment.state == caller.area
        case _:
            return segment.constituency == caller.area
