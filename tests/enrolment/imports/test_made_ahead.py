"""Rows are made ready while those before them are committed, and what they have in common is read once."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import date

from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.campaigns import rules_of
from enrolment.domain.importing import Field
from enrolment.imports.ahead import one_ahead
from enrolment.imports.interpreting import Interpreter
from enrolment.imports.rows import Complaint, Mapped
from enrolment.imports.vocabulary import Vocabulary
from enrolment.imports.worker import ImportMetrics, ImportWorker
from enrolment.intake.desk import IntakeDesk, Judged
from enrolment.intake.items import Answer
from enrolment.schemas import EnrolmentRequest
from mitra_shared.ids import AreaCode
from tests.enrolment.imports.import_world import COLUMNS, ImportWorld, import_world, line, people
from tests.enrolment.intake_api import CONSTITUENCY, count, load
from tests.factories import NOTICE_VERSION, small_campaign


def interpreter() -> Interpreter:
    columns = {Field(name): index for index, name in enumerate(COLUMNS)}
    area, definition = AreaCode(CONSTITUENCY), small_campaign()
    return Interpreter(
        Mapped(columns, {}),
        Vocabulary.of(definition, area),
        rules_of(definition, {}),
        area,
        date(2026, 11, 29),
    )


def test_a_row_asks_for_what_would_have_been_sent_for_the_person_alone() -> None:
    reading = interpreter()
    for number, name in enumerate(("आयशा बेगम", " Joseph  'J' Kurian")):
        asked = reading.read(line(number, name=name)).asked
        assert asked is not None
        alone = EnrolmentRequest.model_validate(
            {
                "name": name,
                "phone": f"+9198{number:08d}",
                "segment": "S11-AC019",
                "basis": "beneficiary",
                "schemes": ["PMAY-G"],
                "language": "hi",
                "adult": True,
                "party_member": False,
                "consent": {
                    "given": True,
                    "notice_version": NOTICE_VERSION,
                    "language": "hi",
                    "manner": "signed_paper",
                },
            }
        )
        # To the byte: the digest of an import that was begun by an older version must be the same.
        assert asked.request().model_dump_json() == alone.model_dump_json()


def test_rows_that_are_nearly_alike_are_read_each_for_itself() -> None:
    reading = interpreter()
    for _ in range(2):
        for adult, faulty in (
            (True, False),
            (1, False),
            ("1", False),
            (False, True),
            (0.5, True),
            ("no", True),
        ):
            assert bool(reading.read(line(adult=adult)).complaints) is faulty, adult
        for cell in ("03-11-2026", {"date": "2026-11-03"}, "2026-11-03"):
            asked = reading.read(line(collected_on=cell)).asked
            assert asked is not None
            assert asked.paper.collected_on == date(2026, 11, 3)
        for unusable, code in (
            ({"fault": "merged-cell"}, "merged-cell"),
            (20261103.0, "ambiguous-date"),
            (None, "missing"),
        ):
            assert reading.read(line(collected_on=unusable)).complaints == (
                Complaint(Field.COLLECTED_ON, code),
            )
        assert reading.read(line(segment={"fault": "cell-error"})).complaints == (
            Complaint(Field.SEGMENT, "cell-error"),
        )


async def test_one_thing_is_made_ahead_and_given_up_when_nobody_needs_it() -> None:
    begun: list[int] = []
    given_up: list[int] = []

    async def make() -> int:
        number = len(begun)
        begun.append(number)
        try:
            await asyncio.sleep(0 if number < 2 else 3600)
        except asyncio.CancelledError:
            given_up.append(number)
            raise
        return number

    async with aclosing(one_ahead(make)) as things:
        assert await anext(things) == 0
        for _ in range(5):
            await asyncio.sleep(0)
        assert begun == [0, 1]
        assert await anext(things) == 1
        await asyncio.sleep(0)
    assert (begun, given_up) == ([0, 1, 2], [2])


class ChangingRules(IntakeDesk):
    """The desk of a campaign whose rules change while its first rows are on their way."""

    def __init__(self, desk: IntakeDesk, engine: AsyncEngine) -> None:
        self._desk = desk
        self._engine: AsyncEngine | None = engine

    async def enrol_judged(self, judged: Sequence[Judged]) -> list[Answer]:
        if self._engine is not None:
            others = [{"code": "PMJAY", "name": {"en": "Ayushman"}}]
            await load(self._engine, small_campaign(2, schemes=others))
            self._engine = None
        return await self._desk.enrol_judged(judged)


async def test_rows_made_ready_by_rules_that_changed_meanwhile_are_judged_by_those_in_force(
    campaign_engine: AsyncEngine,
) -> None:
    async with import_world(campaign_engine, at_once=2) as running:
        shop = replace(running.shop, desk=ChangingRules(running.shop.desk, campaign_engine))
        world = ImportWorld(running.api, ImportWorker(shop, ImportMetrics(CollectorRegistry())), shop)
        done = await world.accept(await world.preview(people(7)))
        assert (done["outcomes"], done["remaining"]) == ({"refused": 7}, 0)
        assert await world.problems(done) == [(row, "schemes", "unknown-scheme") for row in range(2, 9)]
        assert await count(campaign_engine, "mitra") == 0
