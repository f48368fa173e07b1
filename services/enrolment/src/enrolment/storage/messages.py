"""Messages on their way: which are due, whose turn it is to send, and what came of it.

A message is claimed by a lease that ends by itself: a process that dies leaves it to the next, under the same
id. Noting compares the lease, so that an outcome counts once.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from enrolment.messages.kinds import MessageId, MessageKind
from mitra_shared.campaign.definition import Language, Messaging
from mitra_shared.ids import CampaignId, MitraId

_CLAIM: Final = text(
    """
    with mine as (
        select id from message
        where broadcast is null and state = 'waiting' and next_at <= :now
          and (lease_until is null or lease_until <= :now)
        order by expires_at, of_many, next_at limit :at_most for update skip locked
    ), claimed as (
        update message set lease = :lease, lease_until = :until, attempts = attempts + 1
        from mine where message.id = mine.id returning message.*
    )
    select claimed.id, claimed.recipient, claimed.kind, claimed.facts, claimed.expires_at, claimed.attempts,
           mitra.phone, mitra.language, mitra.campaign
    from claimed left join mitra on mitra.id = claimed.recipient
    order by claimed.expires_at, claimed.of_many, claimed.next_at
    """
)
_END: Final = text(
    """
    update message
    set state = :state, ended_at = :now, why = :why, lease = null, lease_until = null,
        -- Of messages in bulk, that one was not sent may tell what the person wants.
        recipient = case when broadcast is null or :state = 'sent' then recipient else gen_random_uuid() end
    where id = :id and lease = :lease and state = 'waiting'
    """
)
_PUT_OFF: Final = text(
    """
    update message set next_at = :next_at, why = :why, lease = null, lease_until = null,
        attempts = attempts - case when :counts then 0 else 1 end
    where id = :id and lease = :lease and state = 'waiting'
    """
)
_STANDING: Final = text(
    """
    select (select count(*) from message
            where broadcast is null and state = 'waiting' and next_at <= :now) as due,
           (select count(*) from message
            where broadcast is null and state = 'waiting' and next_at > :now) as later,
           (select count(*) from message where state = 'failed') as failed,
           (select count(*) from message where state = 'failed' and why like 'given up%'
            and ended_at > :recently) as given_up,
           (select min(send_after) from message
            where broadcast is null and state = 'waiting' and next_at <= :now) as oldest,
           (select count(*) from message where broadcast is not null and state = 'waiting') as in_bulk
    """
)
_FORGET: Final = text(
    """
    with days as materialized (
        select id, coalesce(cast(definition -> 'messages' ->> 'days_between' as integer), :days) as between
        from campaign where current
    ), reached as materialized (
        -- Whom a broadcast reached must be known for as long as another would come too soon.
        select broadcast.id from broadcast join days on days.id = broadcast.campaign
        where finished_at > cast(:now as timestamptz) - make_interval(days => days.between)
    )
    delete from message where id = any(array(
        select id from message
        where state <> 'waiting' and ended_at < :before
          and (broadcast is null or broadcast not in (select id from reached))
        limit :at_most))
    """
)


class Bulk(NamedTuple):
    """What a message of a broadcast carries besides."""

    texts: Mapping[Language, str]
    """Of the broadcast; English is among them."""
    is_unwanted: bool
    """The person withdrew or wants no messages in bulk, by now."""


class Due(NamedTuple):
    """A message that is ours to send for as long as the lease runs; phone and language are of its row."""

    id: MessageId
    recipient: MitraId
    kind: MessageKind
    facts: Mapping[str, str]
    expires_at: datetime | None
    attempts: int
    """This one included."""
    phone: str | None
    """Sealed; None: erased, or nobody of this id."""
    language: Language
    campaign: CampaignId
    bulk: Bulk | None = None
    """None: a message to this person alone."""


class OutboxStanding(NamedTuple):
    """How the outbox stands; all but `failed`, `given_up` and `in_bulk` are of messages to one person."""

    due: int
    later: int
    failed: int
    given_up: int
    """Failed of late because the gateway did not take them."""
    oldest: datetime | None
    """When the message that waits for longest could have been sent."""
    in_bulk: int
    """Messages of broadcasts that wait, whatever for."""


async def claim(
    connection: AsyncConnection, lease: UUID, *, now: datetime, until: datetime, at_most: int
) -> list[Due]:
    """Take messages to one person that are due: those that expire first, those of many last."""
    found = await connection.execute(_CLAIM, {"lease": lease, "now": now, "until": until, "at_most": at_most})
    return [
        Due(
            row.id,
            row.recipient,
            MessageKind(row.kind),
            row.facts,
            row.expires_at,
            row.attempts,
            row.phone,
            row.language or "en",
            row.campaign,
        )
        for row in found
    ]


async def end(
    connection: AsyncConnection, message: MessageId, lease: UUID, state: str, now: datetime, why: str | None
) -> bool:
    """Note that a message is `sent`, `failed` or `dropped`. False: the lease had ended."""
    values = {"id": message, "lease": lease, "state": state, "now": now, "why": why}
    return (await connection.execute(_END, values)).rowcount == 1


async def put_off(
    connection: AsyncConnection, message: MessageId, lease: UUID, next_at: datetime, why: str, *, counts: bool
) -> bool:
    """Note that a message is to be tried again at `next_at`. False: the lease had ended.

    `counts`: whether this attempt is one of those after which a message is given up.
    """
    values = {"id": message, "lease": lease, "next_at": next_at, "why": why, "counts": counts}
    return (await connection.execute(_PUT_OFF, values)).rowcount == 1


async def standing(connection: AsyncConnection, *, now: datetime, recently: datetime) -> OutboxStanding:
    """Counts for metrics and readiness."""
    return OutboxStanding(*(await connection.execute(_STANDING, {"now": now, "recently": recently})).one())


async def forget_ended(connection: AsyncConnection, before: datetime, now: datetime, *, at_most: int) -> int:
    """Delete up to `at_most` messages that ended before that instant. Returns how many."""
    values = {"before": before, "now": now, "days": Messaging().days_between, "at_most": at_most}
    result = await connection.execute(_FORGET, values)
    return result.rowcount
