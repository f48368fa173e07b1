"""A person whom the rules allow, on the way from the command to the row and the event."""

from datetime import datetime
from typing import NamedTuple

from enrolment.domain.consent import ConsentManner
from enrolment.receipts import Receipt
from mitra_shared.campaign.definition import Basis, Language
from mitra_shared.contracts.events import MitraEnrolledV1
from mitra_shared.ids import AreaCode, CampaignId, EventId, MitraId, StaffId
from mitra_shared.security.tokens import Role


class Draft(NamedTuple):
    """A person whom the rules allow, as the row will be; name and phone sealed.

    A tuple, because one is made for every request and a frozen dataclass takes four times as long.
    """

    mitra: MitraId
    event: EventId
    campaign: CampaignId
    constituency: AreaCode
    segment: AreaCode
    recruiter: StaffId
    recruiter_role: Role
    basis: Basis
    schemes: tuple[str, ...]
    language: Language
    name: str
    phone: str
    phone_hash: bytes
    people_per_phone: int
    notice_version: str
    notice_language: Language
    notice_hash: bytes
    consent_manner: ConsentManner
    receipt: Receipt
    receipt_hash: bytes
    enrolled_at: datetime

    def enrolled(self) -> MitraEnrolledV1:
        """The event."""
        return MitraEnrolledV1(
            event_id=self.event,
            campaign=self.campaign,
            occurred_at=self.enrolled_at,
            mitra_id=self.mitra,
            constituency=self.constituency,
            segment=self.segment,
            recruiter=self.recruiter,
            basis=self.basis,
            schemes=self.schemes,
            language=self.language,
            holder_name=self.name,
        )
