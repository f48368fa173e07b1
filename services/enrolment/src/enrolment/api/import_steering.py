"""What the sender of a sheet decides: how it is read, that it is enrolled, or that nothing of it is kept."""

from uuid import UUID

from fastapi import APIRouter

from enrolment.api.callers import Recruiter
from enrolment.api.import_desk import ImportDesk, not_found, not_ready
from enrolment.commands.steer_import import (
    AcceptImport,
    CancelImport,
    FileGone,
    ImportNotFound,
    ImportNotReady,
    MapImport,
    PreviewChanged,
    accept_import,
    cancel_import,
    map_import,
)
from enrolment.domain.importing import OF_EACH_PERSON
from enrolment.import_schemas import ImportAcceptance, ImportMapping, ImportTold
from enrolment.problems import IMPORT_FILE_GONE, IMPORT_PREVIEW_CHANGED, IMPORT_UNAFFIRMED
from mitra_shared.http.problems import invalid_fields, problem_responses


def add_steering_routes(router: APIRouter, desk: ImportDesk) -> None:
    """Add them to `router`, whose prefix is that of imports."""
    _mapping(router, desk)
    _acceptance(router, desk)
    _cancelling(router, desk)


def _mapping(router: APIRouter, desk: ImportDesk) -> None:
    service = desk.service

    @router.put(
        "/{import_id}/mapping",
        status_code=202,
        summary="Say which column holds what",
        responses=problem_responses(404),
    )
    async def mapping(import_id: UUID, asked: ImportMapping, caller: Recruiter) -> ImportTold:
        """Have the preview made anew: by other columns, with values for the whole sheet, of another sheet."""
        _check_mapping(asked)
        command = MapImport(
            import_id,
            await desk.campaign(caller),
            caller,
            asked.columns,
            asked.values,
            asked.sheet,
            service.clock(),
        )
        try:
            await map_import(command, service.engine, service.seals)
        except ImportNotFound:
            raise not_found() from None
        except ImportNotReady as error:
            raise not_ready(error.state, "its preview") from None
        except FileGone:
            raise IMPORT_FILE_GONE(
                "The file is no longer kept, so no other sheet of it can be read. Send it again."
            ) from None
        return await desk.told(import_id, caller)


def _acceptance(router: APIRouter, desk: ImportDesk) -> None:
    service = desk.service

    @router.post(
        "/{import_id}/accept",
        status_code=202,
        summary="Enrol the rows of the preview",
        responses=problem_responses(404),
    )
    async def accept(import_id: UUID, asked: ImportAcceptance, caller: Recruiter) -> ImportTold:
        """Let the rows that nothing stands against go to the intake, one as if enrolled alone."""
        if not asked.papers_are_signed:
            raise IMPORT_UNAFFIRMED(
                "Nobody is enrolled from a sheet without a paper that the person signed.",
                errors=[
                    {
                        "field": "papers_are_signed",
                        "message": "is not affirmed",
                        "expected": "true, if you have the signed papers; leave out the others",
                    }
                ],
            )
        command = AcceptImport(import_id, await desk.campaign(caller), caller, asked.preview, service.clock())
        try:
            await accept_import(command, service.engine)
        except ImportNotFound:
            raise not_found() from None
        except ImportNotReady as error:
            raise not_ready(error.state, "its preview") from None
        except PreviewChanged as error:
            raise IMPORT_PREVIEW_CHANGED(
                f"Preview {error.preview} is there by now. Look at it, and accept that.",
                preview=error.preview,
            ) from None
        return await desk.told(import_id, caller)


def _cancelling(router: APIRouter, desk: ImportDesk) -> None:
    service = desk.service

    @router.delete(
        "/{import_id}", status_code=204, summary="Cancel an import", responses=problem_responses(404)
    )
    async def cancel(import_id: UUID, caller: Recruiter) -> None:
        """Delete the file, its rows and that there was one; only before it is accepted."""
        command = CancelImport(import_id, await desk.campaign(caller), caller, service.clock())
        try:
            await cancel_import(command, service.engine)
        except ImportNotFound:
            raise not_found() from None
        except ImportNotReady as error:
            raise not_ready(error.state, "a state before its acceptance") from None


def _check_mapping(asked: ImportMapping) -> None:
    wrong = [
        (f"values.{field.value}", "cannot be the same for everybody", "a column")
        for field in sorted(OF_EACH_PERSON & asked.values.keys())
    ]
    wrong += [
        (f"values.{field.value}", "has a column too", "one of both")
        for field in sorted(asked.values.keys() & asked.columns.keys())
    ]
    if wrong:
        raise invalid_fields(
            [{"field": field, "message": message, "expected": expected} for field, message, expected in wrong]
        )
