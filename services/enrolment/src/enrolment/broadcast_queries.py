"""Broadcasts as they are told: previews, figures that betray nobody, and when the first message can go."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from enrolment.broadcast_schemas import (
    BroadcastFigures,
    BroadcastTexts,
    BroadcastTold,
    MessageForecast,
    MessagesDropped,
)
from enrolment.clock import INDIA
from enrolment.commands.steer_broadcast import BroadcastNotFound, sees
from enrolment.domain.broadcasts import BroadcastId, at_most, by_outcome, shown
from enrolment.domain.quiet_hours import first_loud
from enrolment.domain.sms import sms_size
from enrolment.messages.holding import why_held
from enrolment.messages.wording import broadcast_text
from enrolment.receipts import Receipt, receipt_path
from enrolment.storage import broadcast_messages, broadcasts
from enrolment.storage.row_security import Work, work_as
from mitra_shared.campaign.definition import CampaignDefinition, Language
from mitra_shared.ids import AreaCode
from mitra_shared.pages.words import LANGUAGES
from mitra_shared.security.lookup import KeyedHash
from mitra_shared.security.tokens import Caller, Role

MOST_TOLD: Final = 100
_NOBODYS: Final = Receipt("000000000000")


async def told(
    engine: AsyncEngine,
    broadcast: BroadcastId,
    caller: Caller,
    campaign: CampaignDefinition,
    people_url: str,
    now: datetime,
    chances: KeyedHash,
) -> BroadcastTold:
    """One broadcast. `chances` moves its figures, always by the same.

    Raises:
        BroadcastNotFound: none of this id that the caller sees.
    """
    async with engine.connect() as connection:
        row = await broadcasts.find(connection, broadcast)
        if row is None or not sees(caller, campaign.id, row):
            raise BroadcastNotFound
        return _told(row, await _outcome(connection, row), campaign, people_url, now, chances)


async def listed(
    engine: AsyncEngine,
    caller: Caller,
    campaign: CampaignDefinition,
    people_url: str,
    now: datetime,
    chances: KeyedHash,
) -> list[BroadcastTold]:
    """The newest that the caller sees. `chances` as in `told`."""
    constituency = None if caller.role is Role.HEADQUARTERS else caller.area or AreaCode("")
    async with engine.connect() as connection:
        rows = await broadcasts.listed(connection, campaign.id, constituency, at_most=MOST_TOLD)
        return [
            _told(row, await _outcome(connection, row), campaign, people_url, now, chances) for row in rows
        ]


async def _outcome(connection: AsyncConnection, row: Row[Any]) -> Mapping[str, int]:
    if row.outcome is not None:
        outcome: Mapping[str, int] = row.outcome
        return outcome
    if row.approved_at is None:
        return by_outcome({})
    await work_as(connection, Work.MESSAGES)
    return by_outcome(await broadcast_messages.counts(connection, row.id))


def _told(
    row: Row[Any],
    outcome: Mapping[str, int],
    campaign: CampaignDefinition,
    people_url: str,
    now: datetime,
    chances: KeyedHash,
) -> BroadcastTold:
    held = why_held(campaign, now) if row.finished_at is None else None
    return BroadcastTold(
        id=row.id,
        campaign=row.campaign,
        state=row.state,
        author=row.author,
        area=row.area,
        language=row.language,
        texts=BroadcastTexts(**row.texts),
        digest=row.digest,
        not_before=row.not_before,
        created_at=row.created_at,
        approved_at=row.approved_at,
        approved_by=row.approved_by,
        expires_at=row.expires_at,
        cancelled_at=row.cancelled_at,
        finished_at=row.finished_at,
        people_at_most=at_most(sum(row.ever_enrolled.values())),
        messages=[
            _forecast(row, language, campaign, people_url)
            for language in LANGUAGES
            if row.language in {None, language}
        ],
        earliest=_earliest(row, campaign, now),
        held=held,
        figures=_figures(row, outcome, chances),
    )


def _figures(row: Row[Any], outcome: Mapping[str, int], chances: KeyedHash) -> BroadcastFigures:
    told = {
        name: shown(number, chances.digest("broadcast-figure", row.id.bytes, name))
        for name, number in {"prepared": row.prepared, **outcome}.items()
    }
    dropped = MessagesDropped(**{name: told.pop(name) for name in MessagesDropped.model_fields})
    return BroadcastFigures(**told, dropped=dropped)


def _forecast(
    row: Row[Any], language: Language, campaign: CampaignDefinition, people_url: str
) -> MessageForecast:
    link = people_url.rstrip("/") + receipt_path(_NOBODYS)
    preview = broadcast_text(row.texts, language, campaign.name.in_language(language), link)
    size = sms_size(preview)
    return MessageForecast(
        language=language,
        preview=preview,
        alphabet=size.alphabet,
        places=size.places,
        parts=size.parts,
        people_at_most=at_most(row.ever_enrolled.get(language, 0)),
    )


def _earliest(row: Row[Any], campaign: CampaignDefinition, now: datetime) -> datetime | None:
    if row.finished_at is not None or row.cancelled_at is not None or campaign.issuing.frozen:
        return None
    messages = campaign.messages
    begins = max(now, row.not_before or now).astimezone(INDIA)
    return first_loud(begins, messages.quiet_from, messages.quiet_until).astimezone(UTC)
