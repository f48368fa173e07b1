"""What goes to the forecasting process and comes back, one JSON object a line."""

from datetime import date
from typing import Final

from pydantic import BaseModel, ConfigDict

READY: Final = b"ready"
"""The first line of the process: it has imported what it needs."""
FEWEST_DAYS: Final = 14
"""An area with fewer closed days has no forecast."""


class Wire(BaseModel):
    """A line."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Job(Wire):
    """An area: people enrolled on each closed day, oldest first, until `last`."""

    area: str
    daily: list[int]
    enrolled: int
    target: int
    last: date
    ahead: int
    """Days to look ahead."""


class BandPoint(Wire):
    """How many are enrolled by a day: as many or fewer in a tenth, a half and nine tenths of the futures."""

    day: date
    low: int
    middle: int
    high: int


class Forecast(Wire):
    """When the target is reached, of 80 futures in 100 `earliest` to `latest`; None: not by `until`."""

    area: str
    days_used: int
    until: date
    earliest: date | None
    middle: date | None
    latest: date | None
    band: list[BandPoint]
