"""Campaign definitions: every version ever loaded, one of each campaign in force."""

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.ids import AreaCode, CampaignId


class AreasEver(NamedTuple):
    """The areas of all versions of a campaign: what each lies in, and the newest version's boundaries."""

    parents: dict[AreaCode, AreaCode | None]
    boundaries: str | None


async def current_versions(connection: AsyncConnection) -> dict[CampaignId, int]:
    """The version in force of each campaign."""
    rows = await connection.execute(text("select id, version from campaign where current"))
    return {row.id: row.version for row in rows}


async def ends(connection: AsyncConnection) -> list[tuple[CampaignId, date]]:
    """The last day of each campaign in force."""
    rows = await connection.execute(
        text("select id, cast(definition ->> 'target_date' as date) as ends from campaign where current")
    )
    return [(row.id, row.ends) for row in rows]


async def current_definition(connection: AsyncConnection, campaign: CampaignId) -> str:
    """The definition in force, as JSON.

    Raises:
        sqlalchemy.exc.NoResultFound: no such campaign.
    """
    definition: str = (
        await connection.execute(
            text("select cast(definition as text) from campaign where id = :id and current"), {"id": campaign}
        )
    ).scalar_one()
    return definition


async def areas_ever(connection: AsyncConnection, campaign: CampaignId) -> AreasEver:
    """Every area that any version had, also one that was left out since."""
    rows = await connection.execute(
        text(
            """
            select area ->> 'code' as code, area ->> 'parent' as parent,
                   definition -> 'boundaries' ->> 'version' as boundaries
            from campaign cross join lateral json_array_elements(definition -> 'areas') as area
            where id = :id order by version
            """
        ),
        {"id": campaign},
    )
    parents: dict[AreaCode, AreaCode | None] = {}
    boundaries: str | None = None
    for row in rows:
        parents[row.code], boundaries = row.parent, row.boundaries
    return AreasEver(parents, boundaries)


async def replace_current(
    connection: AsyncConnection, campaign: CampaignId, version: int, definition: str, at: datetime
) -> None:
    """Put a version in force in place of the one before."""
    await connection.execute(
        text("update campaign set current = false where id = :id and current"), {"id": campaign}
    )
    await connection.execute(
        text(
            "insert into campaign (id, version, definition, defined_at, current)"
            " values (:id, :version, cast(:definition as json), :at, true)"
        ),
        {"id": campaign, "version": version, "definition": definition, "at": at},
    )


async def notices_defined(connection: AsyncConnection, campaign: CampaignId) -> dict[str, datetime]:
    """When each version of the notice was first loaded, with whichever definition."""
    rows = await connection.execute(
        text(
            """
            select notice ->> 'version' as version, min(defined_at) as defined_at
            from campaign cross join lateral json_array_elements(definition -> 'notices') as notice
            where id = :id group by 1
            """
        ),
        {"id": campaign},
    )
    return {row.version: row.defined_at for row in rows}


async def notice_text(
    connection: AsyncConnection, campaign: CampaignId, version: str, language: str, digest: bytes | None
) -> str | None:
    """The text of a notice with that SHA-256, whichever definition held it."""
    found = await connection.execute(
        text(
            """
            select notice ->> 'text' as text
            from campaign cross join lateral json_array_elements(definition -> 'notices') as notice
            where id = :id and notice ->> 'version' = :version and notice ->> 'language' = :language
              and sha256(convert_to(notice ->> 'text', 'UTF8')) = :digest
            limit 1
            """
        ),
        {"id": campaign, "version": version, "language": language, "digest": digest},
    )
    told: str | None = found.scalar_one_or_none()
    return told
