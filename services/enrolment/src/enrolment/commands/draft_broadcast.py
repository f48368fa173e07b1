"""Keep a broadcast as a draft, with how many people it reaches at most. Nothing is sent by this."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import uuid4

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.domain.broadcasts import MOST_OPEN, BroadcastId
from enrolment.storage import broadcasts
from enrolment.storage.broadcasts import Audience
from enrolment.storage.locks import lock_drafts
from enrolment.storage.row_security import Work, work_as
from mitra_shared.campaign.definition import CampaignDefinition, Language, Level
from mitra_shared.database import retrying
from mitra_shared.ids import AreaCode, StaffId
from mitra_shared.log import unit_of_work


class KeyReused(Exception):
    """The idempotency key came with another broadcast."""


class TooManyBroadcasts(Exception):
    """The author has as many broadcasts that are not at their end as one may have."""


@dataclass(frozen=True, slots=True)
class DraftBroadcast:
    """What is to be sent to whom; texts are clean, the area is one of the campaign."""

    campaign: CampaignDefinition
    author: StaffId
    constituency: AreaCode | None
    """Of the in-charge who asks; None: headquarters does."""
    key: str
    texts: Mapping[Language, str]
    area: AreaCode
    language: Language | None
    not_before: datetime | None
    asked_at: datetime

    @property
    def digest(self) -> str:
        """Of all that decides who is told what and when."""
        told = {
            "texts": dict(self.texts),
            "area": self.area,
            "language": self.language,
            "not_before": None if self.not_before is None else self.not_before.astimezone(UTC).isoformat(),
        }
        return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


async def draft_broadcast(command: DraftBroadcast, engine: AsyncEngine) -> BroadcastId:
    """Keep the draft. The same key with the same content gives what was made first.

    Raises:
        KeyReused, TooManyBroadcasts: nothing is kept.
        sqlalchemy.exc.DBAPIError: the database is away; asking again is safe.
    """
    return await retrying(lambda: _draft(command, engine))


async def _draft(command: DraftBroadcast, engine: AsyncEngine) -> BroadcastId:
    campaign, audience = command.campaign.id, _audience(command)
    async with unit_of_work(engine) as unit:
        connection = unit.connection
        await lock_drafts(connection, command.author)
        made: Row[Any] | None = await broadcasts.of_key(connection, campaign, command.author, command.key)
        if made is not None:
            if made.digest != command.digest:
                raise KeyReused
            return BroadcastId(made.id)
        if await broadcasts.unfinished_of(connection, command.author) >= MOST_OPEN:
            raise TooManyBroadcasts
        # Counted over all areas also for headquarters, who sees nobody; only whole tens are told.
        await work_as(connection, Work.MESSAGES)
        broadcast = BroadcastId(uuid4())
        await broadcasts.insert(
            connection,
            {
                "id": broadcast,
                "campaign": campaign,
                "author": command.author,
                "idempotency_key": command.key,
                "constituency": command.constituency,
                "area": command.area,
                "constituencies": None if audience.constituencies is None else list(audience.constituencies),
                "segment": audience.segment,
                "language": command.language,
                "texts": dict(command.texts),
                "digest": command.digest,
                "ever_enrolled": await broadcasts.ever_enrolled(connection, campaign, audience),
                "not_before": command.not_before,
                "created_at": command.asked_at,
            },
        )
    return broadcast


def _audience(command: DraftBroadcast) -> Audience:
    campaign, area = command.campaign, command.campaign.by_code[command.area]
    match area.level:
        case Level.NATION:
            return Audience(None, None, command.language)
        case Level.SEGMENT:
            return Audience(None, area.code, command.language)
        case Level.CONSTITUENCY:
            return Audience((area.code,), None, command.language)
        case Level.STATE:
            inside = (each for each in campaign.at_level(Level.CONSTITUENCY) if each.parent == area.code)
            return Audience(tuple(each.code for each in inside), None, command.language)
