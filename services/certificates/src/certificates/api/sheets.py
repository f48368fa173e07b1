"""Print sheets: made for a segment, watched, fetched as PDF and lists, marked as printed and sent.

For the in-charge of the constituency, and the operator who prints. What is asked and answered beside the
files holds no names.
"""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncEngine

from certificates.api.making_sheets import making_routes
from certificates.api.paper_schemas import SheetsTold, SheetTold
from certificates.api.reach import Campaign, Code, segment_within
from certificates.api.sheet_answers import Printer, answer_of, seen_sheet
from certificates.api.sheet_files import file_routes
from certificates.commands.mark_sheet import (
    MarkDispatched,
    MarkPrinted,
    NotPrinted,
    NotRendered,
    mark_dispatched,
    mark_printed,
)
from certificates.press.store import SheetStore
from certificates.problems import SHEET_NOT_PRINTED, SHEET_NOT_RENDERED
from certificates.storage import press_jobs, sheets
from certificates.storage.custody import papers_of_segment
from certificates.storage.sheets import Sheet
from mitra_shared.database import retrying
from mitra_shared.http.problems import problem_responses
from mitra_shared.log import unit_of_work

NEWEST_SHEETS: Final = 100


def sheet_router(engine: AsyncEngine, files: SheetStore) -> APIRouter:
    """The routes of print sheets."""
    router = APIRouter(tags=["sheets"], responses=problem_responses(401, 403, 404))
    router.include_router(making_routes(engine))
    _segment_routes(router, engine)
    _sheet_routes(router, engine)
    router.include_router(file_routes(engine, files))
    return router


def _segment_routes(router: APIRouter, engine: AsyncEngine) -> None:
    @router.get("/v1/segments/{code}/sheets", summary="The sheets of a segment, and what is left")
    async def of_segment(code: Code, caller: Printer, campaign: Campaign = None) -> SheetsTold:
        """The newest hundred, and how many certificates are where."""
        async with engine.connect() as connection:
            segment = await segment_within(connection, code, caller, campaign)
            found = await sheets.of_segment(connection, segment.campaign, code, NEWEST_SHEETS)
            papers = await papers_of_segment(connection, segment.campaign, code)
            left = await sheets.count_untaken(connection, segment.campaign, code)
        return SheetsTold(
            segment=code, remaining=left, sheets=[sheet.id for sheet in found], **papers._asdict()
        )


def _sheet_routes(router: APIRouter, engine: AsyncEngine) -> None:
    @router.get("/v1/sheets/{sheet_id}", summary="One print sheet and how far it is")
    async def one(sheet_id: UUID, caller: Printer) -> SheetTold:
        """Members, progress of the press, and what was left out and why."""
        return await answer_of(engine, await seen_sheet(engine, sheet_id, caller))

    @router.post(
        "/v1/sheets/{sheet_id}/rendering",
        summary="Have the files of a sheet made again",
        status_code=202,
    )
    async def render(sheet_id: UUID, caller: Printer) -> SheetTold:
        """The same certificates in the same order; those that were revoked meanwhile are left out."""
        sheet = await seen_sheet(engine, sheet_id, caller)
        async with unit_of_work(engine) as unit:
            await press_jobs.ask_again(unit.connection, sheet.id)
        return await answer_of(engine, sheet)

    @router.post(
        "/v1/sheets/{sheet_id}/printed",
        summary="The sheet left the printer",
        responses=problem_responses(409),
    )
    async def printed(sheet_id: UUID, caller: Printer) -> SheetTold:
        """Once; a second time answers as the first."""
        await seen_sheet(engine, sheet_id, caller)
        command = MarkPrinted(sheet_id, caller.subject, datetime.now(UTC))

        async def work() -> Sheet:
            async with unit_of_work(engine) as unit:
                return await mark_printed(unit, command)

        try:
            sheet = await retrying(work)
        except NotRendered:
            raise SHEET_NOT_RENDERED("Fetch certificates.pdf first: no page of it was ready yet") from None
        return await answer_of(engine, sheet)

    @router.post(
        "/v1/sheets/{sheet_id}/dispatched",
        summary="The sheet is on its way to the field",
        responses=problem_responses(409),
    )
    async def dispatched(sheet_id: UUID, caller: Printer) -> SheetTold:
        """Once; a second time answers as the first."""
        await seen_sheet(engine, sheet_id, caller)
        command = MarkDispatched(sheet_id, caller.subject, datetime.now(UTC))

        async def work() -> Sheet:
            async with unit_of_work(engine) as unit:
                return await mark_dispatched(unit, command)

        try:
            sheet = await retrying(work)
        except NotPrinted:
            raise SHEET_NOT_PRINTED(f"POST /v1/sheets/{sheet_id}/printed first") from None
        return await answer_of(engine, sheet)
