"""What the routes work with: made once by `main`, kept on the application."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.security.sealing import KeyRing
from reporting.api.ready import ReadyAnswers
from reporting.briefs.press import BriefPress
from reporting.clock import system_clock
from reporting.exports.desk import ExportDesk
from reporting.feed import LiveFeed
from reporting.lag import LagWatch
from reporting.mirror import Mirror
from reporting.pacing import Pacing
from reporting.webhooks.resolving import Doorway


@dataclass(frozen=True, slots=True)
class WebhookDesk:
    """What webhooks are administered with."""

    ring: KeyRing
    """Seals their secrets."""
    doorway: Doorway


@dataclass(frozen=True, slots=True)
class Reading:
    """The parts of the api process that requests read from."""

    engine: AsyncEngine
    mirror: Mirror
    lag: LagWatch
    feed: LiveFeed
    pacing: Pacing
    webhooks: WebhookDesk
    exports: ExportDesk
    briefs: BriefPress
    staff_ring: KeyRing
    """Opens names of staff."""
    secure_cookies: bool = False
    public_page: bool = False
    now: Callable[[], datetime] = system_clock
    ready: ReadyAnswers = field(default_factory=ReadyAnswers)


async def reading(request: Request) -> Reading:
    """The `Reading` of the application (a dependency)."""
    found: Reading = request.app.state.reading
    return found
