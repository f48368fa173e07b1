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


class Corrected(NamedTuple):
    """What is recorded of a person was put right; what stays as it is is None.

    The name is sealed. `name_changed` says that there is one, also in a replay, when it may be erased.
    """

    partition: Partition
    campaign: CampaignId
    mitra_id: MitraId
    segment: AreaCode
    cause: Cause
    name_changed: bool
    holder_name: str | None
    language: Language | None


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


Happening = Enrolled | Corrected | Withdrawn | Cleared
