"""The releaser: makes the releases of opinions that are due, one after the other, in the consumer process."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from secrets import randbelow
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine
from structlog import get_logger

from mitra_shared.campaign.definition import CampaignDefinition, Round
from mitra_shared.database import backoff, is_infrastructure
from mitra_shared.log import unit_of_work
from mitra_shared.process import ShutdownSignal
from reporting.domain.releases import Mechanism, Rounding, blocks_of, due_release
from reporting.storage.opinions import keep_release, last_release, lock_releases, waiting

log = get_logger(__name__)

LOOK_SECONDS: Final = 10.0
DAILY: Final = timedelta(days=1)


class Releaser:
    """Makes releases for the campaigns that `definitions` tells of.

    Attributes:
        trouble: why the last turn failed; None while all is well.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        definitions: Callable[[], Iterable[CampaignDefinition]],
        *,
        every: timedelta = DAILY,
        mechanism: Mechanism | None = None,
    ) -> None:
        self.trouble: str | None = None
        self._engine = engine
        self._definitions = definitions
        self._every = every
        self._mechanism = mechanism or Rounding(randbelow)

    async def release(self) -> int:
        """Make every release that is due. Returns how many blocks were let out.

        Raises:
            sqlalchemy.exc.SQLAlchemyError, OSError: the database is away; each release is there or not.
        """
        blocks = 0
        for definition in self._definitions():
            for opinion_round in definition.rounds:
                blocks += await self._release(definition, opinion_round)
        return blocks

    async def _release(self, definition: CampaignDefinition, opinion_round: Round) -> int:
        async with unit_of_work(self._engine) as unit:
            now = await lock_releases(unit.connection)
            last = await last_release(unit.connection, definition.id, opinion_round.id)
            if last is not None and last.closing:
                return 0
            due = due_release(opinion_round, now, last.made_at if last else None, self._every)
            if due is None:
                return 0
            kept = await waiting(unit.connection, definition.id, opinion_round.id)
            blocks = [
                block
                for question in opinion_round.questions
                for block in blocks_of(
                    definition, question, kept.get(question.id, {}), self._mechanism, closing=due.closing
                )
            ]
            number = last.number + 1 if last else 1
            await keep_release(unit.connection, definition.id, opinion_round.id, number, due, blocks)
        log.info("opinions released", round=opinion_round.id, release=number, blocks=len(blocks))
        return len(blocks)

    async def follow(self, shutdown: ShutdownSignal) -> None:
        """Look whether a release is due, until shutdown."""
        failures = 0
        while not shutdown.requested:
            try:
                await self.release()
                failures, self.trouble = 0, None
            except Exception as error:
                if not is_infrastructure(error):
                    raise
                self.trouble = f"opinions cannot be released: {type(error).__name__}"
                log.warning("releaser waits", error=type(error).__name__)
                await shutdown.sleep(backoff(failures))
                failures += 1
                continue
            await shutdown.sleep(LOOK_SECONDS)
