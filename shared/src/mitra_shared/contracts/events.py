"""The events that services publish and consume. Versioned; a released type is never edited.

Erasure is the one exception: it takes a sealed name out of the payload that stands in the log, and leaves the
rest as it is.

Every event knows its topic, its `key` (the constituency: whatever competes for one quota or adds to one
rollup shares a partition; of staff the person) and its `subject` (the Mitra it is about, if any). No event
carries a name or a phone in clear, and an opinion carries no person, recruiter or time finer than a day.
"""

from datetime import UTC, date, datetime, time
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from mitra_shared.campaign.definition import Basis, CampaignDefinition, Language
from mitra_shared.contracts.event import Event, MitraEvent, TimedEvent
from mitra_shared.contracts.field_events import ContactsCountedV1, OutreachReportedV1
from mitra_shared.contracts.topics import CERTIFICATES, CUSTODY, ENROLMENT, OPINIONS, STAFF, Topic
from mitra_shared.ids import AreaCode, CertificateId, StaffId


class CampaignDefinedV1(TimedEvent):
    """A campaign was defined or changed; appended to all partitions of the enrolment log at once."""

    topic: ClassVar[Topic] = ENROLMENT
    type: Literal["CampaignDefinedV1"] = "CampaignDefinedV1"
    definition: CampaignDefinition

    @property
    def key(self) -> None:
        """Every partition."""
        return


class MitraEnrolledV1(MitraEvent):
    """A person was enrolled. `holder_name` is sealed (see `mitra_shared.security.sealing`).

    It is there when the event is appended, and no longer once the person was erased: a replay reads the
    event without it. Whoever needs the name does without until the withdrawal that follows.
    """

    topic: ClassVar[Topic] = ENROLMENT
    type: Literal["MitraEnrolledV1"] = "MitraEnrolledV1"
    recruiter: StaffId
    basis: Basis
    schemes: tuple[str, ...] = ()
    language: Language
    holder_name: Annotated[str | None, Field(default=None, exclude_if=lambda name: name is None)]


class LanguageCorrected(BaseModel):
    """The language that a person is to be addressed in, and the one that stood there before."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    language: Language
    previous: Language


class SchemesCorrected(BaseModel):
    """The schemes that a person has received, and those that stood there before."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schemes: tuple[str, ...]
    previous: tuple[str, ...]


class MitraCorrectedV1(MitraEvent):
    """What is recorded of a person was put right, at the person's own request.

    A part is there if it changed, beside what it replaces, so that counts can follow. `holder_name` is the
    right name, sealed as that of `MitraEnrolledV1` and, like it, gone once the person was erased;
    `name_changed` says also then that there was one.
    """

    topic: ClassVar[Topic] = ENROLMENT
    type: Literal["MitraCorrectedV1"] = "MitraCorrectedV1"
    name_changed: bool
    holder_name: Annotated[str | None, Field(default=None, exclude_if=lambda name: name is None)]
    language: LanguageCorrected | None = None
    schemes: SchemesCorrected | None = None


class MitraWithdrawnV1(MitraEvent):
    """A person withdrew consent. Carries what a rollup needs to say so without a look-up."""

    topic: ClassVar[Topic] = ENROLMENT
    type: Literal["MitraWithdrawnV1"] = "MitraWithdrawnV1"
    basis: Basis


class MitraErasedV1(MitraEvent):
    """Everything personal about a person was erased: whoever keeps something of the person forgets it now.

    It follows the withdrawal. What is counted stays counted.
    """

    topic: ClassVar[Topic] = ENROLMENT
    type: Literal["MitraErasedV1"] = "MitraErasedV1"


class MitraClearedV1(MitraEvent):
    """No likely duplicate of the person is open (campaigns with `issue_on = "cleared"`)."""

    topic: ClassVar[Topic] = ENROLMENT
    type: Literal["MitraClearedV1"] = "MitraClearedV1"


class OpinionReleasedV1(Event):
    """One anonymous answer sheet, released in random order once enough of its kind were there.

    `area` is the segment, or the constituency for sheets that went up when their round closed.
    `event_id` is random (version 4) and `day` is the day of release in India.
    """

    topic: ClassVar[Topic] = OPINIONS
    type: Literal["OpinionReleasedV1"] = "OpinionReleasedV1"
    constituency: AreaCode
    area: AreaCode
    round: str
    day: date
    answers: dict[str, str | int | tuple[str, ...]]

    @property
    def key(self) -> str:
        """The constituency."""
        return self.constituency

    @property
    def at(self) -> datetime:
        """Midnight (UTC) of the day of release: no finer time exists."""
        return datetime.combine(self.day, time(), UTC)


CertificateState = Literal["held", "waitlisted", "issued", "revoked"]


class CertificateEvent(MitraEvent):
    """An event about the certificate of one Mitra."""

    topic: ClassVar[Topic] = CERTIFICATES
    certificate_id: CertificateId


class CertificateIssuedV1(CertificateEvent):
    """A certificate took a place in its quota and the next serial number of its segment."""

    type: Literal["CertificateIssuedV1"] = "CertificateIssuedV1"
    serial: Annotated[int, Field(ge=1)]
    previous: CertificateState | None


class CertificateWaitlistedV1(CertificateEvent):
    """The quota is used up; the certificate waits in the order of the log."""

    type: Literal["CertificateWaitlistedV1"] = "CertificateWaitlistedV1"
    previous: CertificateState | None


class CertificateRevokedV1(CertificateEvent):
    """A certificate, or its place in the waitlist, is no longer valid."""

    type: Literal["CertificateRevokedV1"] = "CertificateRevokedV1"
    previous: CertificateState
    serial: int | None
    reason: Literal["withdrawn"]


class CertificateReissuedV1(CertificateEvent):
    """A spoiled certificate got a new number in the same place; the old number is void for ever."""

    type: Literal["CertificateReissuedV1"] = "CertificateReissuedV1"
    serial: Annotated[int, Field(ge=1)]
    void_serial: Annotated[int, Field(ge=1)]
    revision: Annotated[int, Field(ge=2)]


class CertificateCorrectedV1(CertificateEvent):
    """The holder's name was corrected: what was signed before is revoked, number and place stay."""

    type: Literal["CertificateCorrectedV1"] = "CertificateCorrectedV1"
    serial: Annotated[int, Field(ge=1)]
    revision: Annotated[int, Field(ge=2)]


class PlacesEvent(TimedEvent):
    """An event about the places of an area that holds a quota: a segment or a constituency."""

    constituency: AreaCode
    area: AreaCode

    @property
    def key(self) -> str:
        """The constituency."""
        return self.constituency


class PlacesRaisedV1(PlacesEvent):
    """The quota desk gave an area more places, beside those of the campaign definition.

    Below 0: the quotas moved to areas of another level, and what had been raised went with them or lapsed.
    """

    topic: ClassVar[Topic] = CERTIFICATES
    type: Literal["PlacesRaisedV1"] = "PlacesRaisedV1"
    by: int


class PlacesReservedV1(PlacesEvent):
    """Places of an area were set aside for a programme; below 0: they were given out or given back."""

    topic: ClassVar[Topic] = CERTIFICATES
    type: Literal["PlacesReservedV1"] = "PlacesReservedV1"
    programme: UUID
    places: int


class CustodyEvent(TimedEvent):
    """An event about paper, or about a programme. It names no person."""

    topic: ClassVar[Topic] = CUSTODY
    constituency: AreaCode

    @property
    def key(self) -> str:
        """The constituency."""
        return self.constituency


class CertificatesPrintedV1(CustodyEvent):
    """A print sheet left the printer."""

    type: Literal["CertificatesPrintedV1"] = "CertificatesPrintedV1"
    segment: AreaCode
    sheet: UUID
    count: Annotated[int, Field(ge=1)]


class CertificatesDispatchedV1(CustodyEvent):
    """A print sheet is on its way to the field."""

    type: Literal["CertificatesDispatchedV1"] = "CertificatesDispatchedV1"
    segment: AreaCode
    sheet: UUID
    count: Annotated[int, Field(ge=1)]


class CertificateHandedOverV1(CustodyEvent):
    """A certificate is in the hands of its holder, given at a programme or by a visit."""

    type: Literal["CertificateHandedOverV1"] = "CertificateHandedOverV1"
    segment: AreaCode
    programme: UUID | None = None


class ProgrammeFigures(BaseModel):
    """What those who held a programme say of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    presented: Annotated[int, Field(ge=0)]
    """Certificates handed over there."""
    beneficiaries: Annotated[int, Field(ge=0)]
    """Beneficiaries who joined the discussion."""


class ProgrammeReportedV1(CustodyEvent):
    """A programme was held; `previous` are the figures that a corrected report replaces."""

    type: Literal["ProgrammeReportedV1"] = "ProgrammeReportedV1"
    programme: UUID
    kind: Literal["launch", "discussion"]
    held_on: date
    figures: ProgrammeFigures
    previous: ProgrammeFigures | None = None


class DiscussionFigures(BaseModel):
    """What those who held a programme say of who came and what was talked about."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    attendance: Annotated[int, Field(ge=0)]
    """Everybody who came, enrolled or not."""
    topics: dict[str, Annotated[int, Field(ge=1)]]
    """Topic of the campaign definition -> beneficiaries who spoke about it."""


class ProgrammeDiscussedV1(CustodyEvent):
    """Who came to a programme, and what was talked about; `previous` is what a corrected report replaces.

    It follows the `ProgrammeReportedV1` of the same report, where that tells anything of this.
    """

    type: Literal["ProgrammeDiscussedV1"] = "ProgrammeDiscussedV1"
    programme: UUID
    held_on: date
    figures: DiscussionFigures
    previous: DiscussionFigures | None = None


class StaffPost(BaseModel):
    """A role in an area, the nation of headquarters included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Literal["headquarters", "state_coordinator", "in_charge", "co_in_charge"]
    area: AreaCode


class EndedSession(BaseModel):
    """A sign-in (`sid` of tokens) that was ended; by `until` all its access tokens have expired."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    session: UUID
    until: AwareDatetime


class StaffStandingV1(TimedEvent):
    """Whose tokens count, of one member of staff: all of it, so that the last one of a person is the truth.

    A token counts no longer if the person is suspended, if its session is among `ended`, or if it is for one
    of the `former` posts, which are those that the person does not hold now. `name` is sealed for those who
    show staff to their in-charge; it is left out where there is none, or none any more.
    """

    topic: ClassVar[Topic] = STAFF
    type: Literal["StaffStandingV1"] = "StaffStandingV1"
    staff: StaffId
    state: Literal["active", "suspended"]
    post: StaffPost | None
    former: tuple[StaffPost, ...] = ()
    ended: tuple[EndedSession, ...] = ()
    name: Annotated[str | None, Field(default=None, exclude_if=lambda name: name is None)]

    @property
    def key(self) -> str:
        """The person."""
        return self.staff


EnrolmentEvent = Annotated[
    CampaignDefinedV1
    | MitraEnrolledV1
    | MitraCorrectedV1
    | MitraWithdrawnV1
    | MitraErasedV1
    | MitraClearedV1
    | ContactsCountedV1
    | OutreachReportedV1,
    Field(discriminator="type"),
]
OpinionEvent = OpinionReleasedV1
StaffLogEvent = StaffStandingV1
CertificateLogEvent = Annotated[
    CertificateIssuedV1
    | CertificateWaitlistedV1
    | CertificateRevokedV1
    | CertificateReissuedV1
    | CertificateCorrectedV1
    | PlacesRaisedV1
    | PlacesReservedV1,
    Field(discriminator="type"),
]
CustodyLogEvent = Annotated[
    CertificatesPrintedV1
    | CertificatesDispatchedV1
    | CertificateHandedOverV1
    | ProgrammeReportedV1
    | ProgrammeDiscussedV1,
    Field(discriminator="type"),
]
