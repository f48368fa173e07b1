"""Enrol one person: judge the application, seal what is personal, and hand it to the group commit.

The Mitra's id is assigned here, before the first attempt to commit, so that the intake recognises its own
row when a connection was lost at the commit.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from enrolment.clock import india_day
from enrolment.domain.consent import READ
from enrolment.domain.eligibility import Eligible, judge
from enrolment.domain.refusals import Refusal
from enrolment.domain.rules import Rules
from enrolment.drafts import Draft
from enrolment.phones import normalise_phone
from enrolment.schemas import EnrolmentRequest
from enrolment.seals import Seals
from enrolment.storage.import_rows import SheetRow
from mitra_shared.campaign.definition import Language
from mitra_shared.ids import AreaCode, CampaignId, EventId, MitraId, StaffId, new_event_id, new_mitra_id
from mitra_shared.security.tokens import Role


@dataclass(frozen=True, slots=True)
class EnrolMitra:
    """What a recruiter asks for one person."""

    campaign: CampaignId
    recruiter: StaffId
    recruiter_role: Role
    area: AreaCode | None
    idempotency_key: str
    request: EnrolmentRequest
    received_at: datetime
    session: str | None = None
    """Of the recruiter's sign-in; None if an operator minted the token."""
    traceparent: str | None = None
    sheet_row: SheetRow | None = None
    """From which it is read; whoever is erased out of the row meanwhile is not enrolled by it."""
    mitra: MitraId = field(default_factory=new_mitra_id)
    event: EventId = field(default_factory=new_event_id)


Verdict = Draft | tuple[Refusal, ...]


def draft(command: EnrolMitra, rules: Rules, seals: Seals) -> Verdict:
    """The row to be, or every objection of the rules."""
    judged = judge(
        command.request,
        normalise_phone(command.request.phone),
        rules,
        area=command.area,
        today=india_day(command.received_at),
    )
    return draft_of(command, judged, seals) if isinstance(judged, Eligible) else judged


def draft_of(command: EnrolMitra, eligible: Eligible, seals: Seals) -> Draft:
    """The row to be of whom the rules allow."""
    request = command.request
    consent = request.consent
    if consent is None:
        raise ValueError("nobody is eligible without consent")
    # The rules have found the language among those of the notice.
    notice_language = cast("Language", consent.language)
    receipt = seals.receipt(command.mitra)
    return Draft(
        mitra=command.mitra,
        event=command.event,
        campaign=command.campaign,
        constituency=eligible.constituency,
        segment=eligible.segment,
        recruiter=command.recruiter,
        recruiter_role=command.recruiter_role,
        basis=request.basis,
        schemes=tuple(dict.fromkeys(request.schemes)),
        language=request.language or notice_language,
        name=seals.seal_name(eligible.name, command.mitra),
        phone=seals.seal_phone(eligible.phone, command.mitra),
        phone_hash=seals.phone_hash(command.campaign, eligible.phone),
        people_per_phone=eligible.people_per_phone,
        notice_version=consent.notice_version,
        notice_language=notice_language,
        notice_hash=eligible.notice_hash,
        consent_manner=consent.manner or READ,
        receipt=receipt,
        receipt_hash=seals.receipt_hash(receipt),
        enrolled_at=command.received_at,
    )
