"""Ask for a correction, or bring a grievance: noted with a deadline, for the in-charge to answer."""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.commands.withdraw_mitra import PAGE, MitraNotFound
from enrolment.domain.rights import RequestId, RequestKind, due
from enrolment.seals import Seals
from enrolment.storage import mitras, requests
from enrolment.storage.row_security import Work, work_as
from mitra_shared.campaign.definition import Language, Rights
from mitra_shared.database import retrying
from mitra_shared.ids import MitraId, StaffId
from mitra_shared.log import unit_of_work

MOST_OPEN = 3
"""Requests of one kind and person that may be open."""


class TooManyOpen(Exception):
    """The person has as many open requests of the kind as there may be."""


class PersonWithdrew(Exception):
    """The person has withdrawn: nothing is corrected of what waits for its erasure."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What is to be put right; None: is right as it is. The name is clean, the schemes are the campaign's."""

    name: str | None = None
    language: Language | None = None
    schemes: tuple[str, ...] | None = None

    def as_details(self) -> str:
        """As it is sealed."""
        return json.dumps(
            {"name": self.name, "language": self.language, "schemes": self.schemes}, ensure_ascii=False
        )

    @classmethod
    def of_details(cls, details: str) -> "Correction":
        """What was sealed."""
        kept = json.loads(details)
        schemes = kept["schemes"]
        return cls(kept["name"], kept["language"], None if schemes is None else tuple(schemes))


@dataclass(frozen=True, slots=True)
class Grievance:
    """What the person has to say; the one text of the product that is not chosen from a list."""

    text: str

    def as_details(self) -> str:
        """As it is sealed."""
        return self.text


@dataclass(frozen=True, slots=True)
class AskRequest:
    """What the person asks, alone or with help."""

    mitra: MitraId
    asked: Correction | Grievance
    asked_at: datetime
    helper: StaffId | None
    """Who of the staff helped to ask."""


async def ask_request(command: AskRequest, rights: Rights, engine: AsyncEngine, seals: Seals) -> datetime:
    """Note a request.

    Returns:
        When it is due.

    Raises:
        MitraNotFound: there is nobody of this id, or nobody any more.
        TooManyOpen: see there.
        PersonWithdrew: it is a correction, and there is nothing left to correct.
        sqlalchemy.exc.DBAPIError: the database is away.
    """
    return await retrying(lambda: _ask(command, rights, engine, seals))


async def _ask(command: AskRequest, rights: Rights, engine: AsyncEngine, seals: Seals) -> datetime:
    is_correction = isinstance(command.asked, Correction)
    kind = RequestKind.CORRECTION if is_correction else RequestKind.GRIEVANCE
    request = RequestId(uuid4())
    due_at = due(
        kind,
        command.asked_at,
        correction_days=rights.correction_days,
        grievance_days=rights.grievance_days,
    )
    async with unit_of_work(engine) as unit:
        await work_as(unit.connection, Work.OWN_DATA)
        row = await mitras.find(unit.connection, command.mitra, for_update=True)
        if row is None or row.erased_at is not None:
            raise MitraNotFound
        if is_correction and row.withdrawn_at is not None:
            raise PersonWithdrew
        if await requests.open_of_kind(unit.connection, command.mitra, kind) >= MOST_OPEN:
            raise TooManyOpen
        await requests.keep(
            unit.connection,
            request,
            row,
            kind,
            asked_at=command.asked_at,
            due_at=due_at,
            through=command.helper or PAGE,
            details=seals.seal_details(command.asked.as_details(), request),
        )
    return due_at
