"""What the routes of imports do alike: find the caller's own, and tell of it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from enrolment.clock import india_day
from enrolment.domain.importing import State
from enrolment.import_schemas import ImportTold
from enrolment.imports.telling import Teller
from enrolment.problems import IMPORT_NOT_READY
from enrolment.service import Service
from enrolment.storage import imports
from enrolment.storage.row_security import act_as
from mitra_shared.http.problems import NOT_FOUND, Problem
from mitra_shared.ids import CampaignId
from mitra_shared.log import unit_of_work
from mitra_shared.security.tokens import Caller


class ImportDesk:
    """What the routes do alike."""

    def __init__(self, service: Service) -> None:
        self.service = service

    async def campaign(self, caller: Caller) -> CampaignId:
        """The campaign of a token."""
        return (await self.service.campaign(caller.campaign)).rules.campaign

    async def teller(self, caller: Caller) -> Teller:
        """Tells in the words of that campaign."""
        rules = (await self.service.campaign(caller.campaign)).rules
        return Teller(self.service.seals, rules, rules.notice_in_force(india_day(self.service.clock())))

    async def found(self, upload: UUID, caller: Caller) -> tuple[Row[Any], Sequence[UUID]]:
        """An import of the caller, and earlier ones of the same file.

        Raises:
            Problem: 404.
        """
        campaign = await self.campaign(caller)
        async with unit_of_work(self.service.engine) as unit:
            await act_as(unit.connection, caller, campaign, self.service.clock())
            row = await imports.find(unit.connection, upload, caller.subject)
            if row is None or row.campaign != campaign or row.constituency != caller.area:
                raise not_found()
            return row, await imports.earlier_of_file(unit.connection, upload)

    async def told(self, upload: UUID, caller: Caller) -> ImportTold:
        """An import of the caller as it is told; raises as `found` does."""
        row, earlier = await self.found(upload, caller)
        return (await self.teller(caller)).import_(row, earlier)


def not_found() -> Problem:
    """404."""
    return NOT_FOUND("You sent no import of this id, or nothing of it is kept any more")


def not_ready(state: State, wanted: str) -> Problem:
    """409 for an import in that state."""
    return IMPORT_NOT_READY(f"The import is {state.value}; this needs {wanted}.", state=state.value)
