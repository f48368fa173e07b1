"""Broadcasts: one row each, from the draft to its end. Their messages are in `storage.broadcast_messages`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from enrolment.domain.broadcasts import BroadcastId, BroadcastState
from mitra_shared.campaign.definition import Language
from mitra_shared.ids import AreaCode, CampaignId, StaffId

_TOLD: Final = """
    id, campaign, author, constituency, area, constituencies, segment, language, texts, digest, ever_enrolled,
    not_before, state, created_at, approved_at, approved_by, expires_at, cancelled_at, prepared_to, prepared,
    finished_at, outcome
"""


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a broadcast is for; None: no bound."""

    constituencies: tuple[AreaCode, ...] | None
    segment: AreaCode | None
    language: Language | None


_EVER_ENROLLED: Final = text(
    """
    select language, count(*) as people from mitra
    where campaign = :campaign
      and (cast(:constituencies as text[]) is null or constituency = any(:constituencies))
      and (cast(:segment as text) is null or segment = :segment)
      and (cast(:language as text) is null or language = :language)
    group by language order by language
    """
)


async def ever_enrolled(
    connection: AsyncConnection, campaign: CampaignId, audience: Audience
) -> dict[Language, int]:
    """Everybody of an audience by language, whoever withdrew included."""
    rows = await connection.execute(
        _EVER_ENROLLED,
        {
            "campaign": campaign,
            "constituencies": None if audience.constituencies is None else list(audience.constituencies),
            "segment": audience.segment,
            "language": audience.language,
        },
    )
    return {row.language: row.people for row in rows}


async def of_key(
    connection: AsyncConnection, campaign: CampaignId, author: StaffId, key: str
) -> Row[Any] | None:
    """What was made under an idempotency key."""
    statement = f"""
        select {_TOLD} from broadcast
        where campaign = :campaign and author = :author and idempotency_key = :key
    """  # noqa: S608 - columns of ours
    return (
        await connection.execute(text(statement), {"campaign": campaign, "author": author, "key": key})
    ).one_or_none()


async def unfinished_of(connection: AsyncConnection, author: StaffId) -> int:
    """How many broadcasts of a member of staff are not at their end."""
    found = await connection.execute(
        text("select count(*) from broadcast where author = :author and finished_at is null"),
        {"author": author},
    )
    number: int = found.scalar_one()
    return number


_INSERT: Final = text(
    """
    insert into broadcast (id, campaign, author, idempotency_key, constituency, area, constituencies, segment,
                           language, texts, digest, ever_enrolled, not_before, created_at)
    values (:id, :campaign, :author, :idempotency_key, :constituency, :area, :constituencies, :segment,
            :language, :texts, :digest, :ever_enrolled, :not_before, :created_at)
    """
).bindparams(bindparam("texts", type_=JSONB), bindparam("ever_enrolled", type_=JSONB))


async def insert(connection: AsyncConnection, values: Mapping[str, Any]) -> None:
    """Keep a draft."""
    await connection.execute(_INSERT, dict(values))


async def find(
    connection: AsyncConnection, broadcast: BroadcastId, *, for_update: bool = False
) -> Row[Any] | None:
    """One broadcast."""
    statement = f"select {_TOLD} from broadcast where id = :id"  # noqa: S608 - columns of ours
    if for_update:
        statement += " for update"
    return (await connection.execute(text(statement), {"id": broadcast})).one_or_none()


async def listed(
    connection: AsyncConnection, campaign: CampaignId, constituency: AreaCode | None, *, at_most: int
) -> Sequence[Row[Any]]:
    """The newest of a campaign, or those that belong to the in-charge of a constituency."""
    statement = f"""
        select {_TOLD} from broadcast
        where campaign = :campaign
          and (cast(:constituency as text) is null or constituency = :constituency)
        order by created_at desc, id limit :at_most
    """  # noqa: S608 - columns of ours
    values = {"campaign": campaign, "constituency": constituency, "at_most": at_most}
    return (await connection.execute(text(statement), values)).all()


async def approve(
    connection: AsyncConnection, broadcast: BroadcastId, by: StaffId, at: datetime, expires_at: datetime
) -> None:
    """Note that a draft, which is locked, may be sent."""
    await connection.execute(
        text(
            """
            update broadcast set state = 'approved', approved_at = :at, approved_by = :by,
                                 expires_at = :expires_at
            where id = :id
            """
        ),
        {"id": broadcast, "by": by, "at": at, "expires_at": expires_at},
    )


async def cancel(connection: AsyncConnection, broadcast: BroadcastId, by: StaffId, at: datetime) -> None:
    """Note that a broadcast, which is locked, is sent to nobody any more."""
    await connection.execute(
        text(
            "update broadcast set state = 'cancelled', cancelled_at = :at, cancelled_by = :by where id = :id"
        ),
        {"id": broadcast, "by": by, "at": at},
    )


async def cancel_old_drafts(connection: AsyncConnection, before: datetime, at: datetime) -> None:
    """Cancel drafts from before that instant."""
    await connection.execute(
        text(
            "update broadcast set state = 'cancelled', cancelled_at = :at"
            " where finished_at is null and state = 'draft' and created_at < :before"
        ),
        {"before": before, "at": at},
    )


async def at_work(connection: AsyncConnection, now: datetime) -> Sequence[BroadcastId]:
    """Broadcasts that something is to be done for: prepared, brought to their end. Oldest first."""
    found = await connection.execute(
        text(
            """
            select id from broadcast
            where finished_at is null
              and (state in ('preparing', 'sending', 'cancelled')
                   or (state = 'approved' and (not_before is null or not_before <= :now)))
            order by approved_at, id
            """
        ),
        {"now": now},
    )
    return found.scalars().all()


async def being_sent(connection: AsyncConnection, now: datetime) -> dict[CampaignId, list[BroadcastId]]:
    """Broadcasts whose messages may go, by campaign, oldest first."""
    rows = await connection.execute(
        text(
            """
            select campaign, id from broadcast
            where finished_at is null and state in ('preparing', 'sending') and expires_at > :now
            order by approved_at, id
            """
        ),
        {"now": now},
    )
    found: dict[CampaignId, list[BroadcastId]] = {}
    for row in rows:
        found.setdefault(CampaignId(row.campaign), []).append(row.id)
    return found


async def note_prepared(
    connection: AsyncConnection, broadcast: BroadcastId, *, to: UUID | None, more: int, is_last: bool
) -> None:
    """Note how far the preparing is: the last person looked at, and how many messages were added."""
    state = BroadcastState.SENDING if is_last else BroadcastState.PREPARING
    await connection.execute(
        text(
            """
            update broadcast set state = :state, prepared_to = coalesce(cast(:to as uuid), prepared_to),
                                 prepared = prepared + :more
            where id = :id
            """
        ),
        {"id": broadcast, "state": state.value, "to": to, "more": more},
    )


_FINISH: Final = text(
    """
    update broadcast set finished_at = :at, outcome = :outcome,
                         state = case when state = 'cancelled' then state else 'done' end
    where id = :id
    """
).bindparams(bindparam("outcome", type_=JSONB))


async def finish(
    connection: AsyncConnection, broadcast: BroadcastId, outcome: Mapping[str, int], at: datetime
) -> None:
    """Note that a broadcast is at its end, and what came of its messages."""
    await connection.execute(_FINISH, {"id": broadcast, "outcome": dict(outcome), "at": at})


async def forget(connection: AsyncConnection, before: datetime) -> int:
    """Delete broadcasts that ended before that instant and have no message left. Returns how many."""
    deleted = await connection.execute(
        text(
            """
            delete from broadcast
            where finished_at < :before
              and not exists (select from message where message.broadcast = broadcast.id)
            """
        ),
        {"before": before},
    )
    return deleted.rowcount
