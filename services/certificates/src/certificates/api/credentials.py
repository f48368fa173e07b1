"""`GET /v1/credentials/{id}`: a certificate in any of its forms, for whoever holds its unguessable id.

The id stands in the certificate itself and in no event: whoever has it has seen the certificate. Staff come
by the certificate's own id (`certificates.api.app`); the forms are made here for both.
"""

from datetime import UTC, datetime
from typing import Annotated, Final, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from certificates.api.forms import MEDIA_TYPES, OF_A_CREDENTIAL, Form, asked_form
from certificates.issuer import Issuer, Opened
from certificates.pages import certificate_page
from certificates.problems import CERTIFICATE_REVOKED, CERTIFICATE_UNKNOWN
from certificates.renderings import Renderings
from certificates.storage import credentials
from certificates.storage.credentials import Stored
from mitra_shared.campaign.definition import Language
from mitra_shared.http.problems import problem_responses

_HEADERS: Final = {
    "Cache-Control": "private, no-store",
    "Vary": "Accept",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}

NamedForm = Annotated[Form | None, Query(alias="format", description="Goes before the header Accept")]
InLanguage = Annotated[
    Language | None, Query(alias="lang", description="Of page, PDF and PNG; the holder's own if not said")
]
FORM_RESPONSES: Final = {
    200: {"content": {MEDIA_TYPES[form]: {} for form in OF_A_CREDENTIAL}},
    **problem_responses(404, 406, 410),
}


class Asked(NamedTuple):
    """What is asked for of one credential."""

    form: Form
    language: Language | None


class Forms:
    """Makes the forms of credentials."""

    def __init__(self, issuer: Issuer, renderings: Renderings) -> None:
        self._issuer = issuer
        self._renderings = renderings

    async def answer(self, stored: Stored, asked: Asked) -> Response:
        """One form of a stored credential.

        Raises:
            Problem: 410 for a revoked one, 503 while pages cannot be set.
        """
        if stored.revoked_at is not None:
            raise CERTIFICATE_REVOKED("It was withdrawn or replaced; the status list says so, too")
        opened = self._issuer.open(stored)
        language = asked.language or opened.facts.language
        content = await self._content(opened, asked.form, language)
        headers = dict(_HEADERS)
        if asked.form is Form.PAGE:
            headers |= certificate_page.HEADERS
        else:
            name = f"{opened.facts.number}.{asked.form.value}"
            headers["Content-Disposition"] = f'inline; filename="{name}"'
        return Response(content, media_type=MEDIA_TYPES[asked.form], headers=headers)

    async def _content(self, opened: Opened, form: Form, language: Language) -> str | bytes:
        match form:
            case Form.PDF:
                return await self._renderings.pdf(opened, language)
            case Form.PNG:
                return await self._renderings.png(opened, language)
            case Form.LINKED_DATA:
                return await self._issuer.with_proof(opened.facts, datetime.now(UTC))
            case Form.JWT:
                return opened.jwt
            case Form.COSE:
                return opened.cose
            case _:
                return certificate_page.html(opened, language)


def credential_router(engine: AsyncEngine, forms: Forms) -> APIRouter:
    """The route for everybody."""
    router = APIRouter(prefix="/v1/credentials", tags=["credentials"])

    @router.get(
        "/{credential_id}",
        summary="A certificate, for whoever holds its id",
        response_class=Response,
        responses=FORM_RESPONSES,
    )
    async def credential(
        credential_id: UUID,
        form: NamedForm = None,
        lang: InLanguage = None,
        accept: Annotated[str | None, Header()] = None,
    ) -> Response:
        """Page, PDF, PNG, JSON-LD with a Data Integrity proof, VC-JWT, or the COSE of the QR code."""
        asked = Asked(asked_form(accept, form, OF_A_CREDENTIAL), lang)
        async with engine.connect() as connection:
            found = await credentials.find(connection, [credential_id])
        if not found:
            raise CERTIFICATE_UNKNOWN("No certificate has this id; it stands in the certificate's QR code")
        return await forms.answer(found[0], asked)

    return router
