"""Let out the opinions that may go: enough of a round and segment, or what is left when a round closes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from random import SystemRandom
from typing import Final
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.campaigns import LoadedCampaigns
from enrolment.domain.opinions import FEWEST_TOGETHER, Plan, plan_release
from enrolment.domain.rules import Rules
from enrolment.storage import opinions
from enrolment.storage.locks import try_lock_upkeep
from enrolment.storage.opinions import Pile
from mitra_shared.contracts.events import OpinionReleasedV1
from mitra_shared.ids import EventId
from mitra_shared.log import UnitOfWork, unit_of_work

_SHEETS_AT_A_TIME: Final = 2_000
"""Sheets after which no further pile is taken in the same transaction."""


@dataclass(frozen=True, slots=True)
class Released:
    """What left the pool in one transaction."""

    released: int = 0
    dropped: int = 0


async def release_opinions(engine: AsyncEngine, campaigns: LoadedCampaigns, today: date) -> Released:
    """Let out what may go on `today` (India); ask again until nothing goes.

    Raises:
        sqlalchemy.exc.DBAPIError: the database is away; nothing or everything of this call happened.
    """
    async with unit_of_work(engine) as unit:
        if not await try_lock_upkeep(unit.connection):
            return Released()
        await campaigns.refresh(unit.connection)
        piles = await opinions.piles(unit.connection)
        released = dropped = 0
        for campaign, of_campaign in groupby(piles, key=lambda pile: pile.campaign):
            plan = await _release(unit, campaigns.rules(campaign), list(of_campaign), today)
            released += len(plan.releases)
            dropped += sum(plan.dropped.values())
    return Released(released, dropped)


async def _release(unit: UnitOfWork, rules: Rules, piles: Sequence[Pile], today: date) -> Plan:
    closed = {round_id for round_id in {pile.round for pile in piles} if _is_closed(rules, round_id, today)}
    taken = _ripe(piles, closed)
    if not taken:
        return Plan((), {})
    sheets = await opinions.take(unit.connection, rules.campaign, taken)
    plan = plan_release(sheets, is_closed=closed.__contains__, shuffle=SystemRandom().shuffle)
    if plan.dropped:
        await opinions.count_dropped(unit.connection, rules.campaign, plan.dropped)
    for release in plan.releases:
        unit.emit(
            OpinionReleasedV1(
                event_id=EventId(uuid4()),
                campaign=rules.campaign,
                constituency=release.sheet.constituency,
                area=release.area,
                round=release.sheet.round,
                day=today,
                answers=dict(release.sheet.answers),
            )
        )
    return plan


def _is_closed(rules: Rules, round_id: str, today: date) -> bool:
    """Whether a round takes no more answers; one that the campaign no longer has does not."""
    opinion_round = rules.rounds.get(round_id)
    return opinion_round is None or today > opinion_round.closes_on


def _ripe(piles: Sequence[Pile], closed: set[str]) -> list[Pile]:
    """Piles to take now. What is left of a closed round goes as one for each constituency."""
    taken: list[Pile] = []
    sheets = 0
    together: dict[tuple[str, str], list[Pile]] = {}
    for pile in piles:
        alone = pile.round not in closed
        together.setdefault((pile.round, pile.segment if alone else pile.constituency), []).append(pile)
    for (round_id, _), group in together.items():
        if round_id in closed or group[0].sheets >= FEWEST_TOGETHER:
            taken += group
            sheets += sum(pile.sheets for pile in group)
        if sheets >= _SHEETS_AT_A_TIME:
            break
    return taken
