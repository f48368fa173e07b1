"""Carry out a decision of the desk at its place, when it is taken and when the log is replayed alike."""

from collections.abc import Iterable, Sequence

from sqlalchemy.exc import IntegrityError
from structlog import get_logger

from certificates.domain.desk import (
    CorrectName,
    Decision,
    DeskRefusal,
    GrantPlace,
    ReissueCertificate,
    decide,
)
from certificates.domain.events import (
    CertificateCorrected,
    CertificateIssued,
    CertificateReissued,
    Change,
    PlacesRaised,
    PlacesReserved,
)
from certificates.storage.desk_entries import DeskEntry, Outcome, due_entries, mark_applied, mark_lapsed
from certificates.storage.desk_registers import load_for, save_decision
from certificates.wire import to_wire
from mitra_shared.log import Place, UnitOfWork

log = get_logger(__name__)


async def carry_out(unit: UnitOfWork, entry: DeskEntry) -> Outcome:
    """Load what the decision touches, fold it in, write it, and emit what happened.

    Raises:
        DeskRefusal: it cannot be carried out; nothing happened.
    """
    register = await load_for(unit.connection, entry.scope, entry.decision)
    changes = decide(register, entry.decision, entry.cause)
    await save_decision(unit.connection, entry.scope, register, changes)
    for change in changes:
        unit.emit(to_wire(change))
    return _outcome(entry.decision, changes)


async def carry_out_again(unit: UnitOfWork, entries: Sequence[DeskEntry]) -> None:
    """Carry out what a replay has come to; what cannot be carried out any more lapses."""
    for entry in entries:
        try:
            async with unit.connection.begin_nested():
                outcome = await carry_out(unit, entry)
        except (DeskRefusal, IntegrityError) as refusal:
            why = str(refusal) if isinstance(refusal, DeskRefusal) else "the database refused what follows"
            log.warning("a decision of the desk lapsed", entry=str(entry.id), number=entry.number, why=why)
            await mark_lapsed(unit.connection, entry.id, why)
        else:
            await mark_applied(unit.connection, entry.id, outcome)


async def due(unit: UnitOfWork, places: Iterable[Place]) -> Sequence[DeskEntry]:
    """What is to be carried out again up to the last of `places` in each partition."""
    return await due_entries(unit.connection, {place.partition: place for place in sorted(places)}.values())


def _outcome(decision: Decision, changes: Sequence[Change]) -> Outcome:
    places: int | None = None
    issued = 0
    serial: int | None = None
    revision: int | None = None
    for change in changes:
        match change:
            case PlacesRaised():
                places = change.by
            case PlacesReserved():
                places = abs(change.places)
            case CertificateIssued():
                issued += 1
                serial = change.serial
            case CertificateReissued() | CertificateCorrected():
                serial, revision = change.serial, change.revision
            case _:
                pass
    of_one = isinstance(decision, GrantPlace | ReissueCertificate | CorrectName)
    return Outcome(places, issued, serial if of_one else None, revision)
