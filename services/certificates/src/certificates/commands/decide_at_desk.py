"""Decide at the desk: now, right after the last entry of the enrolment log that was applied.

The position of the consumer is held meanwhile. Its own compare-and-set of that row waits, and then finds the
row as it was: the desk never moves it.
"""

from dataclasses import dataclass
from uuid import UUID

from certificates.commands.carry_out import carry_out, carry_out_again, due
from certificates.domain.desk import Decision
from certificates.domain.desk_reasons import DeskReason
from certificates.storage.desk_entries import (
    DeskEntry,
    Held,
    add_entry,
    find_entry,
    hold_place,
    is_replaying,
)
from certificates.storage.registers import Scope
from certificates.storage.tables import GROUP
from mitra_shared.contracts.topics import ENROLMENT
from mitra_shared.ids import AreaCode, StaffId
from mitra_shared.log import UnitOfWork
from mitra_shared.security.tokens import Role


class PartitionReplaying(Exception):
    """The constituency is being rebuilt from the enrolment log: what would be decided on is not all there."""


class KeyOfAnotherRequest(Exception):
    """The idempotency key came with another request before, or with one whose name was forgotten since."""


@dataclass(frozen=True, slots=True)
class DecideAtDesk:
    """A decision with who and why.

    Attributes:
        id: idempotency key of the request.
        request: keyed digest of the request.
    """

    id: UUID
    scope: Scope
    constituency: AreaCode
    decision: Decision
    request: bytes
    reason: DeskReason
    decided_by: StaffId
    role: Role


async def decide_at_desk(unit: UnitOfWork, command: DecideAtDesk) -> DeskEntry:
    """Carry a decision out and keep it; the same one again is answered with what was kept.

    Raises:
        DeskRefusal: it cannot be carried out as things stand.
        PartitionReplaying: try again later.
        KeyOfAnotherRequest: the idempotency key is in use.
    """
    held = await hold_place(unit.connection, GROUP, ENROLMENT.name, command.scope.partition)
    known = await find_entry(unit.connection, command.id)
    if known is not None:
        return same_request(known, command.request)
    if held is None or held.rebuild_requested:
        raise PartitionReplaying(command.scope.partition)
    await carry_out_again(unit, await due(unit, [held.place]))
    if await is_replaying(unit.connection, GROUP, ENROLMENT.name, held.place):
        raise PartitionReplaying(command.scope.partition)
    entry = _entry(command, held)
    outcome = await carry_out(unit, entry)
    kept = await add_entry(unit.connection, entry, outcome)
    if kept is None:
        raise KeyOfAnotherRequest(command.id)
    return kept


def same_request(entry: DeskEntry, request: bytes) -> DeskEntry:
    """The entry, if it was kept for the same request.

    Raises:
        KeyOfAnotherRequest: it was not.
    """
    if entry.request != request:
        raise KeyOfAnotherRequest(entry.id)
    return entry


def _entry(command: DecideAtDesk, held: Held) -> DeskEntry:
    return DeskEntry(
        id=command.id,
        after=held.place,
        campaign=command.scope.campaign,
        constituency=command.constituency,
        decision=command.decision,
        request=command.request,
        reason=command.reason,
        decided_by=command.decided_by,
        role=command.role,
        decided_at=held.now,
    )
