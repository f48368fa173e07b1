"""What happens to certificates, in the words of the campaign; `certificates.wire` tells others."""

from typing import NamedTuple

from certificates.domain.certificate import Cause, State
from mitra_shared.ids import AreaCode, CampaignId, CertificateId, MitraId


class CertificateIssued(NamedTuple):
    """It took a free place of its pool and the next serial number of its segment."""

    certificate_id: CertificateId
    mitra_id: MitraId
    campaign: CampaignId
    constituency: AreaCode
    segment: AreaCode
    cause: Cause
    previous: State | None
    serial: int


class CertificateWaitlisted(NamedTuple):
    """It is eligible, but no place was free."""

    certificate_id: CertificateId
    mitra_id: MitraId
    campaign: CampaignId
    constituency: AreaCode
    segment: AreaCode
    cause: Cause
    previous: State | None


class CertificateRevoked(NamedTuple):
    """Its Mitra withdrew: the number, if it had one, stays void for ever."""

    certificate_id: CertificateId
    mitra_id: MitraId
    campaign: CampaignId
    constituency: AreaCode
    segment: AreaCode
    cause: Cause
    previous: State
    serial: int | None


CertificateChange = CertificateIssued | CertificateWaitlisted | CertificateRevoked
