"""What is asked and answered about print sheets, hand-overs and programmes. No name is read for any of it."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from certificates.api.schemas import Answer, Number
from certificates.commands.make_sheet import MOST
from certificates.domain.paper import HandOverOutcome, ReprintReason
from certificates.domain.venue import EXPECTED, LONGEST, PATTERN, UnfitPlace, clean_place
from certificates.storage.press_jobs import Stage
from mitra_shared.ids import AreaCode, CampaignId, StaffId

MOST_RECORDS = 500
"""Hand-overs in one request."""
LONGEST_CODE = 8_000
MOST_PEOPLE = 1_000_000
MOST_TOPICS = 100
LONGEST_TOPIC = 63


def _clean(raw: str) -> str:
    try:
        return clean_place(raw)
    except UnfitPlace as error:
        raise PydanticCustomError("place", "{why}", {"why": str(error), "expected": EXPECTED}) from None


Place = Annotated[
    str,
    Field(max_length=4 * LONGEST, json_schema_extra={"pattern": PATTERN}, examples=["Town hall, Kalpetta"]),
    AfterValidator(_clean),
]
Segment = Annotated[AreaCode, Field(examples=["S11-AC032"])]


class Asked(BaseModel):
    """A body with exactly the declared fields."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class SheetAsked(Asked):
    """A sheet of the next certificates of a segment."""

    most: Annotated[int, Field(ge=1, le=MOST)] = MOST
    """How many at most."""


class ReprintAsked(Asked):
    """A sheet of certificates that were on one before."""

    numbers: Annotated[list[Number], Field(min_length=1, max_length=MOST)]
    """As printed; all of one segment, none twice."""
    reason: ReprintReason


class Left(Answer):
    """A certificate that is not on the pages of a sheet, and why."""

    number: Number
    why: str


class Marked(Answer):
    """What was done with a sheet."""

    at: AwareDatetime
    by: StaffId
    new: Annotated[int, Field(ge=0)]
    """Papers that no earlier sheet had told of."""


class Pages(Answer):
    """How far the press is."""

    stage: Stage
    prepared: Annotated[int, Field(ge=0)]
    total: Annotated[int, Field(ge=0)]
    until: AwareDatetime | None
    """How long the files are kept; afterwards they are made again when they are asked for."""
    trouble: str | None


class SheetTold(Answer):
    """One print sheet."""

    id: UUID
    campaign: CampaignId
    constituency: Annotated[AreaCode, Field(examples=["S11-PC04"])]
    segment: Segment
    reprint: ReprintReason | None
    """Why it was made, if its certificates had been on one before."""
    made_at: AwareDatetime
    made_by: StaffId
    count: Annotated[int, Field(ge=1)]
    remaining: Annotated[int, Field(ge=0)]
    """How many certificates of the segment were left for later sheets when this one was made."""
    pages: Pages
    revoked: list[Number]
    """Left out, because they are no longer valid."""
    failed: list[Left]
    """Left out, because they cannot be rendered; a later sheet may take them."""
    printed: Marked | None
    dispatched: Marked | None


class SheetsTold(Answer):
    """The newest sheets of a segment, and how its certificates stand."""

    segment: Segment
    valid: Annotated[int, Field(ge=0)]
    """Signed and not revoked."""
    remaining: Annotated[int, Field(ge=0)]
    """On no sheet yet."""
    printed: Annotated[int, Field(ge=0)]
    dispatched: Annotated[int, Field(ge=0)]
    handed_over: Annotated[int, Field(ge=0)]
    sheets: list[UUID]


class HandOverRecord(Asked):
    """One hand-over, as a device noted it."""

    record: UUID
    """Made by the device, and kept when it tries again."""
    code: Annotated[str, Field(min_length=1, max_length=LONGEST_CODE, examples=["S11-AC032-0007"])]
    """The text of the QR code, or the visible number."""
    at: AwareDatetime
    """What the device's clock said."""
    programme: UUID | None = None


class HandOversAsked(Asked):
    """A batch of hand-overs by the caller."""

    records: Annotated[list[HandOverRecord], Field(min_length=1, max_length=MOST_RECORDS)]


class HandedOverTold(Answer):
    """Who handed a paper over and when."""

    by: StaffId
    at: AwareDatetime
    """What the device's clock said."""
    recorded_at: AwareDatetime
    programme: UUID | None
    was_printed: bool
    """Whether its sheet had been marked as printed."""


class HandOverAnswer(Answer):
    """What came of one record."""

    record: UUID
    outcome: HandOverOutcome
    words: str
    number: Number | None
    valid_number: Number | None
    """Of the paper to hand over instead."""
    handed_over: HandedOverTold | None


class HandOversTold(Answer):
    """One answer for each record, in their order."""

    outcomes: list[HandOverAnswer]


class ProgrammeAsked(Asked):
    """A launch or discussion meeting in the constituency of the caller."""

    kind: Literal["launch", "discussion"]
    place: Place
    """Its name: at most 120 characters and four parts with commas between, each of at most six words."""
    held_on: date


class FiguresTold(Answer):
    """What was reported of a programme."""

    presented: Annotated[int, Field(ge=0)]
    beneficiaries: Annotated[int, Field(ge=0)]
    attendance: Annotated[int, Field(ge=0)] | None
    """Everybody who came; null where it was never told."""
    topics: dict[str, int]
    """Topic of the campaign -> beneficiaries who spoke about it."""
    by: StaffId
    at: AwareDatetime


class ProgrammeTold(Answer):
    """One programme."""

    id: UUID
    campaign: CampaignId
    constituency: Annotated[AreaCode, Field(examples=["S11-PC04"])]
    kind: Literal["launch", "discussion"]
    place: str
    held_on: date
    planned_by: StaffId
    handed_over: Annotated[int, Field(ge=0)]
    """Certificates recorded for it so far. If it differs from what was reported, report again."""
    reported: FiguresTold | None


class ProgrammesTold(Answer):
    """The programmes of a constituency, the latest first."""

    programmes: list[ProgrammeTold]


class ReportAsked(Asked):
    """What is told of a programme; how many were presented is counted."""

    beneficiaries: Annotated[int, Field(ge=0, le=MOST_PEOPLE)]
    """Beneficiaries who joined the discussion."""
    attendance: Annotated[int, Field(ge=0, le=MOST_PEOPLE)] | None = None
    """Everybody who came, no fewer than the beneficiaries. Left out: what was told before stays."""
    topics: (
        Annotated[
            dict[
                Annotated[str, StringConstraints(max_length=LONGEST_TOPIC)],
                Annotated[int, Field(ge=1, le=MOST_PEOPLE)],
            ],
            Field(max_length=MOST_TOPICS, examples=[{"housing": 12, "health-cover": 5}]),
        ]
        | None
    ) = None
    """Topic of the campaign -> beneficiaries who spoke about it. Left out: what was told before stays."""
