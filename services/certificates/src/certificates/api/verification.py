"""`POST /v1/verify`: a verdict for machines. It says nothing but what the certificate itself says."""

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncEngine

from certificates.api.schemas import Answer
from certificates.issuer import Issuer
from certificates.storage import credentials
from mitra_shared.credential.taking_apart import LARGEST
from mitra_shared.credential.verify import Outcome, Verdict, verify
from mitra_shared.http.problems import problem_responses
from mitra_shared.http.rates import RatePerAddress

_WITHDRAWN: Final = "The issuer signed it, and has revoked it since."
_GOOD: Final = "The issuer signed it, nothing was changed, and it is not revoked."


class CredentialGiven(Answer):
    """What is to be verified."""

    credential: Annotated[str, Field(min_length=1, max_length=LARGEST)] | dict[str, Any]
    """VC-JWT, text of the QR code, its base32 part, or the JSON-LD document, as text or as an object."""


class Certified(Answer):
    """What the certificate says. Names of areas are English; state and language are not in every form."""

    holder_name: str
    number: str
    campaign: str
    constituency: str
    segment: str
    state: str | None
    issuer: str
    issued_at: int
    """Unix seconds."""
    credential_id: UUID


class VerdictTold(Answer):
    """A verdict. Nothing of a certificate is told unless its signature holds."""

    outcome: Literal["valid", "revoked", "altered", "unknown_key", "other_issuer", "unreadable"]
    reason: str
    form: Literal["vc+jwt", "cose", "eddsa-rdfc-2022"] | None
    certificate: Certified | None


def verification_router(engine: AsyncEngine, issuer: Issuer, per_minute: int) -> APIRouter:
    """The route, for everybody, `per_minute` times from each address."""
    router = APIRouter(tags=["verification"])
    rate = RatePerAddress(per_minute)

    @router.post("/v1/verify", summary="Verify a certificate", responses=problem_responses(413, 429))
    async def verified(given: CredentialGiven, request: Request) -> VerdictTold:
        """Signature and revocation, as they are here and now. A verdict is an answer, not an error."""
        rate.take(request)
        verdict = verify(given.credential, issuer.trusted())
        if verdict.outcome is not Outcome.VALID or verdict.says is None:
            return _told(verdict, verdict.outcome, verdict.reason)
        async with engine.connect() as connection:
            kept = await credentials.find(connection, [verdict.says.credential_id])
        # One that is signed and not kept was signed on a branch of the database that is lost: it stands.
        revoked = any(each.revoked_at is not None for each in kept)
        return _told(verdict, Outcome.REVOKED if revoked else Outcome.VALID, _WITHDRAWN if revoked else _GOOD)

    return router


def _told(verdict: Verdict, outcome: Outcome, reason: str) -> VerdictTold:
    says = verdict.says
    certificate = says and Certified(
        holder_name=says.holder_name,
        number=says.number,
        campaign=says.campaign,
        constituency=says.constituency,
        segment=says.segment,
        state=says.state,
        issuer=says.issuer,
        issued_at=says.issued_at,
        credential_id=says.credential_id,
    )
    return VerdictTold(
        outcome=outcome.value,
        reason=reason,
        form=None if verdict.form is None else verdict.form.value,
        certificate=certificate,
    )
