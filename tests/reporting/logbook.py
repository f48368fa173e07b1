"""The logs of a field's history, and a consumer of reporting that goes on step by step."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.consume.applying import Applier
from mitra_shared.consume.dead_letters import open_letters, put_away
from mitra_shared.consume.feeding import declaring_broker, prepare
from mitra_shared.consume.positions import START, Move, Source, Standing, ensure_positions, move_positions
from mitra_shared.consume.reading import Item, Run
from mitra_shared.contracts.event import Event
from mitra_shared.contracts.topics import TOPICS, all_partitions
from mitra_shared.ids import Partition
from mitra_shared.log import unit_of_work
from reporting.consumers import consumer_group
from reporting.rebuilding.rounds import Outcome, rebuild, verify
from tests.logs import log_app, log_client

GROUP = "reporting"
EVERYWHERE = tuple(all_partitions())


@dataclass
class Logbook:
    """What was told, in the logs of both producers, and what reporting has applied of it."""

    enrolment: AsyncEngine
    certificates: AsyncEngine
    reporting: AsyncEngine
    seed: int = 7
    applied: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311 - to be played again
        self.standings: dict[Source, Standing] = {
            Source(topic, partition): START for topic in TOPICS.values() for partition in EVERYWHERE
        }
        self.logs = log_client(log_app(self.enrolment, self.certificates))
        self._group = consumer_group(declaring_broker())
        self._applier = Applier(self.reporting, self._group)
        self._waiting: dict[int, Event] = {}

    async def __aenter__(self) -> Self:
        await prepare(self._group.broker)
        async with unit_of_work(self.reporting) as unit:
            await ensure_positions(unit.connection, GROUP, self._group.topics)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.logs.close()
        await self._group.broker.stop()

    async def tell(self, events: Sequence[Event]) -> None:
        """Append to the logs."""
        keepers = {"enrolment": self.enrolment, "opinions": self.enrolment}
        for event in events:
            async with unit_of_work(keepers.get(event.topic.name, self.certificates)) as unit:
                unit.emit(event)

    async def step(self, most: int, *, burying: float = 0.0) -> bool:
        """Apply some of what comes next in one source; now and then something is put away. False: nothing."""
        sources = list(self.standings)
        self.random.shuffle(sources)
        for source in sources:
            page = await self.logs.after(source, self.standings[source], self.random.randrange(1, most + 1))
            if page.run.items:
                if self.random.random() < burying:
                    await self._bury(Run(source, page.run.after, page.run.items[:1]))
                else:
                    await self._applier.apply([page.run])
                    self._took(page.run.items)
                    self.standings[source] = page.run.reached
                return True
        return False

    async def catch_up(self) -> None:
        while await self.step(200):
            pass

    def _took(self, items: Sequence[Item]) -> None:
        for item in items:
            assert isinstance(item.event, Event)
            self.applied.append(item.event)

    async def _bury(self, run: Run) -> None:
        (item,) = run.items
        async with unit_of_work(self.reporting) as unit:
            await move_positions(unit.connection, GROUP, [Move(run.source, run.after, run.reached)])
            await put_away(unit.connection, GROUP, run.source, [item], state="poison", error="a test")
        self.standings[run.source] = run.reached
        assert isinstance(item.event, Event)
        async with self.reporting.connect() as connection:
            letter = await connection.scalar(text("select max(id) from dead_letter"))
        self._waiting[letter] = item.event

    async def redrive(self) -> None:
        """Play one letter after all, if there is one."""
        if not self._waiting:
            return
        letter = self.random.choice(sorted(self._waiting))
        await self.change("update dead_letter set state = 'redrive' where id = :letter", letter=letter)
        async with self.reporting.connect() as connection:
            (whose,) = (await open_letters(connection, GROUP, EVERYWHERE)).redrive
        await self._applier.redrive(whose)
        self.applied.append(self._waiting.pop(letter))

    async def change(self, statement: str, **parameters: object) -> int:
        """Change a table of reporting by hand; how many rows it hit."""
        async with self.reporting.begin() as connection:
            return (await connection.execute(text(statement), parameters)).rowcount

    async def verify(self, partitions: Sequence[Partition] = EVERYWHERE) -> Outcome:
        return await verify(self.reporting, self.logs, partitions, untold)

    async def rebuild(self, partitions: Sequence[Partition] = EVERYWHERE) -> Outcome:
        return await rebuild(self.reporting, self.logs, partitions, untold)


def untold(_done: int, _total: int) -> None:
    """Nobody watches."""
