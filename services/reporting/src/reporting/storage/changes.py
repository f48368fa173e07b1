"""Reading what changed since a version, with the positions it includes, in one snapshot."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.campaign.definition import CampaignDefinition
from mitra_shared.ids import AreaCode, CampaignId, Epoch, Partition, Position
from reporting.domain.board import (
    Beside,
    Contacted,
    Leaf,
    OpenRound,
)
from reporting.domain.cells import ContactCounts
from reporting.domain.leaf_counts import LeafCounts, OutreachCounts, PaperCounts, ProgrammeCounts
from reporting.storage.version import INCARNATION

GROUP = "reporting"
"""Name of the consumer group."""

BEFORE_ALL = -1
"""A version below every version: everything changed since."""


class Reached(NamedTuple):
    """How far the rollups are in one partition of a topic."""

    epoch: Epoch
    position: Position

    def __str__(self) -> str:
        return f"{self.epoch}-{self.position}"


class Known(NamedTuple):
    """The newest definition of a campaign and the version of the commit that brought it."""

    definition: CampaignDefinition
    version: int


class Changes(NamedTuple):
    """What changed since a version. `as_of` is the database's time of the snapshot."""

    version: int
    whole_since: int
    """Everything counts as changed since this version."""
    is_same_incarnation: bool
    """Whether the database is the one it was at `whole_since`; if not, it may have been put back."""
    as_of: datetime
    positions: dict[tuple[str, Partition], Reached]
    leaves: list[tuple[Partition, Leaf]]
    definitions: list[Known]
    besides: list[tuple[Partition, Beside]]
    contacts: list[tuple[Partition, Contacted]]
    opened: list[OpenRound]


_STANDING = text(
    f"""
    select v.version, v.whole_since, v.incarnation = {INCARNATION} as is_same, now() as as_of,
           (select coalesce(max(version), {BEFORE_ALL}) from campaign_known) as defined,
           (select coalesce(max(version), {BEFORE_ALL}) from places_beside) as placed,
           (select coalesce(max(version), {BEFORE_ALL}) from rollup_round) as contacted,
           (select coalesce(max(version), {BEFORE_ALL}) from round_open) as opened,
           p.topic, p.partition, p.epoch, p.position
    from rollup_version as v left join consumer_position as p on p."group" = :group
    """  # noqa: S608 - a constant of ours
)
_LEAVES = text(
    """
    select partition, campaign, area,
           enrolled, certificates_decided, certificates_never_decided, opinions,
           certificates_printed, certificates_dispatched, certificates_handed_over,
           programmes_held, programmes_presented, programmes_beneficiaries, programmes_attendance,
           meetings_held, people_met, version
    from rollup_total where version > :since
    """
)
_BESIDES = text(
    """
    select partition, campaign, area, raised - reserved as places, version
    from places_beside where version > :since
    """
)
_CONTACTS = text(
    """
    select partition, campaign, area, round, attempted, reached, version
    from rollup_round where version > :since
    """
)
_OPENED = text("select campaign, round, version from round_open where version > :since")
_DEFINITIONS = text(
    """
    select distinct on (campaign) definition, version from campaign_known where version > :since
    order by campaign, definition_version desc, version
    """
)


async def read_changes(engine: AsyncEngine, since: int) -> Changes:
    """Everything stamped with a version above `since`, and all positions, as of one instant.

    With a definition that is new come all leaves: it decides which of their counts show.
    """
    async with engine.connect() as plain:
        connection = await plain.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        standing = (await connection.execute(_STANDING, {"group": GROUP})).all()
        version, whole_since = standing[0].version, standing[0].whole_since
        leaves: Sequence[Row[Any]] = ()
        definitions: Sequence[Row[Any]] = ()
        besides: Sequence[Row[Any]] = ()
        contacts: Sequence[Row[Any]] = ()
        opened: Sequence[Row[Any]] = ()
        if version > since:
            # Definitions and places change rarely, counts all the time.
            definitions_since = BEFORE_ALL if whole_since > since else since
            if standing[0].defined > definitions_since:
                definitions = (await connection.execute(_DEFINITIONS, {"since": definitions_since})).all()
            leaves_since = BEFORE_ALL if definitions or whole_since > since else since
            leaves = (await connection.execute(_LEAVES, {"since": leaves_since})).all()
            if standing[0].placed > leaves_since:
                besides = (await connection.execute(_BESIDES, {"since": leaves_since})).all()
            if standing[0].contacted > leaves_since:
                contacts = (await connection.execute(_CONTACTS, {"since": leaves_since})).all()
            if standing[0].opened > definitions_since:
                opened = (await connection.execute(_OPENED, {"since": definitions_since})).all()
    return Changes(
        version=version,
        whole_since=whole_since,
        is_same_incarnation=standing[0].is_same,
        as_of=standing[0].as_of,
        positions={
            (row.topic, row.partition): Reached(row.epoch, row.position)
            for row in standing
            if row.topic is not None
        },
        leaves=[(Partition(row.partition), _leaf(row)) for row in leaves],
        definitions=[
            Known(CampaignDefinition.model_validate_json(row.definition), row.version) for row in definitions
        ],
        besides=[
            (
                Partition(row.partition),
                Beside(CampaignId(row.campaign), AreaCode(row.area), row.places, row.version),
            )
            for row in besides
        ],
        contacts=[(Partition(row.partition), _contacted(row)) for row in contacts],
        opened=[OpenRound(CampaignId(row.campaign), row.round, row.version) for row in opened],
    )


def _leaf(row: Row[Any]) -> Leaf:
    counts = LeafCounts(
        row.enrolled,
        row.certificates_decided,
        row.certificates_never_decided,
        row.opinions,
        PaperCounts(row.certificates_printed, row.certificates_dispatched, row.certificates_handed_over),
        ProgrammeCounts(
            row.programmes_held,
            row.programmes_presented,
            row.programmes_beneficiaries,
            row.programmes_attendance,
        ),
        OutreachCounts(row.meetings_held, row.people_met),
    )
    return Leaf(CampaignId(row.campaign), AreaCode(row.area), counts, row.version)


def _contacted(row: Row[Any]) -> Contacted:
    counts = ContactCounts(row.attempted, row.reached)
    return Contacted(CampaignId(row.campaign), AreaCode(row.area), row.round, counts, row.version)
