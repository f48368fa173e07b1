"""What an endpoint is sent next: made from the mirror, as the live feed shows it to those who may read it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from mitra_shared.ids import CampaignId
from reporting.domain.telling import next_portion
from reporting.domain.webhooks import EventType
from reporting.mirror import Mirror
from reporting.storage.opinions import Released
from reporting.storage.webhook_sending import Draft, Then
from reporting.storage.webhooks import Webhook
from reporting.webhooks.messages import new_message_id, release_body, rollups_body

MOST_AREAS: Final = 50
"""In one message: about 30 kB."""

NewestReleases = Mapping[CampaignId, Iterable[Released]]


def next_message(
    webhook: Webhook, mirror: Mirror, releases: NewestReleases, now: datetime, *, most_areas: int = MOST_AREAS
) -> Draft | None:
    """The next message of an endpoint that waits for none; None: it has been told everything.

    Args:
        webhook: as read before the mirror was refreshed, so that it was told nothing the mirror lacks.
        mirror: the newest counts.
        releases: the newest of each round.
        now: the time of the message.
        most_areas: in one message.
    """
    wanted = webhook.subscription
    if EventType.RELEASED in wanted.events:
        for release in releases.get(wanted.campaign, ()):
            # Another number, not a higher one: a restored database may have gone back.
            if webhook.told_releases.get(release.round) != release.number:
                then = Then(webhook.told, {**webhook.told_releases, release.round: release.number})
                return Draft(new_message_id(), EventType.RELEASED, release_body(wanted, release, now), then)
    board = mirror.boards.get(wanted.campaign)
    if board is None or EventType.CHANGED not in wanted.events:
        return None
    codes = board.select(levels=wanted.levels, within=wanted.within)
    portion = next_portion(board, mirror.version, codes, webhook.told, most=most_areas)
    if portion is None:
        return None
    kind, body = rollups_body(wanted, portion, version=mirror.version, as_of=mirror.as_of, now=now)
    return Draft(new_message_id(), kind, body, Then(portion.then, webhook.told_releases))
