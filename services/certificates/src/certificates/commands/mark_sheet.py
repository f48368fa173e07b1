"""Mark a sheet: it left the printer, or it is on its way to the field. Once each, for all its papers."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from certificates.storage import press_jobs, sheets
from certificates.storage.sheets import Sheet
from mitra_shared.contracts.events import CertificatesDispatchedV1, CertificatesPrintedV1
from mitra_shared.ids import EventId, StaffId
from mitra_shared.log import UnitOfWork


class SheetUnknown(Exception):
    """There is no such sheet."""


class NotRendered(Exception):
    """No page of the sheet was ready to be printed yet."""


class NotPrinted(Exception):
    """The sheet was not marked as printed before."""


@dataclass(frozen=True, slots=True)
class MarkPrinted:
    """A sheet left the printer."""

    sheet: UUID
    by: StaffId
    now: datetime


@dataclass(frozen=True, slots=True)
class MarkDispatched:
    """A sheet is on its way."""

    sheet: UUID
    by: StaffId
    now: datetime


async def mark_printed(unit: UnitOfWork, command: MarkPrinted) -> Sheet:
    """Note it and tell how many papers are new; a second time changes nothing.

    Raises:
        SheetUnknown, NotRendered: it cannot have been printed.
    """
    sheet = await _locked(unit, command.sheet)
    if sheet.printed_at is not None:
        return sheet
    if not await press_jobs.was_rendered(unit.connection, sheet.id):
        raise NotRendered
    count = await sheets.mark_printed(unit.connection, sheet.id, command.by, command.now)
    # A reprint alone is no news: its certificates are counted as printed already.
    if count:
        unit.emit(
            CertificatesPrintedV1(
                event_id=EventId(uuid5(sheet.id, "printed")),
                campaign=sheet.campaign,
                occurred_at=command.now,
                constituency=sheet.constituency,
                segment=sheet.segment,
                sheet=sheet.id,
                count=count,
            )
        )
    return await _locked(unit, sheet.id)


async def mark_dispatched(unit: UnitOfWork, command: MarkDispatched) -> Sheet:
    """Note it and tell how many papers are new; a second time changes nothing.

    Raises:
        SheetUnknown, NotPrinted: it cannot be on its way.
    """
    sheet = await _locked(unit, command.sheet)
    if sheet.dispatched_at is not None:
        return sheet
    if sheet.printed_at is None:
        raise NotPrinted
    count = await sheets.mark_dispatched(unit.connection, sheet.id, command.by, command.now)
    if count:
        unit.emit(
            CertificatesDispatchedV1(
                event_id=EventId(uuid5(sheet.id, "dispatched")),
                campaign=sheet.campaign,
                occurred_at=command.now,
                constituency=sheet.constituency,
                segment=sheet.segment,
                sheet=sheet.id,
                count=count,
            )
        )
    return await _locked(unit, sheet.id)


async def _locked(unit: UnitOfWork, sheet: UUID) -> Sheet:
    found = await sheets.lock(unit.connection, sheet)
    if found is None:
        raise SheetUnknown
    return found
