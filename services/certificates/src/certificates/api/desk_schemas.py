"""What the quota desk is asked and what it answers, as it stands in the OpenAPI document."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from certificates.api.schemas import Answer, Number
from certificates.domain.desk_reasons import (
    CorrectionReason,
    DeskReason,
    GrantReason,
    RaiseReason,
    ReissueReason,
    ReleaseReason,
    ReservationReason,
)
from mitra_shared.campaign.definition import Slug
from mitra_shared.ids import AreaCode, CampaignId, CertificateId
from mitra_shared.person_names import LONGEST_NAME, RIGHT_NAME, UnacceptableName, clean_person_name

MOST_PLACES = 10_000
"""In one decision."""


def _clean(raw: str) -> str:
    try:
        return clean_person_name(raw)
    except UnacceptableName as refusal:
        raise PydanticCustomError(
            "person_name", "{why}", {"why": str(refusal), "expected": RIGHT_NAME}
        ) from None


Places = Annotated[int, Field(ge=1, le=MOST_PLACES, examples=[25])]
Area = Annotated[
    AreaCode,
    Field(
        pattern=r"^[A-Z0-9][A-Z0-9-]{0,31}$",
        description="The segment or constituency that holds the quota",
        examples=["S11-AC032"],
    ),
]
Programme = Annotated[UUID, Field(description="Id of the programme")]
NumberAsked = Annotated[
    str, Field(pattern=r"^[A-Z0-9][A-Z0-9-]{0,31}-[0-9]{4,9}$", examples=["S11-AC032-0007"])
]
HolderName = Annotated[str, Field(max_length=4 * LONGEST_NAME), AfterValidator(_clean)]


class Asked(BaseModel):
    """What every decision needs."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    reason: DeskReason


class AskedOfCampaign(Asked):
    """Of an area or number that several campaigns may have."""

    campaign: Slug | None = None
    """Needed where the token names none and several campaigns have the area."""


class RaiseAsked(AskedOfCampaign):
    """More places for an area."""

    reason: RaiseReason
    area: Area
    places: Places


class ReservationAsked(AskedOfCampaign):
    """Free places of an area to keep for a programme."""

    reason: ReservationReason
    area: Area
    programme: Programme
    places: Places


class ReleaseAsked(AskedOfCampaign):
    """What is left of a reservation, to give back."""

    reason: ReleaseReason
    area: Area


class GrantAsked(Asked):
    """A place that is kept for a programme, for one who waits."""

    reason: GrantReason
    certificate_id: CertificateId
    programme: Programme


class ReissueAsked(AskedOfCampaign):
    """A spoiled certificate, by the number on it."""

    reason: ReissueReason
    number: NumberAsked


class CorrectionAsked(AskedOfCampaign):
    """The right name of a holder, and the number of the certificate."""

    reason: CorrectionReason
    number: NumberAsked
    holder_name: HolderName
    """As it is to be printed, in at most 8 words; sealed before it is stored, and shown by no desk."""


class EntryTold(Answer):
    """A decision of the desk with who and why. It names no holder."""

    id: UUID
    """The `Idempotency-Key` it was asked with."""
    entry: Annotated[int, Field(ge=1)]
    """Counts decisions, in the order in which they were taken within a constituency."""
    kind: Literal["raise", "reserve", "release", "grant", "reissue", "correct"]
    campaign: CampaignId
    constituency: Annotated[AreaCode, Field(examples=["S11-PC04"])]
    area: Annotated[AreaCode, Field(examples=["S11-AC032"])] | None
    programme: UUID | None
    places: int | None
    """That were raised, reserved, given back or given out."""
    issued: int | None
    """How many certificates were issued on it."""
    certificate_id: CertificateId | None
    """For the constituency only, as the numbers."""
    number: Number | None
    """Of the certificate, after the decision."""
    void_number: Number | None
    """Of a spoiled one: void for ever."""
    revision: int | None
    reason: str
    """Of the list of its kind, or `erased` with the holder. Decisions from before there were lists have
    words: those about places are shown as they are, those about a certificate to its constituency, and as
    `other` to everybody else."""
    decided_by: str
    decided_role: str
    decided_at: datetime
    lapsed: str | None
    """Why a replay of the log could not carry it out again."""


class EntriesTold(Answer):
    """A page of the audit record, oldest first."""

    entries: list[EntryTold]
    after: int | None
    """Parameter of the next page; null on the last."""
