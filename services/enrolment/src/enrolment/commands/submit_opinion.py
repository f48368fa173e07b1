"""Put one anonymous answer sheet in the pool. Nothing of the caller, and no hour, goes with it."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.domain.opinions import WaitingSheet, check_sheet
from enrolment.domain.refusals import Objected
from enrolment.domain.rules import Rules
from enrolment.schemas import OpinionSheet
from enrolment.storage import opinions
from mitra_shared.database import retrying
from mitra_shared.ids import AreaCode
from mitra_shared.log import unit_of_work


@dataclass(frozen=True, slots=True)
class SubmitOpinion:
    """A sheet from a constituency, whose id serves repeated sending alone."""

    sheet: OpinionSheet
    area: AreaCode | None
    today: date


async def submit_opinion(command: SubmitOpinion, rules: Rules, engine: AsyncEngine) -> None:
    """Pool the sheet, once for each submission id.

    Raises:
        Objected: with every objection.
        sqlalchemy.exc.DBAPIError: the database is away; asking again is safe.
    """
    sheet = command.sheet
    refusals = check_sheet(
        rules,
        round_id=sheet.round,
        segment=sheet.segment,
        answers=sheet.answers,
        area=command.area,
        today=command.today,
    )
    if refusals:
        raise Objected(refusals)
    segment = AreaCode(sheet.segment)
    waiting = WaitingSheet(sheet.round, rules.segments[segment], segment, sheet.answers)
    # Only the pool's own id goes with the answers: the submission id is known to a device.
    await retrying(lambda: _pool(engine, sheet.submission_id, uuid4(), rules, waiting, command.today))


async def _pool(
    engine: AsyncEngine, submission: UUID, pooled: UUID, rules: Rules, waiting: WaitingSheet, today: date
) -> None:
    async with unit_of_work(engine) as unit:
        await opinions.pool_once(unit.connection, submission, pooled, rules.campaign, waiting, today)
