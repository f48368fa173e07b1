"""Keeping webhooks: endpoints as their administrators see and change them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.campaign.definition import Level
from mitra_shared.ids import AreaCode, CampaignId, StaffId
from reporting.domain.webhooks import (
    EventType,
    MessageId,
    Releases,
    Standing,
    Subscription,
    Told,
    WebhookId,
)
from reporting.storage.changes import BEFORE_ALL

SHOWN_ATTEMPTS: Final = 50

COLUMNS: Final = """
    id, campaign, url, within, levels, events, description, created_by, created_at, request_digest, revision,
    paused, next_at, failures, failing_since, disabled_at, disabled_why, told_version, told_area,
    snapshot_from, told_releases, told_at, test_id, lease_until, message_id, message_type
"""
"""What `webhook_of` reads: all but the message itself."""

_LOCK: Final = text("select pg_advisory_xact_lock(hashtext('webhooks of ' || :campaign))")
_COUNT: Final = text("select count(*) from webhook where campaign = :campaign")
_INSERT: Final = text(
    """
    insert into webhook (id, campaign, url, within, levels, events, description, created_by, created_at,
                         idempotency_key, request_digest, next_at, told_version)
    values (:id, :campaign, :url, :within, :levels, :events, :description, :created_by, :now,
            :key, :digest, :now, :before_all)
    """
)
_MADE_BEFORE: Final = text(
    f"""
    select {COLUMNS} from webhook
    where campaign = :campaign and created_by = :created_by and idempotency_key = :key
    """  # noqa: S608 - a constant of ours
)
_ALL: Final = text(
    f"select {COLUMNS} from webhook where campaign = :campaign order by created_at, id"  # noqa: S608
)
_ONE: Final = text(f"select {COLUMNS} from webhook where campaign = :campaign and id = :id")  # noqa: S608
_ONE_LOCKED: Final = text(f"select {COLUMNS} from webhook where campaign = :campaign and id = :id for update")  # noqa: S608
_DELETE: Final = text("delete from webhook where campaign = :campaign and id = :id returning id")
_PAUSE: Final = text(
    "update webhook set paused = true, revision = revision + 1 where id = :id and not paused"
)
_RESUME: Final = text(
    """
    update webhook set paused = false, failures = 0, failing_since = null, disabled_at = null,
                       disabled_why = null, next_at = :now, revision = revision + 1
    where id = :id and (paused or disabled_at is not null)
    """
)
_TEST: Final = text(
    "update webhook set test_id = coalesce(test_id, :test_id), revision = revision + 1"
    " where id = :id returning test_id"
)
_REPLAY: Final = text(
    """
    update webhook
    set told_version = :told_version, told_area = null, snapshot_from = null,
        told_releases = cast(:releases as jsonb),
        message_id = null, message_type = null, message = null, message_then = null,
        next_at = least(next_at, :now), revision = revision + 1
    where id = :id
    """
)
_SECRETS: Final = text(
    """
    select number, sealed, expires_at from webhook_secret
    where webhook = :id and (expires_at is null or expires_at > :now) order by number desc
    """
)
_FORGET_SECRETS: Final = text("delete from webhook_secret where webhook = :id and expires_at <= :now")
_EXPIRE_SECRETS: Final = text(
    "update webhook_secret set expires_at = :at where webhook = :id and expires_at is null"
)
_ADD_SECRET: Final = text(
    """
    insert into webhook_secret (webhook, number, sealed)
    select :id, coalesce(max(number), 0) + 1, :sealed from webhook_secret where webhook = :id
    """
)
_ATTEMPTS: Final = text(
    """
    select message_id, message_type, at, milliseconds, status, error from webhook_attempt
    where webhook = :id order by id desc limit :most
    """
)


class Webhook(NamedTuple):
    """An endpoint as it is kept."""

    id: WebhookId
    subscription: Subscription
    created_at: datetime
    request_digest: str
    revision: int
    paused: bool
    standing: Standing
    told: Told
    told_releases: Releases
    told_at: datetime | None
    test_id: MessageId | None
    leased_until: datetime | None
    message_id: MessageId | None
    message_type: EventType | None


class Secret(NamedTuple):
    """A sealed secret of an endpoint; the newest has no end."""

    number: int
    sealed: str
    expires_at: datetime | None


class Attempt(NamedTuple):
    """One try to deliver a message."""

    message_id: MessageId
    type: str
    at: datetime
    milliseconds: int
    status: int | None
    error: str | None


def webhook_of(row: Row[Any]) -> Webhook:
    """A row of the table."""
    return Webhook(
        id=WebhookId(row.id),
        subscription=Subscription(
            campaign=CampaignId(row.campaign),
            url=row.url,
            within=AreaCode(row.within),
            levels=tuple(map(Level, row.levels)),
            events=tuple(map(EventType, row.events)),
            description=row.description,
            created_by=StaffId(row.created_by),
        ),
        created_at=row.created_at,
        request_digest=row.request_digest,
        revision=row.revision,
        paused=row.paused,
        standing=Standing(row.next_at, row.failures, row.failing_since, row.disabled_at, row.disabled_why),
        told=Told(row.told_version, row.told_area, row.snapshot_from),
        told_releases=row.told_releases,
        told_at=row.told_at,
        test_id=row.test_id,
        leased_until=row.lease_until,
        message_id=row.message_id,
        message_type=None if row.message_type is None else EventType(row.message_type),
    )


async def lock_webhooks(connection: AsyncConnection, campaign: CampaignId) -> int:
    """Add endpoints to the campaign one at a time, until the transaction ends; how many there are."""
    await connection.execute(_LOCK, {"campaign": campaign})
    count: int = (await connection.execute(_COUNT, {"campaign": campaign})).scalar_one()
    return count


async def made_before(
    connection: AsyncConnection, campaign: CampaignId, created_by: StaffId, key: str
) -> Webhook | None:
    """What the same caller made with the same idempotency key."""
    asked = {"campaign": campaign, "created_by": created_by, "key": key}
    row = (await connection.execute(_MADE_BEFORE, asked)).one_or_none()
    return None if row is None else webhook_of(row)


async def insert_webhook(
    connection: AsyncConnection,
    webhook: WebhookId,
    subscription: Subscription,
    *,
    key: str,
    digest: str,
    now: datetime,
) -> None:
    """Keep a new endpoint, which has been told nothing."""
    values = {"id": webhook, "key": key, "digest": digest, "now": now, "before_all": BEFORE_ALL}
    listed = {"levels": list(subscription.levels), "events": list(subscription.events)}
    await connection.execute(_INSERT, subscription._asdict() | listed | values)


async def webhooks_of(connection: AsyncConnection, campaign: CampaignId) -> list[Webhook]:
    """Every endpoint of a campaign, oldest first."""
    return [webhook_of(row) for row in await connection.execute(_ALL, {"campaign": campaign})]


async def find_webhook(
    connection: AsyncConnection, campaign: CampaignId, webhook: WebhookId, *, lock: bool = False
) -> Webhook | None:
    """One endpoint; with `lock` nobody else changes it until the transaction ends."""
    found = await connection.execute(_ONE_LOCKED if lock else _ONE, {"campaign": campaign, "id": webhook})
    row = found.one_or_none()
    return None if row is None else webhook_of(row)


async def delete_webhook(connection: AsyncConnection, campaign: CampaignId, webhook: WebhookId) -> bool:
    """Forget an endpoint, its secrets and attempts. Returns whether it was there."""
    deleted = await connection.execute(_DELETE, {"campaign": campaign, "id": webhook})
    return deleted.one_or_none() is not None


async def pause(connection: AsyncConnection, webhook: WebhookId) -> None:
    """Send nothing more until `resume`."""
    await connection.execute(_PAUSE, {"id": webhook})


async def resume(connection: AsyncConnection, webhook: WebhookId, now: datetime) -> None:
    """Go on where it stopped, also after it was disabled."""
    await connection.execute(_RESUME, {"id": webhook, "now": now})


async def request_test(connection: AsyncConnection, webhook: WebhookId, test: MessageId) -> MessageId:
    """Have a test sent. Returns the id of the one that waits: an earlier one, if it was not sent yet."""
    asked = await connection.execute(_TEST, {"id": webhook, "test_id": test})
    return MessageId(asked.scalar_one())


async def tell_again(
    connection: AsyncConnection, webhook: WebhookId, version: int, releases: str, now: datetime
) -> None:
    """Go back to `version` and to those releases (JSON); a message that waits is dropped: it is told anew."""
    values = {"id": webhook, "told_version": version, "releases": releases, "now": now}
    await connection.execute(_REPLAY, values)


async def secrets_of(connection: AsyncConnection, webhook: WebhookId, now: datetime) -> list[Secret]:
    """The secrets that sign, newest first."""
    rows = await connection.execute(_SECRETS, {"id": webhook, "now": now})
    return [Secret(row.number, row.sealed, row.expires_at) for row in rows]


async def add_secret(
    connection: AsyncConnection, webhook: WebhookId, sealed: str, *, old_until: datetime, now: datetime
) -> None:
    """A new secret; the present one signs until `old_until`, and those that no longer sign are forgotten."""
    await connection.execute(_FORGET_SECRETS, {"id": webhook, "now": now})
    await connection.execute(_EXPIRE_SECRETS, {"id": webhook, "at": old_until})
    await connection.execute(_ADD_SECRET, {"id": webhook, "sealed": sealed})


async def attempts_of(connection: AsyncConnection, webhook: WebhookId) -> Sequence[Attempt]:
    """The last attempts, newest first."""
    rows = await connection.execute(_ATTEMPTS, {"id": webhook, "most": SHOWN_ATTEMPTS})
    return [Attempt(*row) for row in rows]
