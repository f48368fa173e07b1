"""How decisions of the desk and its refusals look at the HTTP edge."""

from collections.abc import Mapping
from typing import Final

from certificates.api.desk_schemas import EntryTold
from certificates.domain.certificate import visible_number
from certificates.domain.desk import (
    AreaHoldsNoQuota,
    CertificateNotThere,
    CertificateNotWaiting,
    DeskRefusal,
    GrantPlace,
    IssuingFrozen,
    NotEnoughPlaces,
    NothingReserved,
    NumberVoid,
    OfCertificate,
    RaiseQuota,
    ReissueCertificate,
    ReleasePlaces,
    ReservePlaces,
)
from certificates.domain.desk_reasons import TELLS_OF_NOBODY
from certificates.problems import (
    AREA_WITHOUT_QUOTA,
    CERTIFICATE_NOT_WAITING,
    CERTIFICATE_UNKNOWN,
    ISSUING_FROZEN,
    NOT_ENOUGH_PLACES,
    NOTHING_RESERVED,
    NUMBER_VOID,
)
from certificates.storage.desk_entries import DeskEntry, Outcome, kind_of
from mitra_shared.http.problems import Problem, ProblemKind

_OF_REFUSAL: Final[Mapping[type[DeskRefusal], ProblemKind]] = {
    AreaHoldsNoQuota: AREA_WITHOUT_QUOTA,
    NotEnoughPlaces: NOT_ENOUGH_PLACES,
    NothingReserved: NOTHING_RESERVED,
    CertificateNotThere: CERTIFICATE_UNKNOWN,
    CertificateNotWaiting: CERTIFICATE_NOT_WAITING,
    NumberVoid: NUMBER_VOID,
    IssuingFrozen: ISSUING_FROZEN,
}


def refused(refusal: DeskRefusal) -> Problem:
    """The problem for a decision that cannot be carried out."""
    why = str(refusal)
    return _OF_REFUSAL[type(refusal)](why[:1].upper() + why[1:])


def entry_told(entry: DeskEntry, *, to_the_constituency: bool) -> EntryTold:
    """A decision as it is shown; who certificates belong to concerns their constituency alone."""
    decision, outcome = entry.decision, entry.outcome or Outcome()
    told = EntryTold(
        id=entry.id,
        entry=entry.number or 0,
        kind=kind_of(decision),
        campaign=entry.campaign,
        constituency=entry.constituency,
        area=None,
        programme=None,
        places=outcome.places,
        issued=None,
        certificate_id=None,
        number=None,
        void_number=None,
        revision=outcome.revision,
        reason=_reason(entry, to_the_constituency=to_the_constituency),
        decided_by=entry.decided_by,
        decided_role=entry.role.value,
        decided_at=entry.decided_at,
        lapsed=entry.lapsed,
    )
    if isinstance(decision, RaiseQuota | ReservePlaces | ReleasePlaces):
        told.area = decision.area
    elif to_the_constituency:
        told.certificate_id = decision.certificate_id
        told.number = _number(entry, outcome.serial)
    if isinstance(decision, ReservePlaces | ReleasePlaces | GrantPlace):
        told.programme = decision.programme
    if isinstance(decision, RaiseQuota | ReleasePlaces | GrantPlace):
        told.issued = outcome.issued
    if isinstance(decision, ReissueCertificate) and to_the_constituency:
        told.void_number = _number(entry, decision.serial)
    return told


def _reason(entry: DeskEntry, *, to_the_constituency: bool) -> str:
    about_a_certificate = isinstance(entry.decision, OfCertificate)
    if about_a_certificate and not to_the_constituency and entry.reason not in TELLS_OF_NOBODY:
        return "other"
    return entry.reason


def _number(entry: DeskEntry, serial: int | None) -> str | None:
    return None if serial is None or entry.segment is None else visible_number(entry.segment, serial)
