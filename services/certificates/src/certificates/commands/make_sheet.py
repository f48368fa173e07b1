"""Make a print sheet: take the next certificates of a segment, each for one sheet only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from certificates.domain.paper import ReprintReason
from certificates.storage import sheets
from certificates.storage.requests import Request, alone, alone_with, check_same
from certificates.storage.sheets import SegmentScope, Sheet
from mitra_shared.log import UnitOfWork

MOST: Final = 1_000
"""Certificates on one sheet."""


class NothingToPrint(Exception):
    """Every valid certificate of the segment is on a sheet."""


@dataclass(frozen=True, slots=True)
class MakeSheet:
    """Up to `most` certificates of a segment, under a new id."""

    sheet: UUID
    scope: SegmentScope
    most: int
    request: Request
    now: datetime


async def make_sheet(unit: UnitOfWork, command: MakeSheet) -> Sheet:
    """Take what is signed, valid and on no sheet, in the order of the numbers.

    Returns:
        The sheet; the same one as before if the request had come before.

    Raises:
        NothingToPrint: there is nothing to take.
        KeyReused: the key belongs to another request.
    """
    connection, scope = unit.connection, command.scope
    await alone_with(connection, command.request)
    before = await sheets.asked_before(connection, command.request)
    if before is not None:
        check_same(command.request, before[0])
        return before[1]
    await alone(connection, f"sheets {scope.campaign} {scope.segment}")
    taken = await sheets.untaken(connection, scope, command.most)
    if not taken:
        raise NothingToPrint(scope.segment)
    left = await sheets.count_untaken(connection, scope.campaign, scope.segment) - len(taken)
    sheet = new_sheet(command.sheet, scope, command.request, command.now, len(taken), left)
    await sheets.insert(connection, sheet, [each.credential for each in taken], command.request)
    return sheet


def new_sheet(
    sheet: UUID,
    scope: SegmentScope,
    request: Request,
    now: datetime,
    count: int,
    remaining: int,
    reason: ReprintReason | None = None,
) -> Sheet:
    """A sheet of which nothing is printed yet."""
    return Sheet(
        sheet, *scope, reason, request.caller, now, count, remaining, None, None, None, None, None, None
    )
