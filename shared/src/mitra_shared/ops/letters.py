"""Dead letters of one service: reading them, and asking the owner of their partition to act.

Only the owning consumer plays events; what is asked for here it finds within about a second.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from time import monotonic
from typing import Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.database import create_engine
from mitra_shared.log import unit_of_work
from mitra_shared.ops.trouble import Trouble

State = Literal["poison", "parked", "redrive", "discarded", "done"]

OPEN: Final = ("poison", "parked", "redrive")
SETTLED: Final = ("poison", "discarded", "done")
LOOK_SECONDS: Final = 0.1

_COLUMNS: Final = (
    "id, topic, partition, epoch, position, event_id, type, subject, state, error, attempts, recorded_at"
)


class DeadLetter(BaseModel):
    """An event that could not be applied, or that waits behind one. Its payload is read apart."""

    model_config = ConfigDict(frozen=True)

    service: str
    id: int
    topic: str
    partition: int
    epoch: int
    position: int
    event_id: UUID
    type: str
    """Of the event; of one that could not be read, of the error."""
    subject: UUID | None
    """The Mitra whose later events wait behind it."""
    state: State
    error: str
    attempts: int
    recorded_at: datetime

    @property
    def reference(self) -> str:
        """How the commands name it: `certificates/12`."""
        return f"{self.service}/{self.id}"

    @property
    def place(self) -> str:
        """Where it stands in its log."""
        return f"{self.topic}.{{{self.partition}}} at {self.epoch}-{self.position}"


class NoSuchLetter(Trouble):
    """There is no letter of that number."""


class NotPoison(Trouble):
    """Only the letter that failed can be acted upon, not one that waits behind it or is history."""


class LetterBox:
    """The dead letters of a service."""

    def __init__(self, service: str, engine: AsyncEngine) -> None:
        self._service = service
        self._engine = engine

    async def letters(self, states: Sequence[str]) -> list[DeadLetter]:
        """Those in the given states, in the order of the logs."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                text(
                    f'select {_COLUMNS} from dead_letter where "group" = :group and state = any(:states)'  # noqa: S608
                    " order by topic, partition, epoch, position"
                ),
                {"group": self._service, "states": list(states)},
            )
            return [DeadLetter(service=self._service, **row._mapping) for row in rows]  # noqa: SLF001 - public

    async def letter(self, number: int) -> DeadLetter:
        """One letter.

        Raises:
            NoSuchLetter: there is none.
        """
        async with self._engine.connect() as connection:
            row = (
                await connection.execute(
                    text(f'select {_COLUMNS} from dead_letter where "group" = :group and id = :id'),  # noqa: S608
                    {"group": self._service, "id": number},
                )
            ).one_or_none()
        if row is None:
            raise NoSuchLetter(f"{self._service} has no dead letter {number}; see: mitra dead-letters list")
        return DeadLetter(service=self._service, **row._mapping)  # noqa: SLF001 - public by its documentation

    async def payload(self, number: int) -> str:
        """The event of a letter as it was read; names in it are sealed."""
        async with self._engine.connect() as connection:
            found: str = (
                await connection.execute(
                    text("select payload from dead_letter where id = :id"), {"id": number}
                )
            ).scalar_one()
        return found

    async def redrive(self, number: int) -> None:
        """Have it played again, with all that waits behind it, in order.

        Raises:
            NoSuchLetter, NotPoison: nothing was changed.
        """
        async with unit_of_work(self._engine) as unit:
            asked = await unit.connection.execute(
                text(
                    "update dead_letter set state = 'redrive'"
                    """ where "group" = :group and id = :id and state = 'poison'"""
                ),
                {"group": self._service, "id": number},
            )
        if asked.rowcount == 0:
            await self._explain(number)

    async def discard(self, number: int) -> None:
        """Give it up for good; what waits behind it is played, unless another of the same subject failed.

        Raises:
            NoSuchLetter, NotPoison: nothing was changed.
        """
        async with unit_of_work(self._engine) as unit:
            gone = (
                await unit.connection.execute(
                    text(
                        """
                        update dead_letter set state = 'discarded'
                        where "group" = :group and id = :id and state = 'poison'
                        returning topic, partition, subject
                        """
                    ),
                    {"group": self._service, "id": number},
                )
            ).one_or_none()
            if gone is not None and gone.subject is not None:
                await unit.connection.execute(
                    text(
                        """
                        update dead_letter as waiting set state = 'redrive'
                        where "group" = :group and topic = :topic and partition = :partition
                          and subject = :subject and state = 'parked'
                          and not exists (
                            select from dead_letter as other
                            where other."group" = waiting."group" and other.topic = waiting.topic
                              and other.partition = waiting.partition and other.subject = waiting.subject
                              and other.state = 'poison')
                        """
                    ),
                    {"group": self._service, **gone._mapping},  # noqa: SLF001 - public by its documentation
                )
        if gone is None:
            await self._explain(number)

    async def _explain(self, number: int) -> None:
        letter = await self.letter(number)
        match letter.state:
            case "parked":
                raise NotPoison(
                    f"{letter.reference} waits behind {await self._poison_of(letter)}: act on that one"
                )
            case "redrive":
                raise NotPoison(f"{letter.reference} is about to be played again already")
            case state:
                raise NotPoison(f"{letter.reference} is {state}: nothing is left to do with it")

    async def _poison_of(self, parked: DeadLetter) -> str:
        behind = [
            letter.reference
            for letter in await self.letters(["poison"])
            if (letter.topic, letter.partition, letter.subject)
            == (parked.topic, parked.partition, parked.subject)
        ]
        return " and ".join(behind) or "one that is being played"

    async def outcome(self, number: int, seconds: float) -> DeadLetter:
        """The letter once nothing is about to happen to it any more, or as it is after `seconds`."""
        deadline = monotonic() + seconds
        while True:
            letter = await self.letter(number)
            if letter.state in SETTLED or monotonic() >= deadline:
                return letter
            await asyncio.sleep(LOOK_SECONDS)


@asynccontextmanager
async def letter_box(service: str, url: str) -> AsyncIterator[LetterBox]:
    """The letters of a service, in the database at `url`.

    Raises:
        Trouble: the database cannot be reached or read.
    """
    engine = create_engine(url, application="mitra dead-letters", pool_size=1)
    try:
        yield LetterBox(service, engine)
    except (SQLAlchemyError, OSError) as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise Trouble(f"the {service} database cannot be used: {reason}") from None
    finally:
        await engine.dispose()
