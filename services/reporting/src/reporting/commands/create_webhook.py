"""Create an endpoint for webhooks; the same request under the same key makes one."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.security.sealing import KeyRing
from reporting.domain.webhooks import Subscription, WebhookId
from reporting.storage.webhooks import (
    Webhook,
    add_secret,
    find_webhook,
    insert_webhook,
    lock_webhooks,
    made_before,
    secrets_of,
)
from reporting.webhooks.messages import new_secret, opened_secret, sealed_secret

MOST_WEBHOOKS: Final = 20
"""Of a campaign."""
SHOWN_AGAIN_FOR: Final = timedelta(hours=1)
"""The secret, to a caller that did not get the answer and asks again."""


class TooManyWebhooks(Exception):
    """The campaign has as many as it may."""


class KeyReused(Exception):
    """The idempotency key came with another request before."""


@dataclass(frozen=True, slots=True)
class CreateWebhook:
    """An endpoint is wanted."""

    subscription: Subscription
    key: str
    now: datetime


async def create_webhook(
    command: CreateWebhook, connection: AsyncConnection, ring: KeyRing
) -> tuple[Webhook, str | None]:
    """The endpoint, and its secret if it may be shown (again).

    Raises:
        KeyReused: nothing was made.
        TooManyWebhooks: nothing was made.
    """
    wanted, now = command.subscription, command.now
    digest = sha256(json.dumps(wanted._asdict(), sort_keys=True).encode()).hexdigest()
    count = await lock_webhooks(connection, wanted.campaign)
    earlier = await made_before(connection, wanted.campaign, wanted.created_by, command.key)
    if earlier is not None:
        if earlier.request_digest != digest:
            raise KeyReused
        return earlier, await _shown_again(earlier, connection, ring, now)
    if count >= MOST_WEBHOOKS:
        raise TooManyWebhooks(f"at most {MOST_WEBHOOKS} webhooks of a campaign")
    webhook, secret = WebhookId(f"wh_{uuid4().hex}"), new_secret()
    await insert_webhook(connection, webhook, wanted, key=command.key, digest=digest, now=now)
    await add_secret(connection, webhook, sealed_secret(ring, webhook, secret), old_until=now, now=now)
    made = await find_webhook(connection, wanted.campaign, webhook)
    assert made is not None  # noqa: S101 - it was inserted above
    return made, secret


async def _shown_again(
    webhook: Webhook, connection: AsyncConnection, ring: KeyRing, now: datetime
) -> str | None:
    if now - webhook.created_at > SHOWN_AGAIN_FOR:
        return None
    newest = (await secrets_of(connection, webhook.id, now))[0]
    # Another secret is not what that answer held.
    return opened_secret(ring, webhook.id, newest.sealed) if newest.number == 1 else None
