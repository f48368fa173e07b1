"""Sending to webhooks: which are due, whose turn it is to send, and what came of it.

An endpoint is claimed by a lease that ends by itself. Claiming compares the `revision` that was read, so of
two processes one sends; noting compares lease and message, so an outcome counts once, and not after a replay.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.ids import CampaignId
from reporting.domain.webhooks import (
    EventType,
    MessageId,
    Outcome,
    Releases,
    Standing,
    Told,
)
from reporting.storage.opinions import Released
from reporting.storage.webhooks import COLUMNS, Webhook, webhook_of

KEPT_ATTEMPTS: Final = 100
"""Of an endpoint."""
KEPT_FOR: Final = timedelta(days=30)

_EVERY: Final = text(f"select {COLUMNS} from webhook order by next_at, id")  # noqa: S608 - a constant of ours
_NEWEST_RELEASES: Final = text(
    """
    select distinct on (campaign, round) campaign, round, number, made_at, closing from opinion_release
    order by campaign, round, number desc
    """
)
_CLAIM: Final = text(
    """
    update webhook
    set lease = :lease, lease_until = :until, revision = revision + 1,
        message_id = coalesce(message_id, :message_id), message_type = coalesce(message_type, :type),
        message = coalesce(message, :body), message_then = coalesce(message_then, cast(:then as jsonb))
    where id = :id and revision = :revision and (lease_until is null or lease_until <= :now)
    returning *
    """
)
_CLAIM_TEST: Final = text(
    """
    update webhook set lease = :lease, lease_until = :until, revision = revision + 1
    where id = :id and revision = :revision and (lease_until is null or lease_until <= :now)
    returning *
    """
)
_RELEASE: Final = """
    update webhook
    set lease = null, lease_until = null, revision = revision + 1, next_at = :next_at, failures = :failures,
        failing_since = :failing_since, disabled_at = :disabled_at, disabled_why = :disabled_why
"""
_FAILED: Final = text(f"{_RELEASE} where id = :id and lease = :lease and message_id = :message_id")
_DELIVERED: Final = text(
    f"""
    {_RELEASE}, told_at = :now,
        told_version = :told_version, told_area = :told_area, snapshot_from = :snapshot_from,
        told_releases = cast(:told_releases as jsonb),
        message_id = null, message_type = null, message = null, message_then = null
    where id = :id and lease = :lease and message_id = :message_id
    """
)
_TESTED: Final = text(
    """
    update webhook
    set lease = null, lease_until = null, revision = revision + 1, test_id = null,
        next_at = case when :delivered then least(next_at, :now) else next_at end
    where id = :id and lease = :lease and test_id = :message_id
    """
)
_LET_GO: Final = text(
    """
    update webhook set lease = null, lease_until = null, revision = revision + 1
    where id = :id and lease = :lease
    """
)
_ATTEMPT: Final = text(
    """
    insert into webhook_attempt (webhook, message_id, message_type, at, milliseconds, status, error)
    select id, :message_id, :type, cast(:at as timestamptz), cast(:milliseconds as integer),
           cast(:status as smallint), :error
    from webhook where id = :id for key share
    """
)
_AGE_OUT: Final = text(
    """
    delete from webhook_attempt
    where webhook = :id and (at < :oldest or id <= (
        select id from webhook_attempt where webhook = :id order by id desc offset :kept limit 1
    ))
    """
)
_FORGET: Final = text("delete from webhook_attempt where at < :oldest")


class Then(NamedTuple):
    """How far an endpoint has been told once it has taken a message."""

    told: Told
    releases: Releases

    def as_json(self) -> str:
        """As it is kept beside the message."""
        return json.dumps({"told": self.told, "releases": dict(self.releases)})

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "Then":
        """What was kept."""
        return cls(Told(*kept["told"]), kept["releases"])


class Draft(NamedTuple):
    """A message that was not sent yet."""

    id: MessageId
    type: EventType
    body: str
    then: Then


class Claimed(NamedTuple):
    """A message that is ours to send for as long as the lease runs."""

    webhook: Webhook
    lease: str
    id: MessageId
    type: EventType
    body: str
    then: Then | None
    """None: a test, which tells nothing."""


async def every_webhook(connection: AsyncConnection) -> list[Webhook]:
    """All endpoints of all campaigns, those that have waited longest first."""
    return [webhook_of(row) for row in await connection.execute(_EVERY)]


async def newest_releases(connection: AsyncConnection) -> dict[CampaignId, list[Released]]:
    """The newest release of opinions of each round, by campaign."""
    found: dict[CampaignId, list[Released]] = {}
    for row in await connection.execute(_NEWEST_RELEASES):
        release = Released(row.round, row.number, row.made_at, row.closing)
        found.setdefault(CampaignId(row.campaign), []).append(release)
    return found


async def claim(
    connection: AsyncConnection,
    webhook: Webhook,
    draft: Draft | None,
    *,
    lease: str,
    until: datetime,
    now: datetime,
) -> Claimed | None:
    """Take the message that waits, or else `draft`, to be sent by us; None: somebody was faster."""
    values = {"id": webhook.id, "revision": webhook.revision, "lease": lease, "until": until, "now": now}
    drafted = {
        "message_id": draft.id if draft else None,
        "type": draft.type if draft else None,
        "body": draft.body if draft else None,
        "then": draft.then.as_json() if draft else None,
    }
    row: Row[Any] | None = (await connection.execute(_CLAIM, values | drafted)).one_or_none()
    if row is None:
        return None
    then = Then.of(row.message_then)
    return Claimed(
        webhook_of(row), lease, MessageId(row.message_id), EventType(row.message_type), row.message, then
    )


async def claim_test(
    connection: AsyncConnection, webhook: Webhook, body: str, *, lease: str, until: datetime, now: datetime
) -> Claimed | None:
    """Take the test that was asked for; None: somebody was faster."""
    values = {"id": webhook.id, "revision": webhook.revision, "lease": lease, "until": until, "now": now}
    row = (await connection.execute(_CLAIM_TEST, values)).one_or_none()
    if row is None or row.test_id is None:
        return None
    return Claimed(webhook_of(row), lease, MessageId(row.test_id), EventType.TEST, body, None)


async def note(
    connection: AsyncConnection, claimed: Claimed, outcome: Outcome, standing: Standing, now: datetime
) -> bool:
    """Keep what came of an attempt. Returns False, and keeps nothing, if the message is not ours any more."""
    ours = {"id": claimed.webhook.id, "lease": claimed.lease, "message_id": claimed.id}
    if claimed.then is None:
        noted = await connection.execute(_TESTED, ours | {"delivered": outcome.delivered, "now": now})
    elif outcome.delivered:
        told = {
            "told_version": claimed.then.told.version,
            "told_area": claimed.then.told.area,
            "snapshot_from": claimed.then.told.snapshot_from,
            "told_releases": json.dumps(dict(claimed.then.releases)),
        }
        noted = await connection.execute(_DELIVERED, ours | standing._asdict() | told | {"now": now})
    else:
        noted = await connection.execute(_FAILED, ours | standing._asdict())
    is_ours = noted.rowcount == 1
    if not is_ours:
        await connection.execute(_LET_GO, ours)
    attempt = {
        "type": claimed.type,
        "at": now - timedelta(seconds=outcome.seconds),
        "milliseconds": round(outcome.seconds * 1000),
        "status": outcome.status,
        "error": outcome.error,
    }
    await connection.execute(_ATTEMPT, ours | attempt)
    await connection.execute(
        _AGE_OUT, {"id": claimed.webhook.id, "oldest": now - KEPT_FOR, "kept": KEPT_ATTEMPTS}
    )
    return is_ours


async def forget_attempts(connection: AsyncConnection, now: datetime) -> int:
    """Delete attempts that are past their time, wherever nothing is sent any more too. Returns how many."""
    return (await connection.execute(_FORGET, {"oldest": now - KEPT_FOR})).rowcount
