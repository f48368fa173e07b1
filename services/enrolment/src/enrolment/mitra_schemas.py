"""What staff see of people who are enrolled: the models behind `/v1/mitras`."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field

from enrolment.domain.consent import ConsentManner
from enrolment.schemas import Body
from mitra_shared.campaign.definition import Basis, Language
from mitra_shared.ids import AreaCode, CampaignId, MitraId, StaffId


class PaperPhotoTold(BaseModel):
    """That there is a photo of the paper that was signed."""

    taken_on: date
    kept_by: StaffId
    kept_at: datetime


class PaperPhotoKept(PaperPhotoTold):
    """The photo is kept, sealed."""

    mitra_id: MitraId


class ConsentTold(BaseModel):
    """What the person agreed to."""

    notice_version: str
    language: Language
    notice_hash: str | None = Field(
        description="SHA-256 of the text that was shown; null if that text is not known any more."
    )
    manner: ConsentManner
    given_at: datetime
    recorded_by: StaffId
    paper_photo: PaperPhotoTold | None = Field(description="Null: there is none.")


class MitraTold(BaseModel):
    """A person as those of the own constituency see one: without name and phone."""

    id: MitraId
    campaign: CampaignId
    constituency: AreaCode
    segment: AreaCode
    state: Literal["enrolled", "withdrawn", "erased"]
    recruiter: StaffId
    basis: Basis
    schemes: list[str]
    language: Language
    consent: ConsentTold
    enrolled_at: datetime
    withdrawn_at: datetime | None


class LookAsked(Body):
    """What staff look at a person for."""

    purpose: Literal["contact", "correction"] = Field(
        description="To reach the person, or to compare what is held with what the person says."
    )


class MitraSeen(BaseModel):
    """A person's name and phone in clear. Not to be kept."""

    id: MitraId
    name: str = Field(examples=["आयशा बेगम"])
    phone: str = Field(description="E.164.", examples=["+919876543210"])


class Withdrawn(BaseModel):
    """The withdrawal is recorded; the event stands at this place of the log."""

    mitra_id: MitraId
    withdrawn_at: datetime
    partition: int
    epoch: int
    position: int


class MessagesStopped(BaseModel):
    """The person gets no more messages in bulk."""

    mitra_id: MitraId
    messages_off_at: datetime


class ErasurePlanned(BaseModel):
    """The person was told and is erased at this moment, or soon after."""

    mitra_id: MitraId
    due_at: datetime
    noticed_at: datetime


class ErasureTold(BaseModel):
    """How far the erasure of a person is."""

    mitra_id: MitraId
    state: Literal["not_planned", "planned", "noticed", "erased", "complete"] = Field(
        description="`planned` by the rule of the campaign, `noticed` once the person was told, `erased` "
        "from all rows and the log, `complete` once streams and files were written anew too."
    )
    why: Literal["withdrawn", "asked", "campaign_ended"] | None
    due_at: datetime | None = Field(description="Not before this, and 48 hours after the notice.")
    noticed_at: datetime | None
    erased_at: datetime | None
    completed_at: datetime | None
