"""What whoever sent a file decides on it: how it is read, that it is enrolled, or that nothing of it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from enrolment.domain.importing import Field, State
from enrolment.seals import Seals
from enrolment.storage import imports
from enrolment.storage.row_security import act_as
from mitra_shared.ids import CampaignId
from mitra_shared.log import unit_of_work
from mitra_shared.security.tokens import Caller


class ImportNotFound(Exception):
    """There is no import of this id that the caller sent."""


class ImportNotReady(Exception):
    """The import is in another state. `state` is the one it is in."""

    def __init__(self, state: State) -> None:
        super().__init__(state.value)
        self.state = state


class PreviewChanged(Exception):
    """Another preview is there than the one that was seen. `preview` is its number."""

    def __init__(self, preview: int) -> None:
        super().__init__(f"preview {preview}")
        self.preview = preview


class FileGone(Exception):
    """Another sheet cannot be read, since the file is no longer kept."""


@dataclass(frozen=True, slots=True)
class MapImport:
    """How the sheet is to be read. `sheet` None: the one that was read."""

    id: UUID
    campaign: CampaignId
    caller: Caller
    columns: Mapping[Field, int]
    values: Mapping[Field, str]
    sheet: int | None
    asked_at: datetime


async def map_import(command: MapImport, engine: AsyncEngine, seals: Seals) -> None:
    """Have the preview made anew.

    Raises:
        ImportNotFound, ImportNotReady, FileGone: nothing was changed.
        sqlalchemy.exc.DBAPIError: the database is away.
    """
    async with unit_of_work(engine) as unit:
        connection = unit.connection
        row = await _own(connection, command.id, command.campaign, command.caller, command.asked_at)
        _check(row, State.PREVIEWED)
        mapping: dict[str, Any] | None = {
            "columns": {name.value: column for name, column in command.columns.items()},
            "values": seals.seal_values(to_json(command.values).decode(), command.id),
        }
        if command.sheet is None or command.sheet == row.sheet:
            await imports.change(connection, command.id, state=State.MAPPED.value, mapping=mapping)
            return
        if not await imports.file_of(connection, command.id):
            raise FileGone
        if not command.columns and not command.values:
            # Its headings may be others, and are guessed.
            mapping = None
        await imports.change(
            connection, command.id, state=State.UPLOADED.value, sheet=command.sheet, mapping=mapping
        )


@dataclass(frozen=True, slots=True)
class AcceptImport:
    """Enrol the rows of the preview that was seen, which nothing stands against."""

    id: UUID
    campaign: CampaignId
    caller: Caller
    preview: int
    asked_at: datetime


async def accept_import(command: AcceptImport, engine: AsyncEngine) -> None:
    """Let the rows go to the intake. Asked again, it changes nothing.

    Raises:
        ImportNotFound, ImportNotReady, PreviewChanged: nothing was changed.
        sqlalchemy.exc.DBAPIError: the database is away.
    """
    async with unit_of_work(engine) as unit:
        connection = unit.connection
        row = await _own(connection, command.id, command.campaign, command.caller, command.asked_at)
        if row.accepted_at is not None and row.preview == command.preview:
            return
        _check(row, State.PREVIEWED)
        if row.preview != command.preview:
            raise PreviewChanged(row.preview)
        await imports.delete_file(connection, command.id)
        await imports.change(connection, command.id, state=State.ACCEPTED.value, accepted_at=command.asked_at)


@dataclass(frozen=True, slots=True)
class CancelImport:
    """Delete an import that was not accepted, with everything that is kept of it."""

    id: UUID
    campaign: CampaignId
    caller: Caller
    asked_at: datetime


async def cancel_import(command: CancelImport, engine: AsyncEngine) -> None:
    """Delete it.

    Raises:
        ImportNotFound, ImportNotReady: nothing was changed.
        sqlalchemy.exc.DBAPIError: the database is away.
    """
    async with unit_of_work(engine) as unit:
        connection = unit.connection
        row = await _own(connection, command.id, command.campaign, command.caller, command.asked_at)
        if row.accepted_at is not None:
            raise ImportNotReady(State(row.state))
        await imports.delete(connection, command.id)


async def _own(
    connection: AsyncConnection, upload: UUID, campaign: CampaignId, caller: Caller, at: datetime
) -> Row[Any]:
    await act_as(connection, caller, campaign, at)
    row = await imports.find(connection, upload, caller.subject, for_update=True)
    if row is None or row.campaign != campaign or row.constituency != caller.area:
        raise ImportNotFound
    return row


def _check(row: Row[Any], state: State) -> None:
    if row.state != state.value:
        raise ImportNotReady(State(row.state))
