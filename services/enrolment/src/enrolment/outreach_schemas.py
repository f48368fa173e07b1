"""What requests and answers about outreach look like."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, Field, StrictInt

from enrolment.domain.outreach import MOST_MEETINGS, MOST_PEOPLE_MET
from enrolment.schemas import Body
from mitra_shared.ids import AreaCode, StaffId


class OutreachDone(Body):
    """All that one member of staff did on that day in that segment, besides enrolling and calling."""

    meetings: Annotated[StrictInt, Field(ge=0, le=MOST_MEETINGS, description="Meetings held.", examples=[2])]
    people_met: Annotated[
        StrictInt,
        Field(
            ge=0,
            le=MOST_PEOPLE_MET,
            description="People met there and at their homes, enrolled or not.",
            examples=[85],
        ),
    ]


class OutreachReport(BaseModel):
    """What stands in the records of one day, segment and member of staff."""

    day: date
    segment: AreaCode
    staff: StaffId
    meetings: int
    people_met: int
    reported_at: datetime


class OutreachReports(BaseModel):
    """One page, by day, segment and member of staff."""

    reports: list[OutreachReport]
    next: str | None = Field(description="Give it as `after` for the next page; null on the last one.")
