"""Who may know of a print sheet, and what is answered about one."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncEngine

from certificates.api.paper_schemas import Left, Marked, Pages, SheetTold
from certificates.domain.certificate import visible_number
from certificates.problems import SHEET_UNKNOWN
from certificates.storage import press_jobs, sheets
from certificates.storage.sheets import Sheet
from mitra_shared.http.tokens import requires
from mitra_shared.security.tokens import Caller, Role

Printer = Annotated[Caller, Depends(requires(Role.IN_CHARGE, Role.OPERATOR))]
"""Whoever prints: the in-charge for the own constituency, an operator for all."""


async def seen_sheet(engine: AsyncEngine, sheet_id: UUID, caller: Caller) -> Sheet:
    """The sheet, if the caller may know of it.

    Raises:
        Problem: there is none, or of another constituency.
    """
    async with engine.connect() as connection:
        sheet = await sheets.find(connection, sheet_id)
    if sheet is None or not _is_seen_by(sheet, caller):
        raise SHEET_UNKNOWN("You can see no print sheet of this id")
    return sheet


def _is_seen_by(sheet: Sheet, caller: Caller) -> bool:
    if caller.campaign not in {None, sheet.campaign}:
        return False
    return caller.role is Role.OPERATOR or sheet.constituency == caller.area


async def answer_of(engine: AsyncEngine, sheet: Sheet) -> SheetTold:
    """A sheet as it is answered: its marks, how far the press is, and what was left out."""
    async with engine.connect() as connection:
        job = await press_jobs.of_sheet(connection, sheet.id)
        members = await sheets.members(connection, sheet.id)
    return SheetTold(
        id=sheet.id,
        campaign=sheet.campaign,
        constituency=sheet.constituency,
        segment=sheet.segment,
        reprint=sheet.reason,
        made_at=sheet.made_at,
        made_by=sheet.made_by,
        count=sheet.count,
        remaining=sheet.remaining,
        pages=Pages(
            stage=job.stage,
            prepared=job.prepared,
            total=job.total,
            until=job.expires_at,
            trouble=job.trouble,
        ),
        revoked=[visible_number(sheet.segment, each.serial) for each in members if each.is_revoked],
        failed=[
            Left(number=visible_number(sheet.segment, each.serial), why=each.failed)
            for each in members
            if each.failed is not None
        ],
        printed=_marked(sheet.printed_at, sheet.printed_by, sheet.printed),
        dispatched=_marked(sheet.dispatched_at, sheet.dispatched_by, sheet.dispatched),
    )


def _marked(at: datetime | None, by: str | None, new: int | None) -> Marked | None:
    return None if at is None else Marked.model_validate({"at": at, "by": by, "new": new})
