"""The application of the api process: all that can be asked, put together."""

from typing import Final

from fastapi import FastAPI

from enrolment.api.account import account_routes
from enrolment.api.broadcasts import broadcast_routes
from enrolment.api.campaigns import campaign_routes
from enrolment.api.contacts import add_contacts_route
from enrolment.api.data_protection import data_protection_routes
from enrolment.api.device_records import add_device_records_route
from enrolment.api.devices import device_routes
from enrolment.api.enrolments import add_enrolment_routes
from enrolment.api.html import FILES
from enrolment.api.imports import PATH as IMPORTS_PATH
from enrolment.api.imports import UPLOAD, import_routes
from enrolment.api.invitations import invitation_routes
from enrolment.api.likely_duplicates import likely_duplicate_routes
from enrolment.api.mitras import mitra_routes
from enrolment.api.opinions import OPINIONS_PATH, add_opinion_route
from enrolment.api.outreach import outreach_routes
from enrolment.api.paper_photos import PATH as PAPER_PATH
from enrolment.api.paper_photos import UPLOAD as PAPER_UPLOAD
from enrolment.api.paper_photos import paper_photo_routes
from enrolment.api.person_pages import person_pages
from enrolment.api.receipts import receipt_routes
from enrolment.api.requests import request_routes
from enrolment.api.rounds import care_routes, round_routes
from enrolment.api.sessions import session_routes
from enrolment.api.staff import staff_routes
from enrolment.device_page.pages import device_pages
from enrolment.field.pages import field_pages
from enrolment.import_page.pages import import_pages
from enrolment.person_desk import PersonDesk
from enrolment.service import Service
from mitra_shared.contracts.topics import ENROLMENT, OPINIONS, STAFF
from mitra_shared.http.app import create_api
from mitra_shared.http.probes import Readiness
from mitra_shared.log.endpoint import log_router
from mitra_shared.settings import ServiceSettings
from mitra_shared.telemetry.metrics import ProcessMetrics

VERSION: Final = "1.0.0"


def create_app(
    service: Service,
    settings: ServiceSettings,
    readiness: Readiness,
    metrics: ProcessMetrics,
    *,
    certificates: str | None = None,
) -> FastAPI:
    """The application of an api process.

    Args:
        service: what the routes share.
        settings: what every api is told.
        readiness: the checks behind /ready.
        metrics: what /metrics shows.
        certificates: origin at which phones with the field app reach the certificates service, if they do.

    Raises:
        BadTokenKeys: `settings.token_keys` is no JWKS of public keys.
    """
    desk = PersonDesk(service)
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
            paper_photo_routes(service),
            likely_duplicate_routes(service),
            round_routes(service),
            care_routes(service),
            campaign_routes(service),
            invitation_routes(service),
            staff_routes(service),
            session_routes(service),
            account_routes(service),
            receipt_routes(service, desk),
            request_routes(service),
            broadcast_routes(service),
            data_protection_routes(service),
            person_pages(service, desk),
            FILES.routes,
            device_routes(service),
            import_routes(service),
            outreach_routes(service),
            field_pages(certificates),
            import_pages(),
            device_pages(),
            log_router(service.engine, ENROLMENT, OPINIONS, STAFF),
        ),
        revoked=service.staffing.revocations.revoked,
        published_keys=(service.receipts.public,),
        uploads={IMPORTS_PATH: UPLOAD, PAPER_PATH: PAPER_UPLOAD},
    )
    add_enrolment_routes(app, service)
    add_device_records_route(app, service)
    add_contacts_route(app, service)
    add_opinion_route(app, service)
    return app
