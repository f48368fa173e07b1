"""A matcher inside the test's event loop, and a campaign whose phones serve families."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.campaigns import LoadedCampaigns
from enrolment.commands.clear_people import clear_people
from enrolment.commands.examine_people import examine_people
from enrolment.domain.alike import Thresholds
from enrolment.matching.name_keys import NameKeys
from enrolment.storage.row_security import Work, work_as
from mitra_shared.campaign.definition import CampaignDefinition
from mitra_shared.ids import CampaignId
from mitra_shared.security.lookup import KeyedHash, new_lookup_key
from tests.enrolment.intake_api import SEALS, IntakeApi, person, rows
from tests.factories import small_campaign

NAMES = NameKeys(SEALS.names, KeyedHash.from_base64(new_lookup_key()), Thresholds())
SMALL = CampaignId("small")


def family_campaign(version: int = 1, issue_on: str = "cleared", **changes: Any) -> CampaignDefinition:
    issuing = {"issue_on": issue_on, "frozen": changes.pop("frozen", False)}
    return small_campaign(version, eligibility={"people_per_phone": 4}, issuing=issuing, **changes)


async def examine(engine: AsyncEngine, names: NameKeys = NAMES, *, at_most: int = 500) -> None:
    while (await examine_people(engine, names, at_most=at_most)).entries:
        pass


async def match(engine: AsyncEngine, names: NameKeys = NAMES) -> int:
    """Everything the matcher has to do now. Returns how many people were cleared."""
    await examine(engine, names)
    campaigns = LoadedCampaigns()
    async with engine.connect() as connection:
        await campaigns.refresh(connection)
    waiting = [
        each.definition.id for each in campaigns.all() if each.definition.issuing.issue_on == "cleared"
    ]
    cleared = 0
    while some := await clear_people(engine, waiting, datetime.now(UTC)):
        cleared += some
    return cleared


async def start_again(engine: AsyncEngine) -> None:
    """Forget all that the matcher found, as if it had never run."""
    async with engine.begin() as connection:
        await work_as(connection, Work.UPKEEP)
        for table in (
            "matching_key",
            "examined",
            "duplicate_decision",
            "likely_duplicate",
            "matching_method",
        ):
            await connection.execute(text(f"delete from {table}"))  # noqa: S608
        await connection.execute(text("update matching_position set position = 0"))


async def pairs(engine: AsyncEngine) -> set[tuple[str, str, str, str]]:
    found = await rows(
        engine,
        "select cast(earlier as text), cast(later as text), evidence, state from likely_duplicate",
    )
    return {tuple(row) for row in found}


async def enrolled(api: IntakeApi, name: str, phone: int = 1, **changes: Any) -> str:
    bearer = changes.pop("bearer", None)
    answer = await api.enrol(person(phone, name=name, **changes), bearer=bearer)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["mitra_id"])
