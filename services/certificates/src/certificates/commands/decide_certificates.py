"""Decide certificates: who is issued one, who waits, whose is revoked, for a run of the enrolment log."""

from collections.abc import Sequence
from dataclasses import dataclass

from certificates.domain.happenings import Happening
from certificates.storage.changes import save
from certificates.storage.registers import Scope, load_touched
from certificates.wire import to_wire
from mitra_shared.log import UnitOfWork


class CampaignNotDefined(Exception):
    """The log tells of a Mitra before it told of the campaign."""


@dataclass(frozen=True, slots=True)
class DecideCertificates:
    """What the log tells, in its order within each partition, under unchanged campaign definitions."""

    happenings: Sequence[Happening]


async def decide_certificates(unit: UnitOfWork, command: DecideCertificates) -> None:
    """Load what the run touches, fold it in order, write it, and emit what happened.

    Raises:
        CampaignNotDefined, SegmentNotInCampaign, MitraNotEnrolled: the log contradicts itself.
    """
    if not command.happenings:
        return
    registers = await load_touched(unit.connection, command.happenings)
    changes = []
    for happening in command.happenings:
        register = registers.get(Scope(happening.partition, happening.campaign))
        if register is None:
            raise CampaignNotDefined(
                f"no definition of {happening.campaign} in partition {happening.partition}"
            )
        changes.extend(register.fold(happening))
    await save(unit.connection, registers)
    for change in changes:
        unit.emit(to_wire(change))
