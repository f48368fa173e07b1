"""Messages of broadcasts: put for an audience page by page, taken at the pace of the campaign, counted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from enrolment.domain.broadcasts import BroadcastId
from enrolment.domain.pacing import Pace
from enrolment.messages.kinds import MessageId, MessageKind
from enrolment.storage.messages import Bulk, Due
from mitra_shared.ids import CampaignId, MitraId

_FIRST: Final = UUID(int=0)

_PUT: Final = text(
    """
    with page as materialized (
        select id, campaign, constituency, segment, language, enrolled_at,
               phone is not null and withdrawn_at is null and messages_off_at is null as is_wanted
        from mitra where id > :after order by id limit :at_most
    ), told as materialized (
        -- By the bounds of the page, not by person: then no plan, made before any message was there or not,
        -- looks through all messages for each of them.
        select other.recipient from message as other
        where other.broadcast is not null and other.recipient > :after
          and other.recipient <= (select id from page order by id desc limit 1)
          and (other.state = 'waiting' or (other.state = 'sent' and other.ended_at > :since))
    ), put as (
        insert into message (id, recipient, kind, facts, broadcast, send_after, expires_at, next_at)
        select gen_random_uuid(), page.id, 'broadcast', '{}', :broadcast, cast(:now as timestamptz),
               cast(:expires_at as timestamptz), cast(:now as timestamptz)
        from page
        where page.campaign = :campaign and page.is_wanted and page.enrolled_at <= :enrolled_until
          and (cast(:constituencies as text[]) is null or page.constituency = any(:constituencies))
          and (cast(:segment as text) is null or page.segment = :segment)
          and (cast(:language as text) is null or page.language = :language)
          and page.id not in (select recipient from told)
        on conflict (recipient, broadcast) where broadcast is not null do nothing
        returning 1
    )
    select (select count(*) from page) as seen, (select id from page order by id desc limit 1) as last,
           (select count(*) from put) as put
    """
)


class Page(NamedTuple):
    """What became of one page of people."""

    seen: int
    last: UUID | None
    put: int


async def put(
    connection: AsyncConnection, broadcast: Row[Any], *, since: datetime, now: datetime, at_most: int
) -> Page:
    """Put messages for those among the next `at_most` people who are of the audience and want messages.

    Left out is who got another broadcast after `since`, or is about to get one.
    """
    found = await connection.execute(
        _PUT,
        {
            "broadcast": broadcast.id,
            "campaign": broadcast.campaign,
            "constituencies": broadcast.constituencies,
            "segment": broadcast.segment,
            "language": broadcast.language,
            "enrolled_until": broadcast.approved_at,
            "expires_at": broadcast.expires_at,
            "after": broadcast.prepared_to or _FIRST,
            "since": since,
            "now": now,
            "at_most": at_most,
        },
    )
    return Page(*found.one())


_DROP: Final = text(
    """
    with unsent as (
        select id from message
        where broadcast = :broadcast and state = 'waiting' and (lease_until is null or lease_until <= :now)
        limit :at_most for update skip locked
    )
    update message set state = 'dropped', ended_at = :now, why = :why, lease = null, lease_until = null,
                       recipient = gen_random_uuid()
    from unsent where message.id = unsent.id
    """
)


async def drop(
    connection: AsyncConnection, broadcast: BroadcastId, why: str, now: datetime, *, at_most: int
) -> int:
    """Drop messages that nobody is sending at the moment, and forget whom they were for. Returns how many."""
    values = {"broadcast": broadcast, "why": why, "now": now, "at_most": at_most}
    return (await connection.execute(_DROP, values)).rowcount


_UNLINK: Final = text(
    """
    update message
    set recipient = gen_random_uuid(), lease = null, lease_until = null,
        why = case when state = 'waiting' then 'nobody to send it to' else why end,
        ended_at = coalesce(ended_at, :now), state = case when state = 'waiting' then 'dropped' else state end
    where broadcast is not null and recipient = any(cast(:mitras as uuid[]))
    """
)


async def forget_recipients(connection: AsyncConnection, mitras: Sequence[MitraId], now: datetime) -> None:
    """Take away what was or would be sent to people who are erased; figures stay as they were."""
    await connection.execute(_UNLINK, {"mitras": list(mitras), "now": now})


async def is_any_waiting(connection: AsyncConnection, broadcast: BroadcastId) -> bool:
    """Whether a message is neither sent nor given up."""
    found = await connection.execute(
        text("select exists (select from message where broadcast = :broadcast and state = 'waiting')"),
        {"broadcast": broadcast},
    )
    waiting: bool = found.scalar_one()
    return waiting


async def counts(connection: AsyncConnection, broadcast: BroadcastId) -> dict[tuple[str, str | None], int]:
    """Messages by state, dropped ones by why."""
    found = await connection.execute(
        text(
            """
            select state, case when state = 'dropped' then why end as why, count(*) as number
            from message where broadcast = :broadcast group by 1, 2
            """
        ),
        {"broadcast": broadcast},
    )
    return {(row.state, row.why): row.number for row in found}


async def open_pace(connection: AsyncConnection, campaign: CampaignId, now: datetime) -> None:
    """Have a bucket for a campaign, an empty one if there was none."""
    await connection.execute(
        text(
            "insert into broadcast_pace (campaign, tokens, filled_at) values (:campaign, 0, :now)"
            " on conflict do nothing"
        ),
        {"campaign": campaign, "now": now},
    )


async def take_pace(connection: AsyncConnection, campaign: CampaignId) -> Pace | None:
    """The bucket of a campaign, locked until the end of the transaction. None: another takes from it."""
    found = await connection.execute(
        text(
            "select tokens, filled_at from broadcast_pace where campaign = :campaign for update skip locked"
        ),
        {"campaign": campaign},
    )
    row = found.one_or_none()
    return None if row is None else Pace(row.tokens, row.filled_at)


async def leave_pace(connection: AsyncConnection, campaign: CampaignId, pace: Pace) -> None:
    """Leave the bucket like this."""
    await connection.execute(
        text("update broadcast_pace set tokens = :tokens, filled_at = :filled_at where campaign = :campaign"),
        {"campaign": campaign, "tokens": pace.tokens, "filled_at": pace.filled_at},
    )


_CLAIM: Final = text(
    """
    with mine as (
        select next.id from unnest(cast(:broadcasts as uuid[])) as one(id)
        cross join lateral (
            select message.id from message
            where message.broadcast = one.id and state = 'waiting' and next_at <= :now
              and (lease_until is null or lease_until <= :now)
            order by next_at limit :at_most for update skip locked
        ) as next
        limit :at_most
    ), claimed as (
        update message set lease = :lease, lease_until = :until, attempts = attempts + 1
        from mine where message.id = mine.id returning message.*
    )
    select claimed.id, claimed.recipient, claimed.expires_at, claimed.attempts, mitra.phone, mitra.language,
           broadcast.campaign, broadcast.texts,
           mitra.withdrawn_at is not null or mitra.messages_off_at is not null as is_unwanted
    from claimed join broadcast on broadcast.id = claimed.broadcast
    left join mitra on mitra.id = claimed.recipient
    """
)


async def claim(
    connection: AsyncConnection,
    broadcasts: Sequence[BroadcastId],
    lease: UUID,
    *,
    now: datetime,
    until: datetime,
    at_most: int,
) -> list[Due]:
    """Take messages of these broadcasts that are due."""
    values = {
        "broadcasts": list(broadcasts),
        "lease": lease,
        "now": now,
        "until": until,
        "at_most": at_most,
    }
    return [
        Due(
            MessageId(row.id),
            row.recipient,
            MessageKind.BROADCAST,
            {},
            row.expires_at,
            row.attempts,
            row.phone,
            row.language or "en",
            row.campaign,
            Bulk(row.texts, row.is_unwanted),
        )
        for row in await connection.execute(_CLAIM, values)
    ]
