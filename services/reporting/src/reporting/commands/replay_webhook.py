"""Tell an endpoint again what changed since a version; or everything, as to a new one."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from reporting.storage.changes import BEFORE_ALL
from reporting.storage.opinions import releases
from reporting.storage.webhooks import Webhook, tell_again


@dataclass(frozen=True, slots=True)
class ReplayWebhook:
    """The messages since `version` are wanted again. None: a snapshot."""

    webhook: Webhook
    version: int | None
    now: datetime


async def replay_webhook(command: ReplayWebhook, connection: AsyncConnection) -> None:
    """Go back; never forward, since what lies between would be left out. The endpoint has to be locked."""
    webhook, wanted = command.webhook, command.version
    told = webhook.told.version if webhook.told.snapshot_from is None else BEFORE_ALL
    version = BEFORE_ALL if wanted is None else min(wanted, told)
    kept = {} if wanted is None else await _releases_kept(webhook, wanted, connection)
    await tell_again(connection, webhook.id, version, json.dumps(kept), command.now)


async def _releases_kept(webhook: Webhook, version: int, connection: AsyncConnection) -> dict[str, int]:
    """Releases of opinions that were told and are not told again: those made before the version."""
    made = await releases(connection, webhook.subscription.campaign)
    newest = {release.round: release for release in made}
    return {
        opinion_round: number
        for opinion_round, number in webhook.told_releases.items()
        if opinion_round in newest and newest[opinion_round].made_at.timestamp() * 1000 < version
    }
