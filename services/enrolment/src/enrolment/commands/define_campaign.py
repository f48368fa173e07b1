"""Put a campaign, or a new version of one, in force: for the intake at once, for the others by the log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.schemas import CampaignLoaded
from enrolment.storage import campaigns
from enrolment.storage.locks import lock_intake
from mitra_shared.campaign.check import CampaignMistakes, Mistake, mistakes_in, redrawn
from mitra_shared.campaign.definition import CampaignDefinition
from mitra_shared.contracts.events import CampaignDefinedV1
from mitra_shared.database import retrying
from mitra_shared.ids import new_event_id
from mitra_shared.log import unit_of_work


class VersionNotHigher(Exception):
    """A changed definition needs a higher version than the one in force."""

    def __init__(self, in_force: int) -> None:
        super().__init__(f"version {in_force} is in force")
        self.in_force = in_force


class AreasRedrawn(Exception):
    """People were counted where the new definition has other areas. Carries every such place."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = mistakes


@dataclass(frozen=True, slots=True)
class DefineCampaign:
    """What an operator loads."""

    definition: CampaignDefinition
    asked_at: datetime
    traceparent: str | None = None


async def define_campaign(command: DefineCampaign, engine: AsyncEngine) -> CampaignLoaded:
    """Put the definition in force.

    Raises:
        VersionNotHigher: another definition of this version, or a higher one, is in force.
        CampaignMistakes: the definition contradicts itself.
        AreasRedrawn: it moves an area of an earlier version, or draws all of them anew.
        sqlalchemy.exc.DBAPIError: the database is away; asking again is safe.
    """
    mistakes = mistakes_in(command.definition)
    if mistakes:
        raise CampaignMistakes(mistakes)
    return await retrying(lambda: _define(command, engine))


async def _define(command: DefineCampaign, engine: AsyncEngine) -> CampaignLoaded:
    definition = command.definition
    async with unit_of_work(engine) as unit:
        await lock_intake(unit.connection)
        versions = await campaigns.current_versions(unit.connection)
        in_force = versions.get(definition.id)
        if in_force is not None and definition.version <= in_force:
            known = await campaigns.current_definition(unit.connection, definition.id)
            if CampaignDefinition.model_validate_json(known) != definition:
                raise VersionNotHigher(in_force)
            return CampaignLoaded(id=definition.id, version=in_force, changed=False)
        before = await campaigns.areas_ever(unit.connection, definition.id)
        if moved := redrawn(definition, before.boundaries, before.parents):
            raise AreasRedrawn(moved)
        await campaigns.replace_current(
            unit.connection, definition.id, definition.version, definition.model_dump_json(), command.asked_at
        )
        event = CampaignDefinedV1(
            event_id=new_event_id(),
            campaign=definition.id,
            occurred_at=command.asked_at,
            definition=definition,
        )
        unit.emit(event, command.traceparent)
    return CampaignLoaded(id=definition.id, version=definition.version, changed=True)
