"""What the desk gave stays when a new plan draws the pools: it goes with its area, or lapses.

A segment's places go to its constituency when the quotas move there. The other way there is no saying which
segment they were for: they lapse. Others learn of both as changes of places.
"""

from collections import Counter
from collections.abc import Mapping
from uuid import UUID

from certificates.domain.certificate import Cause
from certificates.domain.events import PlacesChange, PlacesRaised, PlacesReserved
from certificates.domain.pool import Pool, Segment
from mitra_shared.ids import AreaCode, CampaignId


def carry_over(
    campaign: CampaignId,
    before: Mapping[AreaCode, Pool],
    after: Mapping[AreaCode, Pool],
    segments: Mapping[AreaCode, Segment],
    cause: Cause,
) -> list[PlacesChange]:
    """Give the pools of `after` what was raised and reserved in those of `before`.

    Returns:
        What left an area or came to one, areas and programmes ascending; nothing while the areas stay.
    """
    raised: Counter[AreaCode] = Counter()
    reserved: Counter[tuple[AreaCode, UUID]] = Counter()
    for area, pool in before.items():
        holder = area if area in after else segments[area].pool if area in segments else None
        if holder is not None:
            after[holder].raise_by(pool.raised)
            for programme, places in pool.reservations.items():
                after[holder].set_aside(programme, places)
        for place, sign in ((area, -1), (holder, 1)):
            if holder == area or place is None:
                continue
            raised[place] += sign * pool.raised
            for programme, places in pool.reservations.items():
                reserved[place, programme] += sign * places
    home = {segment.code: segment.constituency for segment in segments.values()}
    return [
        *(
            PlacesRaised(campaign, home.get(area, area), area, cause, by)
            for area, by in sorted(raised.items())
            if by
        ),
        *(
            PlacesReserved(campaign, home.get(area, area), area, cause, programme, places)
            for (area, programme), places in sorted(reserved.items())
            if places
        ),
    ]
