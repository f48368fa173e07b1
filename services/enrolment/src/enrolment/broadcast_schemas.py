"""What requests about broadcasts and their answers look like."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from enrolment.domain.broadcasts import LONGEST_TEXT, BroadcastId, BroadcastState, Held
from enrolment.domain.sms import Alphabet
from enrolment.schemas import Body
from mitra_shared.campaign.definition import Language
from mitra_shared.ids import AreaCode, CampaignId, StaffId

_Raw = Annotated[str, StringConstraints(max_length=5_000)]
_TENS = "In whole tens, moved by a few at random so that it tells of nobody; null below ten."


class BroadcastTexts(Body):
    """What is said. Who has chosen a language in which nothing is said is told in English."""

    en: _Raw = Field(
        description=f"One line of plain text, 1 to {LONGEST_TEXT} characters, without links.",
        examples=["The help desk in Kalpetta is open on Sunday from 10 to 4."],
    )
    hi: _Raw | None = Field(default=None, examples=["कल्पेट्टा में सहायता केंद्र रविवार को 10 से 4 बजे तक खुला है।"])
    ur: _Raw | None = None


class NewBroadcast(Body):
    """A text to everybody of an area, or to those of them who have chosen a language."""

    texts: BroadcastTexts
    area: Annotated[str, StringConstraints(max_length=40)] = Field(
        description="Code of an area of the campaign; for an in-charge the own constituency or a segment.",
        examples=["S11-PC04"],
    )
    language: Language | None = Field(default=None, description="Only to those who have chosen it.")
    not_before: AwareDatetime | None = Field(default=None, description="At most 30 days ahead.")


class MessageForecast(BaseModel):
    """The message as people of one language get it."""

    language: Language
    preview: str = Field(description="With the link of a receipt that is nobody's.")
    alphabet: Alphabet
    places: int = Field(description="Septets or 16-bit units.")
    parts: int = Field(description="SMS that a gateway counts for each person.")
    people_at_most: int = Field(description="Ever enrolled with this language, in whole tens upwards.")


class MessagesDropped(BaseModel):
    """Messages that are not sent, and why."""

    expired: int | None = Field(description=f"Could not go in time. {_TENS}")
    cancelled: int | None = Field(description=_TENS)
    no_longer_wanted: int | None = Field(
        description=f"The person withdrew, was erased, or wants no messages, by now. {_TENS}"
    )


class BroadcastFigures(BaseModel):
    """How far the messages are. Small numbers are not told, since they would tell who has withdrawn."""

    prepared: int | None = Field(description=_TENS)
    waiting: int | None = Field(description=_TENS)
    sent: int | None = Field(description=f"Taken by the gateway. {_TENS}")
    failed: int | None = Field(description=f"Refused by the gateway, or given up. {_TENS}")
    dropped: MessagesDropped


class BroadcastTold(BaseModel):
    """A broadcast, as whoever may steer it sees it."""

    id: BroadcastId
    campaign: CampaignId
    state: BroadcastState
    author: StaffId
    area: AreaCode
    language: Language | None
    texts: BroadcastTexts = Field(description="As they are sent.")
    digest: str = Field(description="Of texts, audience and time; the approval repeats it.")
    not_before: datetime | None
    created_at: datetime
    approved_at: datetime | None
    approved_by: StaffId | None
    expires_at: datetime | None = Field(description="What has not gone by then is dropped.")
    cancelled_at: datetime | None
    finished_at: datetime | None
    people_at_most: int = Field(
        description="Ever enrolled in the audience, in whole tens upwards. Whoever withdrew, wants no "
        "messages, or got a broadcast a few days ago is among them, and gets none."
    )
    messages: list[MessageForecast]
    earliest: datetime | None = Field(
        description="When the first message can go, by quiet hours and `not_before`; null while issuing is "
        "frozen, and at the end."
    )
    held: Held | None = Field(description="What holds it at this moment.")
    figures: BroadcastFigures


class BroadcastsTold(BaseModel):
    """Newest first, at most 100."""

    broadcasts: list[BroadcastTold]


class BroadcastApproval(Body):
    """That what was seen is to be sent."""

    digest: str = Field(pattern=r"^[0-9a-f]{64}$", description="Of the broadcast that was seen.")
