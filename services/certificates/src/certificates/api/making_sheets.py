"""New print sheets: the next certificates of a segment, or spoiled ones again."""

from datetime import UTC, datetime
from uuid import uuid4

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncEngine

from certificates.api.paper_schemas import ReprintAsked, SheetAsked, SheetTold
from certificates.api.reach import Campaign, Code, segment_within
from certificates.api.sheet_answers import Printer, answer_of
from certificates.commands.make_sheet import MakeSheet, NothingToPrint, make_sheet
from certificates.commands.reprint import CannotReprint, Reprint, reprint
from certificates.domain.paper import VisibleNumber, read_number
from certificates.problems import NOTHING_TO_PRINT
from certificates.queries import SegmentFound
from certificates.storage.requests import KeyReused, Request
from certificates.storage.sheets import SegmentScope, Sheet
from mitra_shared.database import retrying
from mitra_shared.http.idempotency_keys import KEYED_RESPONSES, Key, key_reused
from mitra_shared.http.problems import invalid_fields, problem_responses
from mitra_shared.log import unit_of_work


def making_routes(engine: AsyncEngine) -> APIRouter:
    """The routes that make sheets."""
    router = APIRouter()

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
        return await answer_of(engine, sheet)

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
        return await answer_of(engine, sheet)

    return router


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


def _scope(segment: SegmentFound) -> SegmentScope:
    return SegmentScope(segment.partition, segment.campaign, segment.constituency, segment.code)
