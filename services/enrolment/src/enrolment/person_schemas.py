"""What people ask and are told about their own data: the models behind the OpenAPI document."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StrictBool

from enrolment.domain.consent import ConsentManner
from enrolment.domain.contacting import Outcome, PreferredTime
from enrolment.domain.rights import LONGEST_GRIEVANCE, AnswerReason, RequestId, RequestKind, RequestState
from enrolment.schemas import Body
from mitra_shared.campaign.definition import Basis, Language, Names
from mitra_shared.ids import AreaCode, CampaignId, MitraId
from mitra_shared.person_names import RIGHT_NAME

CODE_PATTERN = r"^[0-9]{6}$"


class CodeAsked(BaseModel):
    """The same whether there is such a receipt or not."""

    told: Literal["if this is a receipt, a code is on its way to the phone"] = (
        "if this is a receipt, a code is on its way to the phone"
    )


class CodeTyped(Body):
    """The code that arrived on the phone."""

    code: str = Field(pattern=CODE_PATTERN, examples=["123456"])


class SessionOpened(BaseModel):
    """For the header `Person-Session` of what follows."""

    session: str
    expires_in: int = Field(description="Seconds.", examples=[900])


class CorrectionAsked(Body):
    """What is to be put right; what is left out is right as it is."""

    name: str | None = Field(default=None, description=f"{RIGHT_NAME}.", examples=["आयशा बेगम"])
    language: Language | None = None
    schemes: Annotated[tuple[str, ...], Field(max_length=64)] | None = Field(
        default=None, description="All schemes already received.", examples=[["PMAY-G"]]
    )


class GrievanceBrought(Body):
    """Do not write about religion, caste, or how anybody votes."""

    text: str = Field(description=f"1 to {LONGEST_GRIEVANCE} characters.", min_length=1, max_length=5_000)


class Nomination(Body):
    """Who may exercise the rights when the person no longer can."""

    name: str = Field(description=f"{RIGHT_NAME}.", examples=["Salim Khan"])
    phone: str = Field(examples=["+919876543211"])


class RequestNoted(BaseModel):
    """The request is noted."""

    due_at: datetime


class Coded(BaseModel):
    """A code and its name."""

    code: str
    name: Names | None = Field(description="Null: the campaign does not have it any more.")


class PaperHeld(BaseModel):
    """The paper that was signed, of somebody who was enrolled from one."""

    signed_on: date
    collected_by: str = Field(description="Name of whoever took it.")


class PaperPhotoHeld(BaseModel):
    """That there is a photo of the paper; the own page shows it."""

    taken_on: date
    kept_at: datetime


class ConsentHeld(BaseModel):
    """What the person agreed to, with the text."""

    notice_version: str
    language: Language
    notice_hash: str | None
    notice_text: str | None = Field(description="Null if that text is not known any more.")
    manner: ConsentManner
    given_at: datetime
    recorded_by_role: str | None
    paper: PaperHeld | None
    paper_photo: PaperPhotoHeld | None


class RequestHeld(BaseModel):
    """What the person asked so far."""

    id: RequestId
    kind: RequestKind
    asked_at: datetime
    due_at: datetime
    state: RequestState
    answered_at: datetime | None
    reason: AnswerReason | None


class NomineeHeld(BaseModel):
    """Whom the person named."""

    name: str
    phone: str
    nominated_at: datetime


class ContactHeld(BaseModel):
    """One contact with the person: a day, what came of it, and the role of whoever made it."""

    day: date
    round: str
    outcome: Outcome
    call_on: date | None
    by_role: str


class PersonHeld(BaseModel):
    """All that is held about a person, for that person."""

    id: MitraId
    receipt: str
    campaign: CampaignId
    name: str
    phone: str
    segment: Coded
    constituency: Coded
    basis: Basis
    schemes: list[Coded]
    language: Language
    state: Literal["enrolled", "withdrawn"]
    enrolled_at: datetime
    withdrawn_at: datetime | None
    stays_enrolled: bool = Field(
        description="This enrolment was merged with another of the person, which stays."
        " A withdrawal or erasure asked for here reaches that one too."
    )
    messages_off_at: datetime | None = Field(
        description="Since when no messages in bulk are wanted; where another enrolment stays, under that."
    )
    consent: ConsentHeld
    requests: list[RequestHeld]
    nominee: NomineeHeld | None
    contacts: list[ContactHeld] = Field(description="Newest first.")
    reached_elsewhere: list[str] = Field(
        description="Rounds in which the person was reached under an enrolment that was merged with this one."
    )
    preferred_time: PreferredTime | None = Field(description="When the person said to like to be called.")


class MessagesWanted(Body):
    """Whether the person wants messages in bulk. Codes, receipts and notices come in any case."""

    wanted: StrictBool


class MessagesChosen(BaseModel):
    """It is noted, and holds from the next message on."""

    messages_off_at: datetime | None = Field(description="Since when none are sent; null: they are sent.")


class PersonWithdrawn(BaseModel):
    """The consent is withdrawn; nothing of the person is used any more."""

    withdrawn_at: datetime


class ErasureSet(BaseModel):
    """Name and phone will be erased."""

    due_at: datetime


class RequestTold(BaseModel):
    """A request without names, as it stands in the list."""

    id: RequestId
    kind: RequestKind
    constituency: AreaCode
    asked_at: datetime
    due_at: datetime
    overdue: bool
    asked_through: str
    state: RequestState
    answered_at: datetime | None
    answered_by: str | None
    reason: AnswerReason | None


class RequestCount(BaseModel):
    """Open requests of one kind."""

    kind: RequestKind
    open: int
    overdue: int
    oldest: datetime
    next_due: datetime


class RequestList(BaseModel):
    """At most 200 requests, what is due first comes first."""

    requests: list[RequestTold]


class CorrectionTold(BaseModel):
    """What the person asks to be put right."""

    name: str | None
    language: Language | None
    schemes: list[str] | None


class RequestOpened(RequestTold):
    """One request with the person's name and words, for the in-charge who answers it."""

    mitra_id: MitraId
    name: str | None = Field(description="Null once erased.")
    correction: CorrectionTold | None
    grievance: str | None


class RequestAnswer(Body):
    """`done`, `explained` and `passed_on` answer a request; the other reasons refuse it."""

    reason: AnswerReason


class RequestAnswered(BaseModel):
    """The answer is noted, and the person is told."""

    state: RequestState
    reason: AnswerReason
