"""The words of campaigns: the newest definition of each, whose names credentials are made of."""

from collections.abc import Collection, Mapping
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.campaign.definition import CampaignDefinition
from mitra_shared.ids import CampaignId

_LEARN: Final = text(
    """
    insert into campaign_words (campaign, version, definition) values (:campaign, :version, :definition)
    on conflict (campaign) do update set version = excluded.version, definition = excluded.definition
    where campaign_words.version < excluded.version
    """
)
_VERSIONS: Final = text("select campaign, version from campaign_words where campaign = any(:campaigns)")
_DEFINITION: Final = text(
    "select cast(definition as text) from campaign_words where campaign = :campaign and version = :version"
)


async def learn_words(connection: AsyncConnection, definition: CampaignDefinition) -> None:
    """Keep `definition`, unless a newer one is kept. Every partition tells of it; the first writes it."""
    known = (await connection.execute(_VERSIONS, {"campaigns": [definition.id]})).one_or_none()
    if known is None or known.version < definition.version:
        await connection.execute(
            _LEARN,
            {
                "campaign": definition.id,
                "version": definition.version,
                "definition": definition.model_dump_json(),
            },
        )


class Words:
    """The newest definitions, read again only when a newer one is kept."""

    def __init__(self) -> None:
        self._known: dict[CampaignId, CampaignDefinition] = {}

    async def of(
        self, connection: AsyncConnection, campaigns: Collection[CampaignId]
    ) -> Mapping[CampaignId, CampaignDefinition]:
        """The definitions of `campaigns`; one that is not known yet is missing."""
        versions = await connection.execute(_VERSIONS, {"campaigns": list(campaigns)})
        for campaign, version in versions.all():
            known = self._known.get(campaign)
            if known is None or known.version != version:
                newest = {"campaign": campaign, "version": version}
                found = (await connection.execute(_DEFINITION, newest)).scalar_one_or_none()
                if found is not None:
                    self._known[campaign] = CampaignDefinition.model_validate_json(found)
        return {campaign: self._known[campaign] for campaign in campaigns if campaign in self._known}
