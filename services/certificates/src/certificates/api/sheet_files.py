"""The files of print sheets. They hold names: `no-store`, and a look at each of the people."""

from typing import Final
from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from certificates.api.looks import put_on_record
from certificates.api.sheet_answers import Printer, seen_sheet
from certificates.press.store import MEDIA_TYPES, Part, SheetStore
from certificates.problems import SHEET_EMPTY, SHEET_FAILED, SHEET_NOT_READY
from certificates.storage import press_jobs, sheets
from certificates.storage.press_jobs import Job, Stage
from mitra_shared.http.problems import Problem, problem_responses
from mitra_shared.log import unit_of_work

RETRY_SECONDS: Final = 2


def file_routes(engine: AsyncEngine, files: SheetStore) -> APIRouter:
    """The routes that answer with files."""
    router = APIRouter()

    @router.get(
        "/v1/sheets/{sheet_id}/{part}",
        summary="The certificates of a sheet, or the list that goes with them",
        response_class=Response,
        responses={
            200: {"content": {"application/pdf": {}, "text/csv": {}}},
            **problem_responses(409, 410),
        },
    )
    async def part(sheet_id: UUID, part: Part, caller: Printer) -> Response:
        """409 with `Retry-After` while the press is at work; what has expired is made again.

        The names in it are seen: a look at each of these people is put on record.
        """
        sheet = await seen_sheet(engine, sheet_id, caller)
        async with engine.connect() as connection:
            job = await press_jobs.of_sheet(connection, sheet.id)
        content = await files.read(job, part) if job.stage is Stage.READY else None
        if content is None:
            raise await _not_ready(engine, job)
        async with engine.connect() as connection:
            shown = await sheets.people_on(connection, sheet.id)
        await put_on_record(engine, caller, shown)
        name = f"{sheet.segment}-{sheet.made_at:%Y-%m-%d}-{str(sheet.id)[:8]}-{part.value}"
        return Response(
            content,
            media_type=MEDIA_TYPES[part],
            headers={
                "Cache-Control": "private, no-store",
                "Content-Disposition": f'attachment; filename="{name}"',
                "X-Content-Type-Options": "nosniff",
            },
        )

    return router


async def _not_ready(engine: AsyncEngine, job: Job) -> Problem:
    match job.stage:
        case Stage.EMPTY:
            return SHEET_EMPTY("All its certificates were revoked, or none can be rendered")
        case Stage.FAILED:
            return SHEET_FAILED(f"{job.trouble}; try again: POST /v1/sheets/{job.sheet}/rendering")
        case Stage.READY | Stage.GONE:
            async with unit_of_work(engine) as unit:
                await press_jobs.ask_again(unit.connection, job.sheet)
            why = "Its files were given up, and are made again"
        case _:
            why = f"It is {job.stage.value}: {job.prepared} of {job.total} pages"
    return SHEET_NOT_READY(
        f"{why}; ask again in a few seconds",
        headers={"Retry-After": str(RETRY_SECONDS)},
        retry_after=RETRY_SECONDS,
    )
