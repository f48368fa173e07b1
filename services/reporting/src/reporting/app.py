"""The application of the api process: routes, page and static files behind the shared edge."""

from collections.abc import Callable
from typing import Final

from fastapi import FastAPI

from mitra_shared.http.app import create_api
from mitra_shared.http.lean import remember
from mitra_shared.http.probes import Readiness
from mitra_shared.security.tokens import Caller
from mitra_shared.settings import ServiceSettings
from mitra_shared.telemetry.metrics import ProcessMetrics
from reporting.api import (
    briefs,
    exports,
    html,
    opinions,
    pace,
    page,
    recruiters,
    rollups,
    rounds,
    session,
    stream,
    webhooks,
)
from reporting.api.state import Reading
from reporting.api.webhook_messages import messages

VERSION: Final = "0.1.0"
_DESCRIPTION: Final = (
    "Counts of areas against the targets and quotas of a campaign. A bearer token, or the cookie of a "
    "session, decides how much of the country is shown."
)


def create_app(
    reading: Reading,
    settings: ServiceSettings,
    readiness: Readiness,
    metrics: ProcessMetrics,
    *,
    revoked: Callable[[Caller], bool],
) -> FastAPI:
    """The application that answers from `reading`; `revoked` says whose tokens count no longer."""
    app = create_api(
        title="Mitra reporting",
        version=VERSION,
        settings=settings,
        readiness=readiness,
        metrics=metrics,
        service="reporting",
        revoked=revoked,
        description=_DESCRIPTION,
        # The feed's path comes before `/v1/rollups/{area}`, which would take it for an area.
        routers=(
            stream.router,
            rollups.router,
            rounds.router,
            recruiters.router,
            opinions.router,
            pace.router,
            webhooks.router,
            exports.router,
            briefs.router,
            session.router,
            html.FILES.routes,
            page.router,
        ),
    )
    app.state.reading = reading
    app.webhooks.include_router(messages)
    remember(app, rollups.router.prefix, rollups.remembered)
    return app
