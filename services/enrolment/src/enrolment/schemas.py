"""What requests and answers look like: the models behind the OpenAPI document.

Shapes only. Whether a phone can receive messages or a scheme exists is for the rules to say, so that each
has a problem type of its own.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import UUID4, BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from enrolment.domain.consent import ConsentManner
from mitra_shared.campaign.definition import Basis, Language
from mitra_shared.ids import IDEMPOTENCY_KEY_PATTERN, CampaignId, MitraId, StaffId
from mitra_shared.person_names import RIGHT_NAME

LARGEST_BATCH = 1_000
HIGHEST_NUMBER = 1_000_000
"""Records that one device may number."""

IdempotencyKey = Annotated[
    str,
    Field(
        pattern=IDEMPOTENCY_KEY_PATTERN,
        description="8 to 128 printable ASCII characters without blanks, best a random UUID: the same key "
        "with the same request gives the same answer for 60 days.",
        examples=["0193e2f0-6d3c-7c41-9a6b-1c2d3e4f5a6b"],
    ),
]


class Body(BaseModel):
    """What every body has: no field beyond the declared ones, values never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ConsentGiven(Body):
    """The person's answer to the notice, in the version and language it was shown in."""

    given: StrictBool = Field(description="Must be true: the person agreed.")
    notice_version: str = Field(examples=["2026-11"])
    language: str = Field(examples=["hi"])
    # What an app of before does not send must not change the digest of a request that is sent again.
    notice_hash: str | None = Field(
        default=None,
        pattern=r"^[0-9a-f]{64}$",
        exclude_if=lambda given: given is None,
        description="SHA-256 of the text that was shown (UTF-8), in hexadecimal: one that is not that of the "
        "notice is refused.",
    )
    manner: ConsentManner | None = Field(
        default=None,
        exclude_if=lambda given: given is None,
        description="Whether the person read the notice (also if left out), had it read aloud, or signed it "
        "on paper.",
    )


class EnrolmentRequest(Body):
    """One person to enrol. The recruiter and the campaign come from the token."""

    name: str = Field(
        description=f"As the person writes it: {RIGHT_NAME}.",
        examples=["आयशा बेगम"],
    )
    phone: str = Field(
        description="A mobile number; without country code it is taken for an Indian one.",
        examples=["+919876543210"],
    )
    segment: str = Field(description="Code of the assembly segment.", examples=["S11-AC019"])
    basis: Basis
    schemes: Annotated[tuple[str, ...], Field(max_length=64)] = Field(
        default=(), description="Schemes already received, if the person likes to say.", examples=[["PMAY-G"]]
    )
    language: Language | None = Field(
        default=None, description="Language for messages and certificate; that of the consent if left out."
    )
    adult: StrictBool = Field(description="The person declares to be of age. Must be true.")
    party_member: StrictBool = Field(
        description="Whether the person belongs to a political party. Must be false."
    )
    consent: ConsentGiven | None = Field(default=None, description="Needed; nobody is enrolled without.")


class Enrolled(BaseModel):
    """The person is enrolled; the event stands at this place of the log."""

    mitra_id: MitraId
    enrolled_at: datetime
    partition: Annotated[int, Field(ge=0, le=15)]
    epoch: Annotated[int, Field(ge=1)]
    position: Annotated[int, Field(ge=1)]
    receipt: str = Field(
        description="Opens the page of the own data, with a code sent to the phone.",
        examples=["7K3MQ0XW9ZT4"],
    )
    receipt_path: str = Field(description="Where that page is.", examples=["/r/7K3MQ0XW9ZT4"])


class BatchEntry(Body):
    """One enrolment of a batch, under a key of its own."""

    idempotency_key: IdempotencyKey
    enrolment: EnrolmentRequest


class EnrolmentBatch(Body):
    """Enrolments that were collected while a phone was offline, oldest first."""

    enrolments: Annotated[tuple[BatchEntry, ...], Field(min_length=1, max_length=LARGEST_BATCH)]


class BatchOutcome(BaseModel):
    """What a single request with the same key would have been answered."""

    idempotency_key: str | None = Field(description="As sent; null if the entry had none that is valid.")
    status: int = Field(examples=[201])
    body: Enrolled | Mapping[str, object] = Field(
        description="For 201 the enrolment, otherwise a problem document."
    )


class BatchOutcomes(BaseModel):
    """One outcome for each entry, in the order sent."""

    outcomes: list[BatchOutcome]


RecordNumber = Annotated[StrictInt, Field(ge=1, le=HIGHEST_NUMBER)]


class NumberedRecord(BatchEntry):
    """One enrolment of a device, under the number the device gave it."""

    number: RecordNumber = Field(
        description="Of the device's records: 1, 2, 3 and so on without gaps, and never given twice."
    )


class DeviceRecords(Body):
    """What a device sends: the records that wait on it, oldest first, and how far it has numbered."""

    highest: StrictInt = Field(
        ge=0,
        le=HIGHEST_NUMBER,
        description="The highest number the device ever gave, whether that record is sent now or not.",
    )
    records: Annotated[tuple[NumberedRecord, ...], Field(max_length=LARGEST_BATCH)] = Field(
        description="May be empty: the device reports, and asks for a receipt."
    )


class DeviceReceipt(BaseModel):
    """Outcomes, and a signed statement of which numbers have one."""

    outcomes: list[BatchOutcome] = Field(description="One for each record, in the order sent.")
    receipt: str = Field(
        description="Compact JWS (ES256), to be verified with /.well-known/jwks.json. Claims: `device`; "
        "`staff`; `gapless`, the highest number up to which every number has a durable outcome; `highest`; "
        "`missing`, ranges [first, last] without one, complete up to `listed_to`; `count`, how many "
        "have one; `at`, in seconds since 1970. A record may be deleted once a receipt covers its number."
    )


class DeviceTold(BaseModel):
    """A device that syncs numbered records, as its member of staff and the in-charge see it."""

    id: UUID
    staff: StaffId
    registered_at: datetime
    synced_at: datetime
    highest: int = Field(description="The highest number that the device told it gave.")
    gapless: int = Field(description="Every number up to this one has an outcome here.")
    received: int = Field(description="How many numbers have one.")
    missing: int = Field(
        description="How many numbers up to `highest` have none: they wait on it, or are lost."
    )
    papers_without_photo: int = Field(
        description="Of the member of staff, on whatever device: people who were enrolled with a signed"
        " paper, not from a sheet, did not withdraw, and of whose paper there is no photo here. It waits on"
        " a device, or was never taken."
    )


class DevicesTold(BaseModel):
    """Devices of the constituency, those that synced longest ago first; a co-in-charge sees the own."""

    devices: list[DeviceTold]


class DeviceDay(BaseModel):
    """What came from a device on one day, by the day of the answer in India."""

    day: date
    enrolled: int
    refused: int


class DeviceDetails(DeviceTold):
    """A device with the numbers that are missing, and its days, newest first."""

    missing_ranges: list[tuple[int, int]] = Field(description="First and last number, both included.")
    listed_to: int = Field(description="`missing_ranges` is complete up to this number.")
    days: list[DeviceDay]


class OpinionSheet(Body):
    """An anonymous answer sheet. Who answered is neither asked nor kept."""

    submission_id: UUID4 = Field(
        description="A random UUID (version 4) made for this sheet alone: sent again, it counts once."
    )
    round: str = Field(examples=["round-1"])
    segment: str = Field(examples=["S11-AC019"])
    answers: Annotated[
        dict[str, StrictStr | StrictInt | tuple[StrictStr, ...]],
        Field(
            max_length=100,
            description="By question: the id of a choice, a list of such ids, or 1 to 5 on a scale.",
            examples=[
                {
                    "most-useful-scheme": "housing",
                    "local-needs": ["drinking-water", "roads"],
                    "office-help": 4,
                }
            ],
        ),
    ]


class OpinionReceived(BaseModel):
    """The sheet waits until enough of its kind are there; there is nothing to follow it by."""

    received: Literal[True] = True


class CampaignLoaded(BaseModel):
    """The campaign is in force at this version."""

    id: CampaignId
    version: int
    changed: bool = Field(description="False if exactly this version was in force already.")
