"""`/v1/imports`: sheets are sent, looked at as they would be taken, accepted or cancelled."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from enrolment.api.callers import Recruiter, no_store
from enrolment.api.import_desk import ImportDesk, not_ready
from enrolment.api.import_steering import add_steering_routes
from enrolment.clock import india_day
from enrolment.commands.upload_import import TooManyImports, UploadImport, upload_import
from enrolment.domain.importing import MOST_OPEN, State
from enrolment.import_schemas import ImportsTold, ImportTold, RowsTold
from enrolment.imports.result import ResultFile, result_lines
from enrolment.imports.template import template_file
from enrolment.problems import TOO_MANY_IMPORTS
from enrolment.service import Service
from enrolment.storage import import_rows, imports
from enrolment.storage.row_security import act_as
from mitra_shared.access_record.chain import Look, Purpose
from mitra_shared.access_record.record import record
from mitra_shared.http.edge import Upload
from mitra_shared.http.problems import problem_responses
from mitra_shared.log import unit_of_work

PATH: Final = "/v1/imports"
LARGEST_FILE: Final = 32 << 20
UPLOAD: Final = Upload(LARGEST_FILE, 600.0)
_MOST_TOLD: Final = 100
_BODY: Final = {
    "requestBody": {
        "required": True,
        "description": "The file itself, CSV or XLSX, at most 33,554,432 bytes. What it is follows from its "
        "content; the name of the file is not asked for and not kept.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class _CsvAnswer(Response):
    media_type = "text/csv"


def import_routes(service: Service) -> APIRouter:
    """Everything about imports."""
    router = APIRouter(
        prefix=PATH,
        tags=["imports"],
        responses=problem_responses(401, 403, 409),
        dependencies=[Depends(no_store)],
    )
    desk = ImportDesk(service)
    _sending(router, desk)
    _reading(router, desk)
    add_steering_routes(router, desk)
    return router


def _sending(router: APIRouter, desk: ImportDesk) -> None:
    service = desk.service

    @router.post(
        "",
        status_code=202,
        summary="Send a sheet of people, CSV or XLSX",
        openapi_extra=_BODY,
        responses=problem_responses(413),
    )
    async def send(request: Request, caller: Recruiter, response: Response) -> ImportTold:
        """Keep a file, sealed, until it is read. Nobody is enrolled by this.

        It is read by another process, soon: ask for the import until its state is `previewed`.
        """
        campaign = await desk.campaign(caller)
        command = UploadImport(campaign, caller, request.stream(), service.clock())
        try:
            await upload_import(command, service.engine, service.seals)
        except TooManyImports:
            raise TOO_MANY_IMPORTS(
                f"You have {MOST_OPEN} imports that are not at their end. Accept or cancel one of them first."
            ) from None
        response.headers["Location"] = f"{PATH}/{command.id}"
        return await desk.told(command.id, caller)

    @router.get(
        "/template.csv",
        summary="A template to fill in",
        response_class=_CsvAnswer,
        responses={200: {"content": {"text/csv": {}}}},
    )
    async def template(caller: Recruiter) -> Response:
        """The columns with headings that are understood, and one row as an example, of nobody."""
        loaded = await service.campaign(caller.campaign)
        return _CsvAnswer(
            template_file(loaded.definition, caller.area, india_day(service.clock())),
            headers={"Content-Disposition": 'attachment; filename="template.csv"'},
        )


def _reading(router: APIRouter, desk: ImportDesk) -> None:
    service = desk.service

    @router.get("", summary="Your imports")
    async def listed(caller: Recruiter) -> ImportsTold:
        """Newest first, at most 100."""
        campaign, teller = await desk.campaign(caller), await desk.teller(caller)
        async with unit_of_work(service.engine) as unit:
            await act_as(unit.connection, caller, campaign, service.clock())
            rows = await imports.of_staff(unit.connection, caller.subject, at_most=_MOST_TOLD)
        return ImportsTold(imports=[teller.import_(row) for row in rows if row.campaign == campaign])

    @router.get("/{import_id}", summary="One import", responses=problem_responses(404))
    async def one(import_id: UUID, caller: Recruiter) -> ImportTold:
        """How far it is, how it is read, and how many rows what stands against."""
        return await desk.told(import_id, caller)

    @router.get("/{import_id}/rows", summary="Rows of an import", responses=problem_responses(404))
    async def rows(
        import_id: UUID,
        caller: Recruiter,
        after: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
        limit: Annotated[int, Query(ge=1, le=1_000)] = 200,
        *,
        faulty: Annotated[bool, Query(description="Only those that something stands against.")] = True,
    ) -> RowsTold:
        """Rows by their number in the file, with every problem by column, and what became of each."""
        row, _ = await desk.found(import_id, caller)
        teller = await desk.teller(caller)
        look = import_rows.faulty_after if faulty else import_rows.outcomes_after
        async with unit_of_work(service.engine) as unit:
            await act_as(unit.connection, caller, row.campaign, service.clock())
            found = await look(unit.connection, import_id, after, at_most=limit)
        columns = (row.mapping or {}).get("columns", {})
        return RowsTold(
            rows=[teller.row(each, columns) for each in found],
            next=found[-1].row if len(found) == limit else None,
        )

    @router.get(
        "/{import_id}/result.csv",
        summary="The rows that enrolled nobody, and why",
        response_class=_CsvAnswer,
        responses={**problem_responses(404), 200: {"content": {"text/csv": {}}}},
    )
    async def result(import_id: UUID, caller: Recruiter) -> Response:
        """With their cells, for seven days; that you looked is put on record first."""
        row, _ = await desk.found(import_id, caller)
        if row.state not in {State.DONE.value, State.STOPPED.value}:
            raise not_ready(State(row.state), "its end")
        now = service.clock()
        async with unit_of_work(service.engine) as unit:
            look = Look(caller.subject, caller.role, Purpose.IMPORT, import_id, ("name", "phone"))
            await record(unit.connection, [look], now)
        asked = ResultFile(row, caller, now)
        return StreamingResponse(
            result_lines(asked, service.engine, service.seals, await desk.teller(caller)),
            media_type=f"{_CsvAnswer.media_type}; charset=utf-8",
            headers={
                "Content-Disposition": 'attachment; filename="result.csv"',
                "Cache-Control": "no-store",
                "X-Content-Type-Options": "nosniff",
            },
        )
