"""Events of field work after the enrolment: how many people were contacted and met. None stands in them."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from mitra_shared.contracts.event import TimedEvent
from mitra_shared.contracts.topics import ENROLMENT, Topic
from mitra_shared.ids import AreaCode, StaffId


class ContactsCountedV1(TimedEvent):
    """Contacts of one round that one member of staff made in one segment on one day, counted once it is over.

    `occurred_at` is when they were counted, and tells nothing of when they were made. What arrives later of
    the same day is counted in a further event: counts of events add up, and none is taken back. Whoever
    asked to stop counts as reached: an outcome of its own would tell of a withdrawal.
    """

    topic: ClassVar[Topic] = ENROLMENT
    type: Literal["ContactsCountedV1"] = "ContactsCountedV1"
    constituency: AreaCode
    segment: AreaCode
    round: str
    staff: StaffId
    day: date
    """Of the contacts, in India."""
    attempts: Annotated[int, Field(ge=1)]
    """Outcomes that were recorded, whatever they are."""
    reached: Annotated[int, Field(ge=0)]
    """People who were reached for the first time in this round."""

    @property
    def key(self) -> str:
        """The constituency."""
        return self.constituency


class OutreachFigures(BaseModel):
    """What a member of staff did on one day in one segment, besides enrolling and calling."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    meetings: Annotated[int, Field(ge=0)]
    """Meetings held."""
    people_met: Annotated[int, Field(ge=0)]
    """People met there and at their homes, enrolled or not."""


class OutreachReportedV1(TimedEvent):
    """A day of outreach of one member of staff in one segment; `previous`: what a correction replaces."""

    topic: ClassVar[Topic] = ENROLMENT
    type: Literal["OutreachReportedV1"] = "OutreachReportedV1"
    constituency: AreaCode
    segment: AreaCode
    staff: StaffId
    day: date
    figures: OutreachFigures
    previous: OutreachFigures | None = None

    @property
    def key(self) -> str:
        """The constituency."""
        return self.constituency
