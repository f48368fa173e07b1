"""The seam between what happens to certificates and the contracts that other services read.

Ids follow from what they identify, so a replay gives the same certificates and the same events. That of a
certificate is a keyed hash: nobody finds it from a Mitra's id, which other records carry.
"""

from hashlib import sha256
from typing import Any, Final, assert_never
from uuid import UUID

from certificates.domain.events import (
    CertificateChange,
    CertificateCorrected,
    CertificateIssued,
    CertificateReissued,
    CertificateRevoked,
    CertificateWaitlisted,
    Change,
    PlacesChange,
    PlacesRaised,
    PlacesReserved,
)
from mitra_shared.contracts.events import (
    CertificateCorrectedV1,
    CertificateEvent,
    CertificateIssuedV1,
    CertificateReissuedV1,
    CertificateRevokedV1,
    CertificateWaitlistedV1,
    PlacesEvent,
    PlacesRaisedV1,
    PlacesReservedV1,
)
from mitra_shared.ids import CertificateId, EventId, MitraId
from mitra_shared.security.lookup import KeyedHash

_FREE_BITS: Final = (1 << 128) - 1 ^ (0xF << 76 | 0x3 << 62)
_VERSION_8: Final = 0x8 << 76 | 0x2 << 62


def certificate_id_of(mitra_id: MitraId, key: KeyedHash) -> CertificateId:
    """The id that the certificate of a Mitra has, now and after any replay."""
    return CertificateId(key.uuid("certificate", mitra_id.bytes))


def credential_id_of(certificate: CertificateId, revision: int, serial: int, key: KeyedHash) -> UUID:
    """The id that one version of a certificate is printed with. It is in no event, and not guessable."""
    version = revision.to_bytes(4) + serial.to_bytes(4)
    return key.uuid("credential", certificate.bytes, version)


def event_id_of(change: Change) -> EventId:
    """A hash (RFC 9562, version 8) of what changed, the cause and the kind of change."""
    match change:
        case PlacesRaised():
            what = change.campaign.encode() + b"/" + change.area.encode()
        case PlacesReserved():
            what = change.campaign.encode() + b"/" + change.area.encode() + change.programme.bytes
        case _:
            what = change.certificate_id.bytes
    parts = what + change.cause.event_id.bytes + type(change).__name__.encode()
    return EventId(UUID(int=int.from_bytes(sha256(parts).digest()[:16]) & _FREE_BITS | _VERSION_8))


def to_wire(change: Change) -> CertificateEvent | PlacesEvent:
    """The contract of a change."""
    if isinstance(change, PlacesRaised | PlacesReserved):
        return _places_to_wire(change)
    told = _told(change)
    match change:
        case CertificateIssued():
            return CertificateIssuedV1(serial=change.serial, previous=change.previous, **told)
        case CertificateWaitlisted():
            return CertificateWaitlistedV1(previous=change.previous, **told)
        case CertificateRevoked():
            return CertificateRevokedV1(
                previous=change.previous, serial=change.serial, reason="withdrawn", **told
            )
        case CertificateReissued():
            return CertificateReissuedV1(
                serial=change.serial, void_serial=change.void_serial, revision=change.revision, **told
            )
        case CertificateCorrected():
            return CertificateCorrectedV1(serial=change.serial, revision=change.revision, **told)
        case _:
            assert_never(change)


def _places_to_wire(change: PlacesChange) -> PlacesEvent:
    told: dict[str, Any] = {
        "event_id": event_id_of(change),
        "campaign": change.campaign,
        "occurred_at": change.cause.occurred_at,
        "constituency": change.constituency,
        "area": change.area,
    }
    match change:
        case PlacesRaised():
            return PlacesRaisedV1(by=change.by, **told)
        case PlacesReserved():
            return PlacesReservedV1(programme=change.programme, places=change.places, **told)
        case _:
            assert_never(change)


def _told(change: CertificateChange | CertificateReissued) -> dict[str, Any]:
    return {
        "event_id": event_id_of(change),
        "campaign": change.campaign,
        "occurred_at": change.cause.occurred_at,
        "mitra_id": change.mitra_id,
        "constituency": change.constituency,
        "segment": change.segment,
        "certificate_id": change.certificate_id,
    }
