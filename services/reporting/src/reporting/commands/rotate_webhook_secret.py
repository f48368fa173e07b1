"""Give an endpoint a new secret; the old one signs beside it for a day, so that receivers can change over."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.security.sealing import KeyRing
from reporting.domain.webhooks import WebhookId
from reporting.storage.webhooks import add_secret, secrets_of
from reporting.webhooks.messages import new_secret, sealed_secret

OLD_SIGNS_FOR: Final = timedelta(days=1)
MOST_SECRETS: Final = 4
"""That sign at once."""


class TooManySecrets(Exception):
    """Each of the old ones still signs.

    Attributes:
        until: when the first of them ends.
    """

    def __init__(self, until: datetime) -> None:
        super().__init__(f"{MOST_SECRETS} secrets sign already")
        self.until = until


@dataclass(frozen=True, slots=True)
class RotateWebhookSecret:
    """Another secret is wanted."""

    webhook: WebhookId
    now: datetime


async def rotate_webhook_secret(
    command: RotateWebhookSecret, connection: AsyncConnection, ring: KeyRing
) -> tuple[str, datetime]:
    """The new secret, and until when the old ones sign too. The endpoint has to be locked.

    Raises:
        TooManySecrets: nothing was changed.
    """
    now = command.now
    signing = await secrets_of(connection, command.webhook, now)
    if len(signing) >= MOST_SECRETS:
        raise TooManySecrets(min(each.expires_at for each in signing if each.expires_at is not None))
    secret, old_until = new_secret(), now + OLD_SIGNS_FOR
    sealed = sealed_secret(ring, command.webhook, secret)
    await add_secret(connection, command.webhook, sealed, old_until=old_until, now=now)
    return secret, old_until
