"""Print sheets: made for a segment, watched, fetched as PDF and lists, marked as printed and sent.

For the in-charge of the constituency, and the operator who prints. The files hold names and are answered with
`no-store`; what is asked and answered beside them holds none.
"""

from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Response
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from certificates.api.looks import put_on_record
from certificates.api.paper_schemas import (
    Left,
    Marked,
    Pages,
    ReprintAsked,
    SheetAsked,
    SheetsTold,
    SheetTold,
)
from certificates.api.reach import Campaign, Code, segment_within
from certificates.commands.make_sheet import MakeSheet, NothingToPrint, make_sheet
from certificates.commands.mark_sheet import (
    MarkDispatched,
    MarkPrinted,
    NotPrinted,
    NotRendered,
    mark_dispatched,
    mark_printed,
)
from certificates.commands.reprint import CannotReprint, Reprint, reprint
from certificates.domain.certificate import visible_number
from certificates.domain.paper import VisibleNumber, read_number
from certificates.press.store import MEDIA_TYPES, Part, SheetStore
from certificates.problems import (
    NOTHING_TO_PRINT,
    SHEET_EMPTY,
    SHEET_FAILED,
    SHEET_NOT_PRINTED,
    SHEET_NOT_READY,
    SHEET_NOT_RENDERED,
    SHEET_UNKNOWN,
)
from certificates.queries import SegmentFound
from certificates.storage import press_jobs, sheets
from certificates.storage.custody import papers_of_segment
from certificates.storage.press_jobs import Job, Stage
from certificates.storage.requests import KeyReused, Request
from certificates.storage.sheets import SegmentScope, Sheet
from mitra_shared.database import retrying
from mitra_shared.http.idempotency_keys import KEYED_RESPONSES, Key, key_reused
from mitra_shared.http.problems import Problem, invalid_fields, problem_responses
from mitra_shared.http.tokens import requires
from mitra_shared.ids import AreaCode
from mitra_shared.log import unit_of_work
from mitra_shared.security.tokens import Caller, Role

NEWEST_SHEETS: Final = 100
RETRY_SECONDS: Final = 2

Printer = Annotated[Caller, Depends(requires(Role.IN_CHARGE, Role.OPERATOR))]
"""Whoever prints: the in-charge for the own constituency, an operator for all."""


def sheet_router(engine: AsyncEngine, files: SheetStore) -> APIRouter:
    """The routes of print sheets."""
    router = APIRouter(tags=["sheets"], responses=problem_responses(401, 403, 404))
    _making_routes(router, engine)
    _sheet_routes(router, engine)
    _file_routes(router, engine, files)
    return router


def _making_routes(router: APIRouter, engine: AsyncEngine) -> None:
    @router.post(
        "/v1/segments/{code}/sheets",
        summary="Make a print sheet of a segment",
        status_code=201,
        responses={**KEYED_RESPONSES, **problem_responses(409)},
    )
    async def make(
        code: Code, caller: Printer, key: Key, asked: SheetAsked, campaign: Campaign = None
    ) -> SheetTold:
        """Takes the next that are signed, valid and on no sheet, in the order of their numbers."""
        async with engine.connect() as connection:
            scope = _scope(await segment_within(connection, code, caller, campaign))
        request = Request.of(caller.subject, key, {"make": "sheet", **scope._asdict(), **asked.model_dump()})
        command = MakeSheet(uuid4(), scope, asked.most, request, datetime.now(UTC))

        async def work() -> Sheet:
            async with unit_of_work(engine) as unit:
                return await make_sheet(unit, command)

        try:
            sheet = await retrying(work)
        except NothingToPrint:
            raise NOTHING_TO_PRINT(
                f"Every signed and valid certificate of {code} is on a sheet; reprint what was spoiled"
            ) from None
        except KeyReused:
            raise key_reused() from None
        return await _told(engine, sheet)

    @router.post(
        "/v1/sheets/reprints",
        summary="Print certificates again, on purpose",
        status_code=201,
        responses=KEYED_RESPONSES,
    )
    async def again(caller: Printer, key: Key, asked: ReprintAsked, campaign: Campaign = None) -> SheetTold:
        """A sheet of certificates of one segment that were on a sheet before, with the reason."""
        numbers = _numbers(asked.numbers)
        async with engine.connect() as connection:
            scope = _scope(await segment_within(connection, numbers[0].segment, caller, campaign))
        request = Request.of(
            caller.subject, key, {"make": "reprint", **scope._asdict(), **asked.model_dump()}
        )
        command = Reprint(uuid4(), scope, numbers, asked.reason, request, datetime.now(UTC))

        async def work() -> Sheet:
            async with unit_of_work(engine) as unit:
                return await reprint(unit, command)

        try:
            sheet = await retrying(work)
        except CannotReprint as error:
            raise invalid_fields(
                [
                    {"field": f"numbers[{each.place}]", "message": each.message, "expected": each.expected}
                    for each in error.objections
                ]
            ) from None
        except KeyReused:
            raise key_reused() from None
        return await _told(engine, sheet)

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


def _numbers(given: list[str]) -> list[VisibleNumber]:
    """The numbers of a reprint, if they are all of one segment and none is there twice."""
    numbers: list[VisibleNumber] = []
    errors: list[dict[str, str]] = []
    for index, text in enumerate(given):
        number = read_number(text)
        if number is None:
            message, expected = "is no number of a certificate", "a number such as S11-AC032-0007"
        elif numbers and number.segment != numbers[0].segment:
            message, expected = "is of another segment", f"a number of {numbers[0].segment}"
        elif number in numbers:
            message, expected = "is there twice", "each number once"
        else:
            numbers.append(number)
            continue
        errors.append({"field": f"numbers[{index}]", "message": message, "expected": expected})
    if errors:
        raise invalid_fields(errors)
    return numbers


def _sheet_routes(router: APIRouter, engine: AsyncEngine) -> None:
    @router.get("/v1/sheets/{sheet_id}", summary="One print sheet and how far it is")
    async def one(sheet_id: UUID, caller: Printer) -> SheetTold:
        """Members, progress of the press, and what was left out and why."""
        return await _told(engine, await _seen(engine, sheet_id, caller))

    @router.post(
        "/v1/sheets/{sheet_id}/rendering",
        summary="Have the files of a sheet made again",
        status_code=202,
    )
    async def render(sheet_id: UUID, caller: Printer) -> SheetTold:
        """The same certificates in the same order; those that were revoked meanwhile are left out."""
        sheet = await _seen(engine, sheet_id, caller)
        async with unit_of_work(engine) as unit:
            await press_jobs.ask_again(unit.connection, sheet.id)
        return await _told(engine, sheet)

    @router.post(
        "/v1/sheets/{sheet_id}/printed",
        summary="The sheet left the printer",
        responses=problem_responses(409),
    )
    async def printed(sheet_id: UUID, caller: Printer) -> SheetTold:
        """Once; a second time answers as the first."""
        await _seen(engine, sheet_id, caller)
        command = MarkPrinted(sheet_id, caller.subject, datetime.now(UTC))

        async def work() -> Sheet:
            async with unit_of_work(engine) as unit:
                return await mark_printed(unit, command)

        try:
            sheet = await retrying(work)
        except NotRendered:
            raise SHEET_NOT_RENDERED("Fetch certificates.pdf first: no page of it was ready yet") from None
        return await _told(engine, sheet)

    @router.post(
        "/v1/sheets/{sheet_id}/dispatched",
        summary="The sheet is on its way to the field",
        responses=problem_responses(409),
    )
    async def dispatched(sheet_id: UUID, caller: Printer) -> SheetTold:
        """Once; a second time answers as the first."""
        await _seen(engine, sheet_id, caller)
        command = MarkDispatched(sheet_id, caller.subject, datetime.now(UTC))

        async def work() -> Sheet:
            async with unit_of_work(engine) as unit:
                return await mark_dispatched(unit, command)

        try:
            sheet = await retrying(work)
        except NotPrinted:
            raise SHEET_NOT_PRINTED(f"POST /v1/sheets/{sheet_id}/printed first") from None
        return await _told(engine, sheet)


def _file_routes(router: APIRouter, engine: AsyncEngine, files: SheetStore) -> None:
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
        sheet = await _seen(engine, sheet_id, caller)
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


def _scope(segment: SegmentFound) -> SegmentScope:
    return SegmentScope(segment.partition, segment.campaign, segment.constituency, segment.code)


async def _seen(engine: AsyncEngine, sheet_id: UUID, caller: Caller) -> Sheet:
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


async def _told(engine: AsyncEngine, sheet: Sheet) -> SheetTold:
    async with engine.connect() as connection:
        return await told(connection, sheet)


async def told(connection: AsyncConnection, sheet: Sheet) -> SheetTold:
    """What is answered about a sheet."""
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
        revoked=[_number(sheet.segment, each.serial) for each in members if each.is_revoked],
        failed=[
            Left(number=_number(sheet.segment, each.serial), why=each.failed)
            for each in members
            if each.failed is not None
        ],
        printed=_marked(sheet.printed_at, sheet.printed_by, sheet.printed),
        dispatched=_marked(sheet.dispatched_at, sheet.dispatched_by, sheet.dispatched),
    )


def _number(segment: AreaCode, serial: int) -> str:
    return visible_number(segment, serial)


def _marked(at: datetime | None, by: str | None, new: int | None) -> Marked | None:
    return None if at is None else Marked.model_validate({"at": at, "by": by, "new": new})
