"""The quota desk: what may be decided beside the log, and what follows from it.

A decision is an input like an entry of the enrolment log: it is folded into the register at its place, by
these functions only, when it is taken and whenever the log is replayed.
"""

from collections.abc import Sequence
from typing import NamedTuple, assert_never
from uuid import UUID

from certificates.domain.certificate import Cause, Certificate, State, visible_number
from certificates.domain.correcting import correct_issued
from certificates.domain.events import CertificateReissued, Change, PlacesRaised, PlacesReserved
from certificates.domain.pool import Pool
from certificates.domain.register import Register
from mitra_shared.ids import AreaCode, CertificateId


class DeskRefusal(Exception):
    """A decision that cannot be carried out as things stand; the message says why and names no person."""


class AreaHoldsNoQuota(DeskRefusal):
    """The places of the area belong to an area of another level."""


class NotEnoughPlaces(DeskRefusal):
    """More places are asked for than are free."""


class NothingReserved(DeskRefusal):
    """No place of the pool is kept for the programme."""


class CertificateNotThere(DeskRefusal):
    """The log has not told of the certificate up to here."""


class CertificateNotWaiting(DeskRefusal):
    """The certificate was issued or revoked already."""


class NumberVoid(DeskRefusal):
    """No valid certificate has the number: it was given back by a withdrawal, or replaced by another one."""


class IssuingFrozen(DeskRefusal):
    """Nothing is issued for the time being, and what was issued stays as it is."""


class RaiseQuota(NamedTuple):
    """Give an area more places, beside those of the plan."""

    area: AreaCode
    places: int


class ReservePlaces(NamedTuple):
    """Keep free places of an area for a programme."""

    area: AreaCode
    programme: UUID
    places: int


class ReleasePlaces(NamedTuple):
    """Give back what is left of the places that an area keeps for a programme."""

    area: AreaCode
    programme: UUID


class GrantPlace(NamedTuple):
    """Issue one waiting certificate out of turn, in a place that is kept for a programme."""

    certificate_id: CertificateId
    programme: UUID


class ReissueCertificate(NamedTuple):
    """Replace the number of a spoiled certificate: `serial` is the one it has."""

    certificate_id: CertificateId
    serial: int


class CorrectName(NamedTuple):
    """Correct the name of a holder. `holder_name` is sealed; None where it was forgotten since."""

    certificate_id: CertificateId
    holder_name: str | None


OfPlaces = RaiseQuota | ReservePlaces | ReleasePlaces
OfCertificate = GrantPlace | ReissueCertificate | CorrectName
Decision = OfPlaces | OfCertificate


def decide(register: Register, decision: Decision, cause: Cause) -> list[Change]:
    """Carry out a decision.

    Args:
        register: with the pool in question, its segments, its reservations, who can be called for it, and
            the certificate in question, as far as they are there.
        decision: what was decided.
        cause: the entry of the desk.

    Raises:
        DeskRefusal: it cannot be carried out; nothing changed.
    """
    match decision:
        case RaiseQuota():
            return _raise(register, decision, cause)
        case ReservePlaces():
            return _reserve(register, decision, cause)
        case ReleasePlaces():
            return _release(register, decision, cause)
        case GrantPlace():
            return _grant(register, decision, cause)
        case ReissueCertificate():
            return _reissue(register, decision, cause)
        case CorrectName():
            return _correct(register, decision, cause)
        case _:
            assert_never(decision)


def _raise(register: Register, decision: RaiseQuota, cause: Cause) -> list[Change]:
    pool = _pool(register, decision.area)
    pool.raise_by(decision.places)
    raised = PlacesRaised(register.campaign, _home(register, pool), pool.area, cause, decision.places)
    return [raised, *_call(register, pool, cause)]


def _reserve(register: Register, decision: ReservePlaces, cause: Cause) -> list[Change]:
    pool = _pool(register, decision.area)
    if decision.places > pool.free:
        raise NotEnoughPlaces(
            f"{pool.area} has {pool.free} free places, not {decision.places}: of {pool.quota}, "
            f"{pool.taken} are taken and {pool.reserved} reserved"
        )
    return [_set_aside(register, pool, decision.programme, decision.places, cause)]


def _release(register: Register, decision: ReleasePlaces, cause: Cause) -> list[Change]:
    pool = _pool(register, decision.area)
    left = _kept_for(pool, decision.programme)
    return [_set_aside(register, pool, decision.programme, -left, cause), *_call(register, pool, cause)]


def _grant(register: Register, decision: GrantPlace, cause: Cause) -> list[Change]:
    certificate = _certificate(register, decision.certificate_id)
    _not_frozen(register)
    if not certificate.waits:
        raise CertificateNotWaiting(f"the certificate is {certificate.state.value}, and no longer waits")
    pool = register.pool_of(certificate)
    _kept_for(pool, decision.programme)
    if pool.taken >= pool.quota:
        raise NotEnoughPlaces(f"{pool.area} has {pool.quota} places, and all are taken")
    if certificate.queue_position is None:
        certificate.queue_position = cause.position
    return [
        _set_aside(register, pool, decision.programme, -1, cause),
        register.issue(certificate, pool, cause, certificate.state),
    ]


def _reissue(register: Register, decision: ReissueCertificate, cause: Cause) -> list[Change]:
    certificate = _certificate(register, decision.certificate_id)
    _not_frozen(register)
    void_serial = _valid_serial(certificate)
    if void_serial != decision.serial:
        raise NumberVoid(
            f"{visible_number(certificate.segment, decision.serial)} is not the number of the certificate: "
            f"that is {visible_number(certificate.segment, void_serial)}"
        )
    certificate.serial = register.segments[certificate.segment].next_serial()
    certificate.revision += 1
    register.touch(certificate)
    return [
        CertificateReissued(
            certificate.id,
            certificate.mitra_id,
            certificate.campaign,
            certificate.constituency,
            certificate.segment,
            cause,
            certificate.serial,
            void_serial,
            certificate.revision,
        )
    ]


def _correct(register: Register, decision: CorrectName, cause: Cause) -> list[Change]:
    certificate = _certificate(register, decision.certificate_id)
    serial = _valid_serial(certificate)
    register.touch(certificate)
    return [correct_issued(certificate, serial, decision.holder_name, cause)]


def _pool(register: Register, area: AreaCode) -> Pool:
    try:
        return register.pools[area]
    except KeyError:
        level = register.terms.level.value
        raise AreaHoldsNoQuota(f"{area} holds no quota: the campaign gives one to each {level}") from None


def _certificate(register: Register, certificate_id: CertificateId) -> Certificate:
    for certificate in register.certificates.values():
        if certificate.id == certificate_id:
            return certificate
    raise CertificateNotThere("up to here there is no such certificate")


def _kept_for(pool: Pool, programme: UUID) -> int:
    left = pool.reservations.get(programme, 0)
    if not left:
        raise NothingReserved(f"{pool.area} keeps no place for the programme {programme}")
    return left


def _not_frozen(register: Register) -> None:
    if register.terms.frozen:
        raise IssuingFrozen(f"issuing of the campaign {register.campaign} is frozen")


def _valid_serial(certificate: Certificate) -> int:
    if certificate.state is State.REVOKED and certificate.serial is not None:
        number = visible_number(certificate.segment, certificate.serial)
        raise NumberVoid(f"{number} is void since its holder withdrew")
    if certificate.state is not State.ISSUED or certificate.serial is None:
        raise NumberVoid(f"the certificate is {certificate.state.value}, and has no valid number")
    return certificate.serial


def _call(register: Register, pool: Pool, cause: Cause) -> Sequence[Change]:
    return [] if register.terms.frozen else [*register.call(pool, cause)]


def _set_aside(register: Register, pool: Pool, programme: UUID, places: int, cause: Cause) -> PlacesReserved:
    pool.set_aside(programme, places)
    return PlacesReserved(register.campaign, _home(register, pool), pool.area, cause, programme, places)


def _home(register: Register, pool: Pool) -> AreaCode:
    segment = register.segments.get(pool.area)
    return pool.area if segment is None else segment.constituency
