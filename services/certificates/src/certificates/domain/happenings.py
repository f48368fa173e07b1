"""What the enrolment log tells about one Mitra, as far as certificates care."""

from typing import NamedTuple

from certificates.domain.certificate import Cause
from mitra_shared.campaign.definition import Language
from mitra_shared.ids import AreaCode, CampaignId, CertificateId, MitraId, Partition, StaffId


class Enrolled(NamedTuple):
    """A person was enrolled; `certificate_id` is the one the certificate will have.

    The name is sealed. It is None in a replay, if the person has been erased since.
    """

    partition: Partition
    campaign: CampaignId
    mitra_id: MitraId
    segment: AreaCode
    cause: Cause
    constituency: AreaCode
    certificate_id: CertificateId
    holder_name: str | None
    language: Language
    recruiter: StaffId


class Withdrawn(NamedTuple):
    """A person withdrew consent."""

    partition: Partition
    campaign: CampaignId
    mitra_id: MitraId
    segment: AreaCode
    cause: Cause


class Cleared(NamedTuple):
    """No likely duplicate of the person is open."""

    partition: Partition
    campaign: CampaignId
    mitra_id: MitraId
    segment: AreaCode
    cause: Cause


Happening = Enrolled | Withdrawn | Cleared
