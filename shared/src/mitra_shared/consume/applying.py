"""Applying: positions and effects in one transaction, and finding the one event that cannot be applied."""

import asyncio
from collections.abc import Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine
from structlog import get_logger

from mitra_shared.consume.dead_letters import (
    Subject,
    close_letters,
    fail_again,
    hold_position,
    letters_of,
    put_away,
    subject_of,
)
from mitra_shared.consume.erasing import erase_subjects
from mitra_shared.consume.feeding import Feed, feed
from mitra_shared.consume.group import ConsumerGroup
from mitra_shared.consume.positions import Fenced, Move, Standing, move_positions
from mitra_shared.consume.reading import Item, Run
from mitra_shared.contracts.event import Event
from mitra_shared.database import is_infrastructure
from mitra_shared.log.unit_of_work import UnitOfWork, unit_of_work

log = get_logger(__name__)

TRIES: Final = 3
"""How often a single event fails before it is put away."""


class LetterFailed(Exception):
    """An event that is played again failed again."""

    def __init__(self, letter: int, error: Exception) -> None:
        super().__init__(str(error))
        self.letter = letter
        self.error = error


def is_data_error(error: BaseException) -> bool:
    """Whether the data is to blame: not the database or network, and not another owner."""
    return not isinstance(error, Fenced) and not is_infrastructure(error)


def in_words(error: BaseException) -> str:
    """First line of an error without the statement's parameters, which could hold personal data."""
    origin = getattr(error, "orig", None) or error
    return f"{type(origin).__name__}: {origin}".splitlines()[0][:500]


def _single(run: Run, index: int) -> Run:
    if index == 0:
        return Run(run.source, run.after, run.items[:1])
    before = Run(run.source, run.after, run.items[:index]).reached
    return Run(run.source, before, run.items[index : index + 1])


class Applier:
    """Applies runs of a group.

    Attributes:
        parked: subjects whose events are put away behind an earlier one; kept by the consumer.
        buried: how many events this process gave up.
    """

    def __init__(self, engine: AsyncEngine, group: ConsumerGroup) -> None:
        self.parked: frozenset[Subject] = frozenset()
        self.buried = 0
        self._engine = engine
        self._group = group

    async def apply(self, runs: Sequence[Run]) -> None:
        """Apply runs, all in one transaction if the data allows it.

        Raises:
            Fenced: another owner moved a position.
            Exception: database or network; nothing happened, or it shows in the positions.
        """
        try:
            await self._together(runs)
        except Exception as error:
            if not is_data_error(error):
                raise
            log.warning(
                "batch has an event that cannot be applied", group=self._group.name, error=in_words(error)
            )
            for run in runs:
                await self._one_source(run)

    async def _one_source(self, run: Run) -> None:
        try:
            await self._together([run])
        except Exception as error:
            if not is_data_error(error):
                raise
            for index in range(len(run.items)):
                await self._one_event(_single(run, index))

    async def _one_event(self, run: Run) -> None:
        for attempt in range(TRIES):
            try:
                await self._together([run])
            except Exception as error:
                if not is_data_error(error):
                    raise
                if attempt + 1 == TRIES:
                    await self._bury(run, error)
                await asyncio.sleep(0.05 * attempt)
            else:
                return

    async def _bury(self, run: Run, error: Exception) -> None:
        (item,) = run.items
        async with unit_of_work(self._engine) as unit:
            await move_positions(
                unit.connection, self._group.name, [Move(run.source, run.after, run.reached)]
            )
            await put_away(
                unit.connection, self._group.name, run.source, [item], state="poison", error=in_words(error)
            )
        self.buried += 1
        subject = subject_of(run.source, item)
        if subject.subject is not None:
            self.parked |= {subject}
        log.error(
            "event put away",
            group=self._group.name,
            stream=run.source.stream,
            entry=item.place.stream_id,
            event_id=str(item.received.event_id),
            error=in_words(error),
        )

    async def _together(self, runs: Sequence[Run]) -> None:
        async with unit_of_work(self._engine) as unit:
            moves = [Move(run.source, run.after, run.reached) for run in runs]
            await move_positions(unit.connection, self._group.name, moves)
            playable: list[Run] = []
            for run in runs:
                items = run.items
                if self.parked:
                    items = [i for i in run.items if subject_of(run.source, i) not in self.parked]
                    waiting = [i for i in run.items if subject_of(run.source, i) in self.parked]
                    if waiting:
                        await put_away(
                            unit.connection,
                            self._group.name,
                            run.source,
                            waiting,
                            state="parked",
                            error="waits for an earlier one",
                        )
                playable.append(Run(run.source, run.after, items))
            await self._play(unit, playable)
            await erase_subjects(unit, self._group, runs)

    async def _play(self, unit: UnitOfWork, runs: Sequence[Run]) -> None:
        for topic in self._group.topics:
            items = [item for run in runs if run.source.topic == topic for item in run.items]
            events: list[Event] = []
            for item in items:
                if not isinstance(item.event, Event):
                    raise item.event
                events.append(item.event)
            if events:
                await feed(self._group.broker, topic, events, Feed(unit, [item.place for item in items]))

    async def redrive(self, whose: Subject) -> None:
        """Play the letters of a subject again, in order, all or none."""
        try:
            async with unit_of_work(self._engine) as unit:
                played_after = await hold_position(unit.connection, self._group.name, whose.source)
                letters = await letters_of(unit.connection, self._group.name, whose)
                for letter, item in letters:
                    await self._play_letter(unit, whose, letter, item)
                await close_letters(unit.connection, [letter for letter, _ in letters], played_after)
        except LetterFailed as failed:
            log.error(
                "event failed again",
                group=self._group.name,
                letter=failed.letter,
                error=in_words(failed.error),
            )
            async with unit_of_work(self._engine) as unit:
                await fail_again(unit.connection, failed.letter, in_words(failed.error))

    async def _play_letter(self, unit: UnitOfWork, whose: Subject, letter: int, item: Item) -> None:
        beginning = Standing(item.place.epoch, item.place.position, None, None)
        try:
            await self._play(unit, [Run(whose.source, beginning, [item])])
        except Exception as error:
            if not is_data_error(error):
                raise
            raise LetterFailed(letter, error) from error
