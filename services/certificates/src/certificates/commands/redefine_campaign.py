"""Redefine a campaign: put changed quotas, areas or rules in force at their place in the log."""

from dataclasses import dataclass
from typing import TypeGuard

from structlog import get_logger

from certificates.domain.certificate import Cause
from certificates.domain.events import Change, PlacesChange, PlacesRaised, PlacesReserved
from certificates.domain.pool import Plan, PoolLevel
from certificates.domain.register import Register
from certificates.storage.changes import save
from certificates.storage.registers import Scope, load_whole
from certificates.storage.terms import save_terms
from certificates.storage.words import learn_words
from certificates.wire import to_wire
from mitra_shared.campaign.definition import CampaignDefinition
from mitra_shared.ids import CampaignId, Partition
from mitra_shared.log import UnitOfWork

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RedefineCampaign:
    """What a campaign definition plans for the constituencies of one partition."""

    partition: Partition
    campaign: CampaignId
    plan: Plan
    definition: CampaignDefinition
    cause: Cause


async def redefine_campaign(unit: UnitOfWork, command: RedefineCampaign) -> None:
    """Take the plan over, call whom it makes room for, and emit what happened; an older plan does nothing."""
    await learn_words(unit.connection, command.definition)
    scope = Scope(command.partition, command.campaign)
    register = await load_whole(unit.connection, scope)
    before = register.terms
    changes = register.redefine(command.plan, command.cause)
    if register.terms.version == before.version:
        return
    await save_terms(unit.connection, scope, register, redrawn=register.terms.level is not before.level)
    await save(unit.connection, {scope: register})
    lapsed = sorted({c.area for c in changes if _lapses(c, register)})
    if lapsed:
        log.warning(
            "places of the quota desk lapsed: the quotas moved to segments",
            campaign=command.campaign,
            version=register.terms.version,
            areas=lapsed,
        )
    for change in changes:
        unit.emit(to_wire(change))


def _lapses(change: Change, register: Register) -> TypeGuard[PlacesChange]:
    """Whether it takes places from an area without giving them to another."""
    match change:
        case PlacesRaised(by=gone) | PlacesReserved(places=gone):
            return gone < 0 and register.terms.level is PoolLevel.SEGMENT
        case _:
            return False
