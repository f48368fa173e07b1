"""What is asked and told in rounds of contact: the models behind the OpenAPI document."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import UUID4, BaseModel, Field

from enrolment.domain.contacting import LONGEST_BACK, Contact, ContactId, Outcome, PreferredTime
from enrolment.schemas import Body
from enrolment.staff_schemas import StaffIdText
from mitra_shared.campaign.definition import Language
from mitra_shared.ids import AreaCode, MitraId, StaffId

LARGEST_DUE_PAGE = 200
MOST_CALLS = 50
MOST_CONTACTS = 100
LONGEST_ROUND_ID = 100


class PersonDue(BaseModel):
    """Somebody who is to be contacted, without name and phone."""

    mitra_id: MitraId
    segment: AreaCode
    language: Language
    preferred_time: PreferredTime | None = Field(description="As last told.")
    last_contact: date | None = Field(description="Of any round.")
    last_outcome: Outcome | None
    call_on: date | None = Field(description="The day, by now, for which a call was promised.")


class DueList(BaseModel):
    """One page: those promised a call first, then never contacted, then whose last contact is longest ago."""

    round: str
    due: list[PersonDue]
    next: str | None = Field(description="`after` of the next page; null: this is the last.")
    count: int = Field(description="How many are due in all.")


class CallsAsked(Body):
    """Whom you are about to call."""

    mitra_ids: Annotated[tuple[MitraId, ...], Field(min_length=1, max_length=MOST_CALLS)]


class PersonToCall(BaseModel):
    """Name and phone in clear. Not to be kept."""

    mitra_id: MitraId
    name: str = Field(examples=["आयशा बेगम"])
    phone: str = Field(description="E.164.", examples=["+919876543210"])


class PeopleToCall(BaseModel):
    """In the order asked; whoever is not there to be called any more is left out."""

    people: list[PersonToCall]


class ContactMade(Body):
    """What came of one contact. There is no hour, and no place for words."""

    contact_id: UUID4 = Field(
        description="A random UUID (version 4) made for this contact alone: told again, it counts once."
    )
    mitra_id: MitraId
    round: str = Field(max_length=LONGEST_ROUND_ID, examples=["round-1"])
    day: date = Field(
        description="In India: of the round, not before the enrolment, not yet to come, and at most "
        f"{LONGEST_BACK.days} days ago."
    )
    outcome: Outcome = Field(description="`asked_to_stop` withdraws the person at once.")
    call_on: date | None = Field(
        default=None,
        description="With `call_later`, and with nothing else: a later day of the round.",
    )
    preferred_time: PreferredTime | None = Field(
        default=None, description="When the person says to like to be called."
    )

    def as_contact(self) -> Contact:
        """In the words of the domain."""
        return Contact(
            ContactId(self.contact_id),
            self.mitra_id,
            self.round,
            self.day,
            self.outcome,
            self.call_on,
            self.preferred_time,
        )


class ContactBatch(Body):
    """Contacts that were made while a phone was offline, oldest first; each is judged alone."""

    contacts: Annotated[tuple[ContactMade, ...], Field(min_length=1, max_length=MOST_CONTACTS)]


class ContactAnswer(BaseModel):
    """What came of telling one contact."""

    contact_id: UUID | None = Field(description="As sent; null if that was no UUID.")
    status: Literal["recorded", "known", "refused"] = Field(
        description="`known`: the same contact was recorded before. `refused` is final; `problem` says why."
    )
    problem: Mapping[str, object] | None = Field(description="A problem document.")


class ContactAnswers(BaseModel):
    """One answer for each contact, in the order sent."""

    contacts: list[ContactAnswer]


class StaffProgress(BaseModel):
    """How far one member of staff is in a round."""

    staff: StaffId
    at_work: bool = Field(
        description="False: no longer staff of the constituency, or suspended. The in-charge has these "
        "people in the own list until they are handed over."
    )
    people: int = Field(description="Whom this one has in care; nobody who withdrew.")
    reached: int = Field(description="Of those, reached in this round by anybody.")
    due: int = Field(description="Of those, neither reached nor with a wrong number.")
    attempts: int = Field(description="Contacts of the round that this one told, whomever they were with.")


class RoundProgress(BaseModel):
    """The in-charge sees everybody of the constituency, a co-in-charge the own figures."""

    round: str
    staff: list[StaffProgress]


class HandOver(Body):
    """Whose people go to whom, both of your constituency; who hands over may have left."""

    leaving: StaffIdText = Field(alias="from")
    to: StaffIdText


class HandedOver(BaseModel):
    """How many people changed hands now; asking again moves nobody."""

    people: int
