"""What the quota desk looks up before it decides: areas, and certificates by their number."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from certificates.domain.certificate import visible_number
from certificates.storage.registers import Scope
from mitra_shared.ids import AreaCode, CampaignId, CertificateId, MitraId


@dataclass(frozen=True, slots=True)
class AreaFound:
    """A segment or constituency of a campaign, and the constituency it is or lies in."""

    scope: Scope
    constituency: AreaCode


_AREAS: Final = text(
    """
    select distinct partition, campaign, constituency from segment
    where (segment = :code or constituency = :code)
      and campaign = coalesce(cast(:campaign as text), campaign)
    order by campaign
    """
)


async def find_areas(
    connection: AsyncConnection, code: AreaCode, campaign: CampaignId | None
) -> Sequence[AreaFound]:
    """The area of that code, in one campaign or in each that has it."""
    rows = await connection.execute(_AREAS, {"code": code, "campaign": campaign})
    return [AreaFound(Scope(row.partition, row.campaign), row.constituency) for row in rows]


@dataclass(frozen=True, slots=True)
class NumberFound:
    """A certificate that has a number, or had it before it was spoiled.

    Attributes:
        serial: the one that was asked for.
        current: the one it has now.
    """

    scope: Scope
    certificate_id: CertificateId
    mitra_id: MitraId
    constituency: AreaCode
    segment: AreaCode
    serial: int
    current: int

    @property
    def number(self) -> str:
        """The one that was asked for, as it is printed."""
        return visible_number(self.segment, self.serial)


_NUMBERS: Final = text(
    """
    with asked as (
        select distinct campaign from campaign where campaign = coalesce(cast(:campaign as text), campaign)
    )
    select c.partition, c.campaign, c.id, c.mitra_id, c.constituency, c.segment, c.serial as current
    from asked join certificate as c using (campaign)
    where c.segment = :segment and c.serial = :serial
    union all
    select c.partition, c.campaign, c.id, c.mitra_id, c.constituency, c.segment, c.serial
    from asked join void_number as void using (campaign) join certificate as c on c.id = void.certificate_id
    where void.segment = :segment and void.serial = :serial
    order by campaign
    """
)


async def find_numbers(
    connection: AsyncConnection, segment: AreaCode, serial: int, campaign: CampaignId | None
) -> Sequence[NumberFound]:
    """The certificate of that number, in one campaign or in each that has it."""
    rows = await connection.execute(_NUMBERS, {"segment": segment, "serial": serial, "campaign": campaign})
    return [
        NumberFound(
            Scope(row.partition, row.campaign),
            row.id,
            row.mitra_id,
            row.constituency,
            row.segment,
            serial,
            row.current,
        )
        for row in rows
    ]
