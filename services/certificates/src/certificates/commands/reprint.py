"""Reprint certificates: on purpose, with a reason, and only what was on a sheet before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from certificates.commands.make_sheet import new_sheet
from certificates.domain.paper import ReprintReason, VisibleNumber
from certificates.storage import sheets
from certificates.storage.requests import Request, alone_with, check_same
from certificates.storage.sheets import Printable, SegmentScope, Sheet
from mitra_shared.log import UnitOfWork


class Objection(NamedTuple):
    """Why one of the numbers cannot be reprinted; `place` is that among those asked for."""

    place: int
    message: str
    expected: str


class CannotReprint(Exception):
    """Some of the numbers cannot be reprinted; nothing was done."""

    def __init__(self, objections: Sequence[Objection]) -> None:
        super().__init__(f"{len(objections)} numbers cannot be reprinted")
        self.objections = objections


@dataclass(frozen=True, slots=True)
class Reprint:
    """Certificates of one segment by their numbers, none twice."""

    sheet: UUID
    scope: SegmentScope
    numbers: Sequence[VisibleNumber]
    reason: ReprintReason
    request: Request
    now: datetime


async def reprint(unit: UnitOfWork, command: Reprint) -> Sheet:
    """Make a sheet of the certificates that are valid under these numbers, in the order of the numbers.

    Returns:
        The sheet; the same one as before if the request had come before.

    Raises:
        CannotReprint: a number is unknown, revoked, or was on no sheet yet.
        KeyReused: the key belongs to another request.
    """
    connection, scope = unit.connection, command.scope
    await alone_with(connection, command.request)
    before = await sheets.asked_before(connection, command.request)
    if before is not None:
        check_same(command.request, before[0])
        return before[1]
    found = await sheets.by_number(connection, scope.campaign, command.numbers)
    objections = [
        Objection(place, *why)
        for place, number in enumerate(command.numbers)
        if (why := _objection(found.get(number), scope)) is not None
    ]
    if objections:
        raise CannotReprint(objections)
    again = sorted(found.values(), key=lambda each: each.serial)
    left = await sheets.count_untaken(connection, scope.campaign, scope.segment)
    sheet = new_sheet(command.sheet, scope, command.request, command.now, len(again), left, command.reason)
    await sheets.insert(connection, sheet, [each.credential for each in again], command.request)
    return sheet


def _objection(found: Printable | None, scope: SegmentScope) -> tuple[str, str] | None:
    if found is None or found.segment != scope.segment or found.constituency != scope.constituency:
        return "is no number of a signed certificate here", f"numbers of segment {scope.segment}"
    if not found.is_valid:
        return "is void or revoked", "the number that is valid now"
    if not found.was_on_a_sheet:
        return "was on no sheet yet", f"POST /v1/segments/{scope.segment}/sheets"
    return None
