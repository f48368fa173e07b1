"""What the API answers, as it stands in the OpenAPI document. No name, no phone: those are not read here."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from mitra_shared.ids import AreaCode, CampaignId, CertificateId, MitraId

Number = Annotated[str, Field(examples=["S11-AC032-0007"])]


class Answer(BaseModel):
    """An answer with exactly the declared fields."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class CertificateTold(Answer):
    """One certificate."""

    id: CertificateId
    campaign: CampaignId
    mitra_id: MitraId
    constituency: Annotated[AreaCode, Field(examples=["S11-PC04"])]
    segment: Annotated[AreaCode, Field(examples=["S11-AC032"])]
    state: Literal["held", "waitlisted", "issued", "revoked"]
    number: Number | None
    """As printed; kept, and void, after a revocation."""
    revision: Annotated[int, Field(ge=1)]
    """Counts what was signed for it; 2 after the first correction or new number."""
    credential_id: UUID | None
    """Id of the signed credential, once it is signed and while it is valid: `/v1/credentials/{id}`."""
    ahead: Annotated[int, Field(ge=0)] | None
    """How many wait before it, while it is waitlisted."""
    enrolled_at: datetime
    issued_at: datetime | None
    revoked_at: datetime | None


class QuotaTold(Answer):
    """The places a segment draws on. `pool` is the area that the quota is given to."""

    campaign: CampaignId
    segment: Annotated[AreaCode, Field(examples=["S11-AC032"])]
    pool: Annotated[AreaCode, Field(examples=["S11-AC032"])]
    quota: Annotated[int, Field(ge=0, examples=[750])]
    taken: Annotated[int, Field(ge=0, examples=[750])]
    """More than the quota where it was lowered: nothing is revoked for that."""
    reserved: Annotated[int, Field(ge=0, examples=[0])]
    """Of the quota, kept for programmes: nobody is called for these."""
    waitlisted: Annotated[int, Field(ge=0, examples=[42])]
    frozen: bool
    """Nothing is issued for the time being."""
    next_number: Number | None
    """For the staff of the constituency only: with `taken`, it tells how many were revoked."""


class Waiting(Answer):
    """One certificate in the queue of a pool."""

    certificate_id: CertificateId
    segment: Annotated[AreaCode, Field(examples=["S11-AC032"])]
    enrolled_at: datetime


class WaitlistTold(Answer):
    """A page of the queue that a segment's people stand in, next to be called first."""

    campaign: CampaignId
    segment: Annotated[AreaCode, Field(examples=["S11-AC032"])]
    pool: Annotated[AreaCode, Field(examples=["S11-AC032"])]
    waiting: list[Waiting]
    after: str | None
    """Parameter of the next page; null on the last."""
