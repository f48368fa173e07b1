"""How data protection stands in a campaign: consents, requests, erasures, messages that failed."""

from collections.abc import Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final

from pydantic import BaseModel, Field
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from enrolment.clock import india_day
from enrolment.domain.retention import OVERDUE
from enrolment.domain.rights import RequestKind, RequestState
from enrolment.person_schemas import RequestCount
from enrolment.storage import requests
from enrolment.storage.row_security import Work, work_as
from mitra_shared.campaign.definition import CampaignDefinition, Language
from mitra_shared.ids import AreaCode, CampaignId

BREACH_RUNBOOK: Final = "docs/breach.md"
MOST_SHOWN: Final = 50

_CONSENTS: Final = text(
    """
    select notice_version, notice_language, notice_hash, count(*) as consents,
           count(*) filter (where withdrawn_at is not null) as withdrawn
    from mitra where campaign = :campaign group by notice_version, notice_language, notice_hash
    """
)
_ERASURES: Final = text(
    """
    select count(*) as announced, min(erase_at) as next_due,
           count(*) filter (where erase_at < :since) as overdue,
           (select count(*) from erasure where campaign = :campaign and completed_at is null) as unfinished
    from mitra
    where campaign = :campaign and erased_at is null and erase_at is not null
      and erasure_noticed_at is not null
    """
)
_FAILED: Final = text(
    """
    select kind, why, count(*) as number, max(ended_at) as last from message
    where state = 'failed' group by kind, why order by number desc, kind, why limit :most
    """
)
_DUE: Final = text(
    """
    select count(*) from message where broadcast is null and state = 'waiting' and next_at <= :now
    """
)


class NoticeTold(BaseModel):
    """One notice in one language, and how many consents are to exactly this text."""

    version: str
    language: Language
    hash: str = Field(description="SHA-256 of the text in UTF-8.")
    in_force_from: date
    in_force: bool
    consents: int
    withdrawn: int = Field(description="Of these.")


class RequestDue(BaseModel):
    """An open request: of which kind, from where, and by when."""

    kind: RequestKind
    constituency: AreaCode
    asked_at: datetime
    due_at: datetime
    overdue: bool


class ErasuresTold(BaseModel):
    """Erasures that people asked for or that are due by the campaign's retention."""

    announced: int = Field(description="The person was told, and is not erased yet.")
    next_due: datetime | None
    overdue: int = Field(description="Of these, by more than an hour.")
    unfinished: int = Field(description="Erased, while a stream or a file may still hold something.")


class MessagesFailed(BaseModel):
    """Messages of one kind that failed for one reason; kept for 30 days."""

    kind: str
    why: str
    number: int
    last: datetime


class MessagesTold(BaseModel):
    """How messages to people stand, of all campaigns."""

    due: int = Field(description="To one person each, and wait for the gateway.")
    failed: list[MessagesFailed]


class DataProtection(BaseModel):
    """How data protection stands in a campaign."""

    campaign: CampaignId
    as_of: datetime
    notices: list[NoticeTold]
    consents_elsewhere: int = Field(description="To a text that no longer stands in the campaign.")
    requests: list[RequestCount] = Field(description="Open ones by kind.")
    next_due: list[RequestDue] = Field(description="At most 50, overdue ones first.")
    erasures: ErasuresTold
    messages: MessagesTold
    breach_runbook: str = BREACH_RUNBOOK


async def data_protection(
    engine: AsyncEngine, definition: CampaignDefinition, now: datetime
) -> DataProtection:
    """Look at all of it at one moment."""
    async with engine.connect() as connection:
        await work_as(connection, Work.UPKEEP)
        consents = (await connection.execute(_CONSENTS, {"campaign": definition.id})).all()
        counts = await requests.counts(connection, definition.id, now)
        due = await requests.listed(connection, definition.id, None, RequestState.OPEN)
        since = {"campaign": definition.id, "since": now - OVERDUE}
        erasures = (await connection.execute(_ERASURES, since)).one()
        messages = await _messages(connection, now)
    notices, elsewhere = _notices(definition, consents, india_day(now))
    return DataProtection(
        campaign=definition.id,
        as_of=now,
        notices=notices,
        consents_elsewhere=elsewhere,
        requests=[RequestCount.model_validate(each, from_attributes=True) for each in counts],
        next_due=[
            RequestDue(
                kind=each.kind,
                constituency=each.constituency,
                asked_at=each.asked_at,
                due_at=each.due_at,
                overdue=each.due_at < now,
            )
            for each in due[:MOST_SHOWN]
        ],
        erasures=ErasuresTold.model_validate(erasures, from_attributes=True),
        messages=messages,
    )


async def _messages(connection: AsyncConnection, now: datetime) -> MessagesTold:
    due = (await connection.execute(_DUE, {"now": now})).scalar_one()
    failed = await connection.execute(_FAILED, {"most": MOST_SHOWN})
    return MessagesTold(
        due=due, failed=[MessagesFailed.model_validate(each, from_attributes=True) for each in failed]
    )


def _notices(
    definition: CampaignDefinition, consents: Sequence[Row[Any]], today: date
) -> tuple[list[NoticeTold], int]:
    """Every notice of the definition with its consents, and how many consents are to no such text."""
    by_text = {(row.notice_version, row.notice_language, row.notice_hash): row for row in consents}
    in_force = definition.notice_in_force(today)
    told: list[NoticeTold] = []
    for notice in sorted(definition.notices, key=lambda notice: (notice.in_force_from, notice.language)):
        digest = sha256(notice.text.encode()).digest()
        row = by_text.pop((notice.version, notice.language, digest), None)
        told.append(
            NoticeTold(
                version=notice.version,
                language=notice.language,
                hash=digest.hex(),
                in_force_from=notice.in_force_from,
                in_force=notice.version == in_force,
                consents=0 if row is None else row.consents,
                withdrawn=0 if row is None else row.withdrawn,
            )
        )
    return told, sum(row.consents for row in by_text.values())
