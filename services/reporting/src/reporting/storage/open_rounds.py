"""Writing which round is open: a commit like any other, so that whoever follows by version sees it happen."""

from collections.abc import Mapping

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.ids import CampaignId
from reporting.storage.version import take_version

_OPEN = text(
    """
    insert into round_open (campaign, round, version) values (:campaign, :round, :version)
    on conflict (campaign) do update set round = excluded.round, version = excluded.version
    where round_open.round is distinct from excluded.round
    """
)


async def open_rounds(connection: AsyncConnection, rounds: Mapping[CampaignId, str | None]) -> None:
    """Let these rounds be the open ones of their campaigns; what is so already stays as it is."""
    version = await take_version(connection)
    for campaign, one in rounds.items():
        await connection.execute(_OPEN, {"campaign": campaign, "round": one, "version": version})
