"""Take the file of an import: sealed part by part as it comes, so that none of it stands anywhere in clear.

Each part is a transaction of its own, since whoever sends slowly must not hold one open.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.domain.importing import MOST_OPEN
from enrolment.seals import Seals
from enrolment.storage import imports
from enrolment.storage.row_security import act_as
from mitra_shared.ids import CampaignId
from mitra_shared.log import unit_of_work
from mitra_shared.security.tokens import Caller

_PART: Final = 256 * 1024


class TooManyImports(Exception):
    """The caller has as many imports that are not at their end as one may have."""


@dataclass(frozen=True, slots=True)
class UploadImport:
    """Who sends a file, and its bytes as they come."""

    campaign: CampaignId
    caller: Caller
    chunks: AsyncIterator[bytes]
    asked_at: datetime
    id: UUID = field(default_factory=uuid4)


async def upload_import(command: UploadImport, engine: AsyncEngine, seals: Seals) -> None:
    """Keep the file; it waits to be read afterwards.

    Raises:
        TooManyImports: nothing is kept.
        sqlalchemy.exc.DBAPIError: the database is away; what is there of the file is deleted later.
        Exception: what `chunks` raises; what is there of the file is deleted.
    """
    async with unit_of_work(engine) as unit:
        await act_as(unit.connection, command.caller, command.campaign, command.asked_at)
        if await imports.open_imports(unit.connection, command.caller) >= MOST_OPEN:
            raise TooManyImports
        await imports.begin(unit.connection, command.id, command.caller, command.campaign, command.asked_at)
    digest, size = sha256(), 0
    try:
        waiting, number = bytearray(), 0
        async for chunk in command.chunks:
            digest.update(chunk)
            size += len(chunk)
            waiting += chunk
            while len(waiting) >= _PART:
                await _keep(
                    command, engine, number, seals.seal_part(bytes(waiting[:_PART]), command.id, number)
                )
                del waiting[:_PART]
                number += 1
        await _keep(command, engine, number, seals.seal_part(bytes(waiting), command.id, number))
    except BaseException:
        async with unit_of_work(engine) as unit:
            await act_as(unit.connection, command.caller, command.campaign, command.asked_at)
            await imports.delete(unit.connection, command.id)
        raise
    async with unit_of_work(engine) as unit:
        await act_as(unit.connection, command.caller, command.campaign, command.asked_at)
        whole = seals.file_digest(command.campaign, digest.digest())
        await imports.end_upload(unit.connection, command.id, whole, size)


async def _keep(command: UploadImport, engine: AsyncEngine, number: int, sealed: bytes) -> None:
    async with unit_of_work(engine) as unit:
        await act_as(unit.connection, command.caller, command.campaign, command.asked_at)
        await imports.add_part(unit.connection, command.id, number, sealed)
