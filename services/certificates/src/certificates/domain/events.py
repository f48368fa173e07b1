"""What happens to certificates, in the words of the campaign; `certificates.wire` tells others."""

from typing import NamedTuple
from uuid import UUID

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


class CertificateReissued(NamedTuple):
    """A spoiled one got the next serial number in the same place; `void_serial` stays void for ever."""

    certificate_id: CertificateId
    mitra_id: MitraId
    campaign: CampaignId
    constituency: AreaCode
    segment: AreaCode
    cause: Cause
    serial: int
    void_serial: int
    revision: int


class CertificateCorrected(NamedTuple):
    """The holder's name was corrected; number and place stay."""

    certificate_id: CertificateId
    mitra_id: MitraId
    campaign: CampaignId
    constituency: AreaCode
    segment: AreaCode
    cause: Cause
    serial: int
    revision: int


class PlacesRaised(NamedTuple):
    """An area got `by` places beside those of the plan; below 0: the quotas moved away from it."""

    campaign: CampaignId
    constituency: AreaCode
    area: AreaCode
    cause: Cause
    by: int


class PlacesReserved(NamedTuple):
    """So many places of an area were set aside for a programme; below 0: given out or given back."""

    campaign: CampaignId
    constituency: AreaCode
    area: AreaCode
    cause: Cause
    programme: UUID
    places: int


CertificateChange = CertificateIssued | CertificateWaitlisted | CertificateRevoked | CertificateCorrected
PlacesChange = PlacesRaised | PlacesReserved
Change = CertificateChange | CertificateReissued | PlacesChange
