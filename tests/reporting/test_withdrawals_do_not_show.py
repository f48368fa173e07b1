"""The attack: two worlds that differ in a few withdrawals only, and somebody who sees all that is live."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.campaign.definition import CampaignDefinition, Level
from mitra_shared.contracts.event import Event
from mitra_shared.contracts.events import MitraEnrolledV1
from reporting.lag import LagWatch
from reporting.mirror import Mirror
from reporting.publisher import Publisher
from reporting.queries import rollup_answer, rollups_answer
from tests.factories import small_campaign
from tests.flows.naive_office import NaiveOffice, Told
from tests.reporting.field import DAY, START, Field
from tests.reporting.reporting_api import running_api
from tests.reporting.test_counting import empty
from tests.reporting.test_publisher import entries

SEGMENT = "S11-AC017"
QUOTA = 3


def places(number: int) -> dict[str, Any]:
    """So many certificates in each segment."""
    goals = [goal.model_dump(mode="json") for goal in small_campaign().goals]
    return {"goals": [g | ({"number": number} if g["metric"] == "certificates" else {}) for g in goals]}


class World:
    """One segment's people, their certificates, and the rollups of both."""

    def __init__(self, engine: AsyncEngine, redis: Redis) -> None:
        self.engine = engine
        self.field = Field(engine)
        self.office = NaiveOffice()
        self.mirror = Mirror(engine)
        self.publisher = Publisher(engine, redis)
        self.people: list[MitraEnrolledV1] = []
        self._told = 0

    async def define(self, definition: CampaignDefinition) -> None:
        events = self.field.defined(definition)
        self.office.hear(events[0][1].model_dump(mode="json"))
        await self.field.apply([*events, *self._certificates()])

    async def enrol(self, number: int) -> None:
        people = [self.field.enrolled(SEGMENT) for _ in range(number)]
        self.people += people
        await self._happen(people)

    async def withdraw(self, numbers: Sequence[int]) -> None:
        gone = [self.people[number] for number in numbers]
        await self._happen(
            [
                self.field.withdrawn(SEGMENT).model_copy(update={"mitra_id": person.mitra_id})
                for person in gone
            ]
        )

    async def correct(self, numbers: Sequence[int]) -> None:
        await self.field.apply(
            [
                self.field.corrected(SEGMENT, ["PMUY"], ["PMAY-G"]).model_copy(
                    update={"mitra_id": self.people[number].mitra_id}
                )
                for number in numbers
            ]
        )

    async def print(self, number: int) -> None:
        papers = [self.field.printed(SEGMENT, number), self.field.dispatched(SEGMENT, number)]
        await self.field.apply([*papers, *(self.field.handed_over(SEGMENT) for _ in range(number))])

    async def raise_quota(self, places: int) -> None:
        self.office.give_more(SEGMENT, places)
        await self.field.apply([self.field.raised(SEGMENT, places), *self._certificates()])

    async def reserve(self, places: int) -> None:
        self.office.give_more(SEGMENT, -places)
        await self.field.apply([self.field.reserved(SEGMENT, places, UUID(int=7)), *self._certificates()])

    async def _happen(self, events: Sequence[Event]) -> None:
        for event in events:
            self.office.hear(event.model_dump(mode="json"))
        await self.field.apply([*events, *self._certificates()])

    def _certificates(self) -> list[Event]:
        told, self._told = self.office.log[self._told :], len(self.office.log)
        return [self._certificate(each) for each in told]

    def _certificate(self, told: Told) -> Event:
        match told.type:
            case "CertificateIssuedV1":
                return self.field.issued(told.segment, START, told.previous)
            case "CertificateWaitlistedV1":
                return self.field.waitlisted(told.segment).model_copy(update={"previous": told.previous})
            case _:
                assert told.previous is not None
                return self.field.revoked(told.segment, START, told.previous)

    async def seen(self, redis: Redis) -> list[Any]:
        """All that is live, without the marks of time: what a fresh api, a followed one and `rollups` say."""
        await self.publisher.publish()
        await self.mirror.refresh()
        fresh = Mirror(self.engine)
        await fresh.refresh()
        board, lag = fresh.boards[self.field.campaign.id], LagWatch(redis)
        followed = self.mirror.boards[self.field.campaign.id]
        assert [followed.rollup(c).counts for c in followed.definition.by_code] == [
            board.rollup(c).counts for c in board.definition.by_code
        ]
        answers = [
            rollups_answer(fresh, lag, board, level=level, within=board.root.code, sort="code")["areas"]
            for level in Level
        ]
        one = rollup_answer(fresh, lag, board, board.root.code)
        stream = {r.area: r.model_dump(exclude={"version", "as_of"}) for _, _, r in await entries(redis)}
        return [_timeless([*answers, one["rollup"], one["parts"]]), stream]


def _timeless(shown: Any) -> Any:
    if isinstance(shown, dict):
        return {key: _timeless(value) for key, value in shown.items() if key != "version"}
    return [_timeless(each) for each in shown] if isinstance(shown, list) else shown


Story = Callable[[World, bool], Any]


async def _while_waiting(world: World, withdraw: bool) -> None:  # noqa: FBT001 - the one difference
    await world.enrol(QUOTA + 4)
    if withdraw:
        await world.withdraw([QUOTA, QUOTA + 2])


async def _with_a_promotion(world: World, withdraw: bool) -> None:  # noqa: FBT001
    await world.enrol(QUOTA + 4)
    if withdraw:
        await world.withdraw([0, 1])


async def _before_the_quota_is_used_up(world: World, withdraw: bool) -> None:  # noqa: FBT001
    await world.enrol(2)
    if withdraw:
        await world.withdraw([0])
    await world.enrol(QUOTA + 1)


async def _then_a_raised_and_a_lowered_quota(world: World, withdraw: bool) -> None:  # noqa: FBT001
    await _while_waiting(world, withdraw)
    await world.define(small_campaign(2, **places(QUOTA + 3)))
    await world.enrol(1)
    await world.define(small_campaign(3, **places(1)))


async def _in_a_freeze(world: World, withdraw: bool) -> None:  # noqa: FBT001
    await world.enrol(2)
    await world.define(small_campaign(2, issuing={"frozen": True}))
    await world.enrol(4)
    if withdraw:
        await world.withdraw([0, 3])


async def _in_a_freeze_that_ended(world: World, withdraw: bool) -> None:  # noqa: FBT001
    await _in_a_freeze(world, withdraw)
    await world.define(small_campaign(3))


async def _with_a_paper_for_each_who_was_promoted(world: World, withdraw: bool) -> None:  # noqa: FBT001
    await world.enrol(QUOTA + 4)
    await world.print(QUOTA)
    if withdraw:
        await world.withdraw([0, 1])
        await world.print(2)


async def _with_places_of_the_quota_desk(world: World, withdraw: bool) -> None:  # noqa: FBT001
    await world.reserve(1)
    await _while_waiting(world, withdraw)
    await world.raise_quota(2)
    if withdraw:
        await world.withdraw([0])
    await world.enrol(2)
    await world.reserve(-1)


STORIES = [
    _while_waiting,
    _with_a_promotion,
    _before_the_quota_is_used_up,
    _then_a_raised_and_a_lowered_quota,
    _in_a_freeze,
    _in_a_freeze_that_ended,
    _with_a_paper_for_each_who_was_promoted,
    _with_places_of_the_quota_desk,
]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__.strip("_"))
async def test_worlds_that_differ_in_withdrawals_look_the_same(
    reporting_engine: AsyncEngine, redis: Redis, story: Story
) -> None:
    seen = []
    for withdraw in (False, True):
        await _empty(reporting_engine, redis)
        world = World(reporting_engine, redis)
        await world.define(small_campaign())
        await story(world, withdraw)
        seen.append(await world.seen(redis))
    assert seen[0] == seen[1]


async def test_a_withdrawal_is_no_news(reporting_engine: AsyncEngine, redis: Redis) -> None:
    world = World(reporting_engine, redis)
    await world.define(small_campaign())
    await world.enrol(QUOTA + 4)
    await world.seen(redis)
    version = world.mirror.version
    for numbers in ([0], [QUOTA + 3]):
        await world.withdraw(numbers)
        assert await world.publisher.publish() == 0
        await world.mirror.refresh()
        board = world.mirror.boards[world.field.campaign.id]
        assert board.changed_since(version, board.definition.by_code) == []


async def test_a_correction_is_no_news(reporting_engine: AsyncEngine, redis: Redis) -> None:
    world = World(reporting_engine, redis)
    await world.define(small_campaign())
    await world.enrol(QUOTA + 4)
    before = await world.seen(redis)
    version = world.mirror.version
    await world.correct([0, QUOTA + 1])
    assert await world.publisher.publish() == 0
    assert await world.seen(redis) == before
    board = world.mirror.boards[world.field.campaign.id]
    assert board.changed_since(version, board.definition.by_code) == []


async def test_a_paper_beyond_those_that_count_as_issued_is_no_news(
    reporting_engine: AsyncEngine, redis: Redis
) -> None:
    world = World(reporting_engine, redis)
    await world.define(small_campaign())
    await world.enrol(QUOTA + 4)
    await world.print(QUOTA)
    await world.seen(redis)
    await world.print(1)
    assert await world.publisher.publish() == 0


@pytest.mark.parametrize("area", [SEGMENT, "S11-PC04", "IN"])
async def test_no_figure_of_a_day_tells_of_nine_withdrawals_or_corrections(
    reporting_engine: AsyncEngine, redis: Redis, area: str
) -> None:
    days = []
    for something_happens in (False, True):
        await _empty(reporting_engine, redis)
        world = World(reporting_engine, redis)
        await world.define(small_campaign())
        await world.enrol(30)
        if something_happens:
            await world.correct(range(9))
            await world.withdraw([*range(4), *range(20, 25)])
        async with running_api(reporting_engine, redis) as api:
            await api.caught_up()
            answer = await api.get(f"/v1/rollups/{area}/days?from={DAY}&to={DAY}")
        days.append(answer.json()["days"])
    assert days[0][0]["closed"] is True
    assert days[0] == days[1]


async def _empty(engine: AsyncEngine, redis: Redis) -> None:
    await empty(engine)
    await redis.flushdb()
