"""The seam to the contracts: every change is told, with ids that never change."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from certificates.domain.certificate import Cause, State
from certificates.domain.events import (
    CertificateChange,
    CertificateIssued,
    CertificateRevoked,
    CertificateWaitlisted,
)
from certificates.wire import certificate_id_of, event_id_of, to_wire
from mitra_shared.contracts.codec import decode, encode
from mitra_shared.contracts.topics import CERTIFICATES
from mitra_shared.ids import AreaCode, CampaignId, EventId, MitraId, Position
from mitra_shared.security.lookup import KeyedHash

MITRA = MitraId(UUID("0199c3a0-0000-7000-8000-000000000001"))
CAUSE = Cause(
    EventId(UUID("0199c3a0-0000-7000-8000-00000000000a")), Position(7), datetime(2026, 11, 23, tzinfo=UTC)
)
CERTIFICATE = certificate_id_of(MITRA, KeyedHash(bytes(32)))
ABOUT = (CERTIFICATE, MITRA, CampaignId("small"), AreaCode("S11-PC04"), AreaCode("S11-AC017"), CAUSE)

ISSUED = CertificateIssued(*ABOUT, previous=None, serial=3)
WAITLISTED = CertificateWaitlisted(*ABOUT, previous=State.HELD)
REVOKED = CertificateRevoked(*ABOUT, previous=State.ISSUED, serial=3)


def test_ids_are_what_they_were_in_the_first_release() -> None:
    assert str(CERTIFICATE) == "b6f43d46-52dd-8428-9c5b-c08cd7962091"
    assert [str(event_id_of(change)) for change in (ISSUED, WAITLISTED, REVOKED)] == [
        "820f3aab-1e66-866e-a64e-515ebc563964",
        "fda2f6c7-a25a-8e5f-8e2f-3fc6c9c06c15",
        "5c8021ad-f4cc-8322-9a8e-f46e8ab4d14d",
    ]


@pytest.mark.parametrize("change", [ISSUED, WAITLISTED, REVOKED], ids=lambda change: type(change).__name__)
def test_every_change_is_told_and_reads_back_the_same(change: CertificateChange) -> None:
    event = to_wire(change)
    assert type(event).__name__ == f"{type(change).__name__}V1"
    assert event.key == "S11-PC04"
    assert event.subject == MITRA
    assert event.at == CAUSE.occurred_at
    assert decode(CERTIFICATES, encode(event)) == event
