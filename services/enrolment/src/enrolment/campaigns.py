"""The campaigns in force, held in memory and kept fresh from the database.

Every api process looks for changes a few times a second; besides, a group of enrolments is always judged by
the version it commits under (`intake.transaction` checks under the lock that a change of campaign takes).
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from hashlib import sha256

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from enrolment.clock import india_day
from enrolment.domain.rules import Notice, OpinionRound, Question, Rules
from enrolment.storage import campaigns as storage
from mitra_shared.campaign.definition import CampaignDefinition, Level
from mitra_shared.ids import CampaignId


class CampaignNotLoaded(Exception):
    """No such campaign, or the caller named none and there is not exactly one."""


@dataclass(frozen=True, slots=True)
class LoadedCampaign:
    """One campaign in the version in force. `text` is its definition as stored, JSON."""

    definition: CampaignDefinition
    rules: Rules
    text: str


def rules_of(definition: CampaignDefinition, defined_on: Mapping[str, date]) -> Rules:
    """What the intake needs of a definition.

    Args:
        definition: the version in force.
        defined_on: for each version of the notice the day on which this service first knew it; one that is
            not there was always known.
    """
    notices: dict[str, Notice] = {}
    for notice in definition.notices:
        known = notices.get(notice.version)
        notices[notice.version] = Notice(
            notice.version,
            {**(known.hashes if known else {}), notice.language: sha256(notice.text.encode()).digest()},
            min(notice.in_force_from, known.in_force_from) if known else notice.in_force_from,
        )
    return Rules(
        campaign=definition.id,
        version=definition.version,
        segments={
            area.code: definition.ancestor(area.code, Level.CONSTITUENCY).code
            for area in definition.at_level(Level.SEGMENT)
        },
        schemes=frozenset(scheme.code for scheme in definition.schemes),
        bases=frozenset(definition.eligibility.bases),
        notices=_with_grace(tuple(notices.values()), definition.consent.grace_days, defined_on),
        minimum_age=definition.eligibility.minimum_age,
        people_per_phone=definition.eligibility.people_per_phone,
        rounds={
            planned.id: OpinionRound(
                planned.opens_on,
                planned.closes_on,
                {
                    question.id: Question(question.kind, frozenset(choice.id for choice in question.choices))
                    for question in planned.questions
                },
            )
            for planned in definition.rounds
        },
    )


def _with_grace(
    notices: tuple[Notice, ...], grace_days: int, defined_on: Mapping[str, date]
) -> tuple[Notice, ...]:
    """The notices, each with the day it is replaced: when a newer one is both due and known here."""
    graced: list[Notice] = []
    for notice in notices:
        replaced_on = min(
            (
                max(newer.in_force_from, defined_on.get(newer.version, date.min))
                for newer in notices
                if newer.in_force_from > notice.in_force_from
            ),
            default=None,
        )
        until = replaced_on + timedelta(days=grace_days) if replaced_on is not None and grace_days else None
        graced.append(replace(notice, replaced_on=replaced_on, taken_until=until))
    return tuple(graced)


class LoadedCampaigns:
    """The campaigns of this process.

    Attributes:
        were_read: whether the database was ever asked; before, that a campaign is not here says nothing.
    """

    def __init__(self) -> None:
        self.were_read = False
        self._loaded: dict[CampaignId, LoadedCampaign] = {}
        self._looking = asyncio.Lock()

    def get(self, campaign: CampaignId | None) -> LoadedCampaign:
        """The campaign of that id; for None, the only one there is.

        Raises:
            CampaignNotLoaded: there is none, or several to choose from.
        """
        if campaign is None:
            if len(self._loaded) != 1:
                raise CampaignNotLoaded
            (only,) = self._loaded.values()
            return only
        try:
            return self._loaded[campaign]
        except KeyError:
            raise CampaignNotLoaded from None

    async def get_or_look(self, campaign: CampaignId | None, engine: AsyncEngine) -> LoadedCampaign:
        """As `get`, but the database is asked before the answer is no: another api may just have loaded it.

        Raises:
            CampaignNotLoaded: there is none, or several to choose from.
            sqlalchemy.exc.DBAPIError: the database is away.
        """
        try:
            return self.get(campaign)
        except CampaignNotLoaded:
            async with self._looking, engine.connect() as connection:
                await self.refresh(connection)
        return self.get(campaign)

    def find(self, campaign: CampaignId) -> LoadedCampaign | None:
        """The campaign of that id, if it is loaded."""
        return self._loaded.get(campaign)

    def all(self) -> tuple[LoadedCampaign, ...]:
        """Every campaign that is loaded."""
        return tuple(self._loaded.values())

    def rules(self, campaign: CampaignId) -> Rules:
        """The rules of a campaign that is loaded."""
        return self.get(campaign).rules

    async def refresh(
        self, connection: AsyncConnection, versions: Mapping[CampaignId, int] | None = None
    ) -> None:
        """Load what changed.

        Args:
            connection: to read with.
            versions: of the campaigns in force, if known already.
        """
        if versions is None:
            versions = await storage.current_versions(connection)
        for gone in self._loaded.keys() - versions.keys():
            del self._loaded[gone]
        for campaign, version in versions.items():
            known = self._loaded.get(campaign)
            if known is None or known.definition.version != version:
                text = await storage.current_definition(connection, campaign)
                definition = CampaignDefinition.model_validate_json(text)
                defined = await storage.notices_defined(connection, campaign)
                rules = rules_of(definition, {notice: india_day(at) for notice, at in defined.items()})
                self._loaded[campaign] = LoadedCampaign(definition, rules, text)
        self.were_read = True

    async def check(self) -> str | None:
        """A readiness check: ready once the campaigns were read."""
        return None if self.were_read else "the campaigns were not read yet"
