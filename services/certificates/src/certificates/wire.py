"""The seam between what happens to certificates and the contracts that other services read.

Ids are keyed hashes, so a replay gives the same certificates and the same events.
"""

from typing import Any, assert_never

from certificates.domain.events import (
    CertificateChange,
    CertificateIssued,
    CertificateRevoked,
    CertificateWaitlisted,
)
from mitra_shared.contracts.events import (
    CertificateEvent,
    CertificateIssuedV1,
    CertificateRevokedV1,
    CertificateWaitlistedV1,
)
from mitra_shared.ids import CertificateId, MitraId
from mitra_shared.security.lookup import KeyedHash


def certificate_id_of(mitra_id: MitraId, key: KeyedHash) -> CertificateId:
    """The id that the certificate of a Mitra has, now and after any replay."""
    return CertificateId(key.uuid("certificate", mitra_id.bytes))


def to_wire(change: CertificateChange, key: KeyedHash) -> CertificateEvent:
    """The contract of a change, identified by the certificate, the kind of change and its cause."""
    told = _told(change, key)
    match change:
        case CertificateIssued():
            return CertificateIssuedV1(serial=change.serial, previous=change.previous, **told)
        case CertificateWaitlisted():
            return CertificateWaitlistedV1(previous=change.previous, **told)
        case CertificateRevoked():
            return CertificateRevokedV1(
                previous=change.previous, serial=change.serial, reason="withdrawn", **told
            )
        case _:
            assert_never(change)


def _told(change: CertificateChange, key: KeyedHash) -> dict[str, Any]:
    kind = type(change).__name__
    return {
        "event_id": key.uuid("event", change.certificate_id.bytes, kind, change.cause.event_id.bytes),
        "campaign": change.campaign,
        "occurred_at": change.cause.occurred_at,
        "mitra_id": change.mitra_id,
        "constituency": change.constituency,
        "segment": change.segment,
        "certificate_id": change.certificate_id,
    }
