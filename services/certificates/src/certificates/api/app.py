"""What can be asked of the certificates service."""

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, FastAPI, Header, Query
from sqlalchemy.ext.asyncio import AsyncEngine

from certificates import queries
from certificates.api.credentials import (
    FORM_RESPONSES,
    Asked,
    Forms,
    InLanguage,
    NamedForm,
    credential_router,
)
from certificates.api.desk import desk_routes
from certificates.api.forms import OF_A_CERTIFICATE, Form, asked_form
from certificates.api.issuer import issuer_router
from certificates.api.looks import put_on_record
from certificates.api.papers import paper_routers
from certificates.api.reach import Campaign, Code, segment_within
from certificates.api.schemas import CertificateTold, QuotaTold, Waiting, WaitlistTold
from certificates.api.states import state_router
from certificates.api.verification import verification_router
from certificates.domain.certificate import State, visible_number
from certificates.issuer import Issuer
from certificates.press.store import SheetStore
from certificates.problems import (
    CERTIFICATE_NOT_ISSUED,
    CERTIFICATE_REVOKED,
    CERTIFICATE_UNKNOWN,
    CERTIFICATE_UNSIGNED,
)
from certificates.renderings import Renderings
from certificates.settings import CertificatesApiSettings
from certificates.storage import credentials
from certificates.verification.pages import verification_pages
from mitra_shared.contracts.topics import CERTIFICATES, CUSTODY
from mitra_shared.http.app import create_api
from mitra_shared.http.probes import Readiness
from mitra_shared.http.problems import problem_responses
from mitra_shared.http.tokens import requires
from mitra_shared.ids import CertificateId, Position
from mitra_shared.log.endpoint import log_router
from mitra_shared.security.tokens import RECRUITERS, Caller, Role
from mitra_shared.telemetry.metrics import ProcessMetrics

VERSION: Final = "1.0.0"
MOST_WAITING: Final = 500

Staff = Annotated[Caller, Depends(requires(*RECRUITERS))]
"""In-charge and co-in-charge: they see the people of their constituency."""
Reader = Annotated[Caller, Depends(requires(*RECRUITERS, Role.STATE_COORDINATOR, Role.HEADQUARTERS))]
"""Whoever sees aggregates."""
After = Annotated[
    str, Query(pattern=r"^\d{1,18}-\d{1,18}$", description="`after` of the page before", examples=["0-0"])
]


def create_app(
    engine: AsyncEngine,
    settings: CertificatesApiSettings,
    issuer: Issuer,
    renderings: Renderings,
    sheets: SheetStore,
    readiness: Readiness,
    metrics: ProcessMetrics,
    *,
    revoked: Callable[[Caller], bool],
) -> FastAPI:
    """The application of an api process; `revoked` says whose tokens count no longer.

    Raises:
        BadTokenKeys: `settings.token_keys` is no JWKS of public keys.
    """
    forms = Forms(issuer, renderings)
    return create_api(
        title="Mitra certificates",
        version=VERSION,
        description="Certificates, the places of segments and those who wait for one, and the log of both.",
        settings=settings,
        readiness=readiness,
        metrics=metrics,
        service="certificates",
        revoked=revoked,
        routers=(
            _certificate_routes(engine, forms),
            state_router(engine),
            credential_router(engine, forms),
            _segment_routes(engine),
            *paper_routers(engine, issuer, sheets),
            desk_routes(engine, settings.names(), settings.ids()),
            issuer_router(engine, issuer),
            verification_router(engine, issuer, settings.verifications_a_minute),
            verification_pages(),
            log_router(engine, CERTIFICATES, CUSTODY),
        ),
    )


def _certificate_routes(engine: AsyncEngine, forms: Forms) -> APIRouter:
    router = APIRouter(
        prefix="/v1/certificates", tags=["certificates"], responses=problem_responses(401, 403, 404)
    )

    @router.get(
        "/{certificate_id}",
        summary="One certificate of your constituency",
        response_model=CertificateTold,
        responses={**FORM_RESPONSES, **problem_responses(401, 403, 409, 503)},
    )
    async def certificate(
        certificate_id: CertificateId,
        caller: Staff,
        form: NamedForm = None,
        lang: InLanguage = None,
        accept: Annotated[str | None, Header()] = None,
    ) -> Any:
        """Number, state and dates, without the name; or the certificate itself in another form.

        The certificate shows the name: that it was looked at is put on record.
        """
        asked = Asked(asked_form(accept, form, OF_A_CERTIFICATE), lang)
        async with engine.connect() as connection:
            found = await queries.find_certificate(connection, certificate_id)
            stored = await credentials.find_of_certificate(connection, certificate_id)
        if (
            found is None
            or found.constituency != caller.area
            or caller.campaign not in {None, found.campaign}
        ):
            raise CERTIFICATE_UNKNOWN("Your constituency has no certificate of this id")
        signed = stored if stored is not None and stored.is_of(found.revision, found.serial) else None
        if asked.form is Form.STATE:
            return _told(found, signed)
        shown = _signed(found, signed)
        await put_on_record(engine, caller, [found.mitra_id])
        return await forms.answer(shown, asked)

    return router


def _signed(found: queries.CertificateFound, signed: credentials.Stored | None) -> credentials.Stored:
    """What was signed for a certificate.

    Raises:
        Problem: nothing was, and why.
    """
    if found.state is State.REVOKED:
        raise CERTIFICATE_REVOKED("Its holder withdrew")
    if found.state is not State.ISSUED:
        raise CERTIFICATE_NOT_ISSUED(f"It is {found.state.value}; ask again once it is issued")
    if signed is None:
        raise CERTIFICATE_UNSIGNED(
            "It was issued a moment ago; ask again", headers={"Retry-After": "1"}, retry_after=1
        )
    return signed


def _told(found: queries.CertificateFound, signed: credentials.Stored | None) -> CertificateTold:
    valid = found.state is State.ISSUED and signed is not None and signed.revoked_at is None
    return CertificateTold(
        id=found.id,
        campaign=found.campaign,
        mitra_id=found.mitra_id,
        constituency=found.constituency,
        segment=found.segment,
        state=found.state.value,
        number=visible_number(found.segment, found.serial) if found.serial is not None else None,
        revision=found.revision,
        credential_id=signed.id if valid and signed is not None else None,
        ahead=found.ahead,
        enrolled_at=found.enrolled_at,
        issued_at=found.issued_at,
        revoked_at=found.revoked_at,
    )


def _segment_routes(engine: AsyncEngine) -> APIRouter:
    router = APIRouter(prefix="/v1/segments", tags=["segments"], responses=problem_responses(401, 403, 404))

    @router.get("/{code}/quota", summary="The places of a segment")
    async def quota(code: Code, caller: Reader, campaign: Campaign = None) -> QuotaTold:
        """How many places there are, are taken and are waited for."""
        async with engine.connect() as connection:
            segment = await segment_within(connection, code, caller, campaign)
            waitlisted = await queries.count_waitlisted(connection, segment)
        return QuotaTold(
            campaign=segment.campaign,
            segment=segment.code,
            pool=segment.pool,
            quota=segment.quota,
            taken=segment.taken,
            reserved=segment.reserved,
            waitlisted=waitlisted,
            frozen=segment.frozen,
            next_number=visible_number(segment.code, segment.last_serial + 1)
            if caller.role in RECRUITERS
            else None,
        )

    @router.get("/{code}/waitlist", summary="Who is called next")
    async def waitlist(
        code: Code,
        caller: Staff,
        campaign: Campaign = None,
        after: After = "0-0",
        limit: Annotated[int, Query(ge=1, le=MOST_WAITING)] = 100,
    ) -> WaitlistTold:
        """The queue for the places that the segment draws on, in the order of the log.

        Where the quota is given to the constituency, all its segments stand in one queue.
        """
        turn = queries.Turn(*(Position(int(part)) for part in after.split("-")))
        async with engine.connect() as connection:
            segment = await segment_within(connection, code, caller, campaign)
            found = await queries.waitlist(connection, segment, after=turn, most=limit + 1)
        page = found[:limit]
        return WaitlistTold(
            campaign=segment.campaign,
            segment=segment.code,
            pool=segment.pool,
            waiting=[
                Waiting(certificate_id=w.id, segment=w.segment, enrolled_at=w.enrolled_at) for w in page
            ],
            after="-".join(map(str, page[-1].turn)) if len(found) > limit else None,
        )

    return router
