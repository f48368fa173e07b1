"""Reading the counts of single days, leaf by leaf; what may be shown of them is decided elsewhere."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.ids import AreaCode, CampaignId
from reporting.domain.cells import TOPIC_PREFIX

_DAYS = text(
    """
    select day, metric, area, cast(sum(count) as bigint) as counted from rollup_day
    where campaign = :campaign and day = any(:days)
    group by day, metric, area
    """
)

_TOPICS = text(
    """
    select day, metric, area, cast(sum(count) as bigint) as counted from rollup_day
    where campaign = :campaign and day between :first and :last and starts_with(metric, :prefix)
    group by day, metric, area
    """
)

LeafCounts = dict[str, dict[AreaCode, int]]
"""Counts by metric and leaf."""


async def read_days(
    connection: AsyncConnection, campaign: CampaignId, days: Iterable[date]
) -> dict[date, LeafCounts]:
    """The counts of all leaves of a campaign on the given days; a day without any is empty."""
    wanted = list(days)
    found: dict[date, LeafCounts] = {day: {} for day in wanted}
    for row in await connection.execute(_DAYS, {"campaign": campaign, "days": wanted}):
        found[row.day].setdefault(row.metric, {})[row.area] = row.counted
    return found


async def read_topics(
    connection: AsyncConnection, campaign: CampaignId, *, first: date, last: date
) -> dict[date, LeafCounts]:
    """The counts of topics from one day to another; a day without any is missing."""
    asked = {"campaign": campaign, "first": first, "last": last, "prefix": TOPIC_PREFIX}
    found: dict[date, LeafCounts] = {}
    for row in await connection.execute(_TOPICS, asked):
        found.setdefault(row.day, {}).setdefault(row.metric, {})[row.area] = row.counted
    return found
