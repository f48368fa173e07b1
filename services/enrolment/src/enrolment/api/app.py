"""The application of the api process: all that can be asked, put together."""

from typing import Final

from fastapi import FastAPI

from enrolment.api.campaigns import campaign_routes
from enrolment.api.device_records import add_device_records_route
from enrolment.api.devices import device_routes
from enrolment.api.enrolments import add_enrolment_routes
from enrolment.api.mitras import mitra_routes
from enrolment.api.opinions import OPINIONS_PATH, add_opinion_route
from enrolment.field.pages import field_pages
from enrolment.service import Service
from mitra_shared.contracts.topics import ENROLMENT, OPINIONS
from mitra_shared.http.app import create_api
from mitra_shared.http.probes import Readiness
from mitra_shared.log.endpoint import log_router
from mitra_shared.settings import ServiceSettings
from mitra_shared.telemetry.metrics import ProcessMetrics

VERSION: Final = "1.0.0"


def create_app(
    service: Service, settings: ServiceSettings, readiness: Readiness, metrics: ProcessMetrics
) -> FastAPI:
    """The application of an api process.

    Raises:
        BadTokenKeys: `settings.token_keys` is no JWKS of public keys.
    """
    app = create_api(
        title="Mitra enrolment",
        version=VERSION,
        description="The intake of Mitra: people, withdrawals, anonymous opinions, campaigns, and their log.",
        settings=settings,
        readiness=readiness,
        metrics=metrics,
        service="enrolment",
        anonymous_paths=frozenset({OPINIONS_PATH}),
        routers=(
            mitra_routes(service),
            campaign_routes(service),
            device_routes(service),
            field_pages(),
            log_router(service.engine, ENROLMENT, OPINIONS),
        ),
        published_keys=(service.receipts.public,),
    )
    add_enrolment_routes(app, service)
    add_device_records_route(app, service)
    add_opinion_route(app, service)
    return app
