"""Pacing: the days of every area in memory, and a forecast of each target, made anew when a day closes.

Forecasts are made by a child process (`reporting.forecasting`) that ends when it is done, so that this one
keeps small and is never held up. The nation comes first, then states, then constituencies. Without forecasts
everything else is answered.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncEngine
from structlog import get_logger

from mitra_shared.campaign.definition import Level
from mitra_shared.database import backoff, is_infrastructure
from mitra_shared.ids import AreaCode, CampaignId
from mitra_shared.process import ShutdownSignal
from reporting.domain.board import Board
from reporting.domain.days import last_closed_day
from reporting.domain.disclosure import AreaTree
from reporting.domain.pace import Pace, begun, pace
from reporting.forecast_process import forecasts_of
from reporting.forecast_wire import FEWEST_DAYS, Forecast, Job
from reporting.mirror import Mirror
from reporting.storage.series import read_series

log = get_logger(__name__)

LOOK_SECONDS: Final = 30.0
FORECAST_LEVELS: Final = (Level.NATION, Level.STATE, Level.CONSTITUENCY)
BEYOND: Final = 366
"""Days after the campaign's last one in which a late target is still forecast."""


class Days(NamedTuple):
    """People enrolled by area and closed day, until `closed`, as of the definition's `version`."""

    closed: date
    version: int
    daily: Mapping[AreaCode, Mapping[date, int]]


class Pacing:
    """Days and forecasts of all campaigns.

    Attributes:
        trouble: why the last look failed; None while all is well.
    """

    def __init__(self, engine: AsyncEngine, mirror: Mirror, now: Callable[[], datetime]) -> None:
        self.trouble: str | None = None
        self._engine = engine
        self._mirror = mirror
        self._now = now
        self._days: dict[CampaignId, Days] = {}
        self._forecasts: dict[CampaignId, dict[AreaCode, Forecast]] = {}
        self._made: dict[CampaignId, tuple[date, int]] = {}

    async def days(self, board: Board) -> Days:
        """The days of a campaign; read again when another one has closed or the definition has changed.

        Raises:
            sqlalchemy.exc.SQLAlchemyError, OSError: the database is away and the days are not at hand.
        """
        definition, closed = board.definition, last_closed_day(self._now())
        known = self._days.get(definition.id)
        if known is None or (known.closed, known.version) != (closed, definition.version):
            async with self._engine.connect() as connection:
                leaves = await read_series(connection, definition.id, closed)
            known = Days(closed, definition.version, _upwards(board, leaves))
            self._days[definition.id] = known
        return known

    def pace(self, board: Board, days: Days, code: AreaCode) -> Pace | None:
        """The pace of an area; None where it has no target."""
        rollup = board.rollup(code)
        if rollup.target is None:
            return None
        return pace(
            days.daily.get(code, {}),
            enrolled=rollup.counts.enrolled,
            target=rollup.target.number,
            starts_on=board.definition.starts_on,
            target_date=board.definition.target_date,
            closed=days.closed,
        )

    def forecast(self, campaign: CampaignId, code: AreaCode) -> Forecast | None:
        """The newest forecast of an area; None: there is none (yet)."""
        return self._forecasts.get(campaign, {}).get(code)

    def forecast_of(self, campaign: CampaignId) -> date | None:
        """The closed day that the forecasts of a campaign follow; None: they are not made yet."""
        made = self._made.get(campaign)
        return None if made is None else made[0]

    async def follow(self, shutdown: ShutdownSignal) -> None:
        """Make forecasts whenever a day has closed or a definition has changed, until shutdown."""
        failures = 0
        while not shutdown.requested:
            try:
                for board in list(self._mirror.boards.values()):
                    await self.forecast_all(board, shutdown)
                failures, self.trouble = 0, None
            except Exception as error:
                if not is_infrastructure(error):
                    raise
                self.trouble = f"forecasts cannot be made: {type(error).__name__}"
                log.warning("forecasts wait", error=type(error).__name__)
                await shutdown.sleep(backoff(failures))
                failures += 1
            await shutdown.sleep(LOOK_SECONDS)

    async def forecast_all(self, board: Board, shutdown: ShutdownSignal) -> None:
        """Make the forecasts of a campaign, unless those at hand are of this day and definition."""
        days = await self.days(board)
        campaign = board.definition.id
        if self._made.get(campaign) == (days.closed, days.version):
            return
        jobs = [job for code in board.select(levels=FORECAST_LEVELS) if (job := self._job(board, days, code))]
        jobs.sort(key=lambda job: FORECAST_LEVELS.index(board.definition.by_code[AreaCode(job.area)].level))
        self._forecasts[campaign] = await forecasts_of(jobs, shutdown) if jobs else {}
        self._made[campaign] = (days.closed, days.version)

    def _job(self, board: Board, days: Days, code: AreaCode) -> Job | None:
        now = self.pace(board, days, code)
        if now is None or now.remaining == 0:
            return None
        daily = days.daily.get(code, {})
        first = begun(daily, board.definition.starts_on)
        length = (days.closed - first).days + 1
        if length < FEWEST_DAYS:
            return None
        counts = [daily.get(date.fromordinal(first.toordinal() + n), 0) for n in range(length)]
        ahead = max(0, (board.definition.target_date - days.closed).days) + BEYOND
        # As many as the closed days had: those of the day that is open belong to the future.
        closed = sum(daily.values())
        return Job(area=code, daily=counts, enrolled=closed, target=now.target, last=days.closed, ahead=ahead)


def _upwards(board: Board, leaves: Mapping[AreaCode, Mapping[date, int]]) -> dict[AreaCode, dict[date, int]]:
    tree = AreaTree(board.definition)
    by_day: dict[date, dict[AreaCode, int]] = {}
    for area, daily in leaves.items():
        for day, people in daily.items():
            by_day.setdefault(day, {})[area] = people
    found: dict[AreaCode, dict[date, int]] = {}
    for day, counts in sorted(by_day.items()):
        for area, people in tree.sums(counts).items():
            if people:
                found.setdefault(area, {})[day] = people
    return found
