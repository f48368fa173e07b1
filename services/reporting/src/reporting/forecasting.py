"""Forecasts: when an area reaches its target, with an interval. Run as a process of its own, for its library.

`python -m reporting.forecasting` reads one JSON job a line and answers one JSON forecast a line.

The method: structural time series (Harvey 1989; `UnobservedComponents` of statsmodels) of the square roots
of people a day, which evens out their spread. Two views of the future are given the same weight (a
combination of forecasts, Bates and Granger 1969): that the present level wanders on, and that it also has a
steady drift. From four weeks of days on each has a week's season. `PATHS` futures of each are simulated, with
the uncertainty of level and drift, and added up; the days on which they pass the target give the forecast.
docs/pace.md tells how well it does on campaigns whose end is known.
"""

import sys
import warnings
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from reporting.forecast_wire import FEWEST_DAYS, READY, BandPoint, Forecast, Job

SEASON_FROM: Final = 28
WEEK: Final = 7
LONGEST_HISTORY: Final = 182
"""Days that are learned from; what was before says little of now."""
LONGEST_AHEAD: Final = 1_100
PATHS: Final = 300
VIEWS: Final = ("local level", "local linear deterministic trend")
ITERATIONS: Final = 100
LOW, MIDDLE, HIGH = 0.1, 0.5, 0.9
BAND_POINTS: Final = 40


def forecast(job: Job) -> Forecast | None:
    """The forecast of an area; None where too few days are known.

    Raises:
        ValueError, numpy.linalg.LinAlgError: the library cannot fit these days.
    """
    daily = job.daily[-LONGEST_HISTORY:]
    if len(daily) < FEWEST_DAYS:
        return None
    ahead = min(max(job.ahead, WEEK), LONGEST_AHEAD)
    paths = job.enrolled + _futures(np.asarray(daily, dtype=float), ahead).cumsum(axis=0)
    reached = paths >= job.target
    # The number of the first day on which each future has passed the target; `ahead` where none has.
    crossing = np.where(reached.any(axis=0), reached.argmax(axis=0), ahead)
    earliest, middle, latest = (
        _day(job.last, float(np.quantile(crossing, share, method="nearest")), ahead)
        for share in (LOW, MIDDLE, HIGH)
    )
    low, half, high = np.quantile(paths, (LOW, MIDDLE, HIGH), axis=1)
    step = max(1, ahead // BAND_POINTS)
    return Forecast(
        area=job.area,
        days_used=len(daily),
        until=job.last + timedelta(days=ahead),
        earliest=earliest,
        middle=middle,
        latest=latest,
        band=[
            BandPoint(
                day=job.last + timedelta(days=at + 1),
                low=round(low[at]),
                middle=round(half[at]),
                high=round(high[at]),
            )
            for at in range(step - 1, ahead, step)
        ],
    )


def _day(last: date, crossing: float, ahead: int) -> date | None:
    return None if crossing >= ahead else last + timedelta(days=int(crossing) + 1)


Paths = npt.NDArray[np.float64]
"""Days by futures."""


def _futures(daily: npt.NDArray[np.float64], ahead: int) -> Paths:
    """People a day, of both views."""
    if daily.std() == 0:
        return np.full((ahead, PATHS), daily[-1])
    season = {"seasonal": WEEK, "stochastic_seasonal": False} if len(daily) >= SEASON_FROM else {}
    paths = []
    with warnings.catch_warnings():
        # Of fits that have not fully converged: their futures are as wide as their errors are.
        warnings.simplefilter("ignore")
        for view in VIEWS:
            fitted = _components()(np.sqrt(daily), level=view, **season).fit(disp=False, maxiter=ITERATIONS)
            rng = np.random.default_rng(len(daily))
            simulated = fitted.simulate(ahead, anchor="end", repetitions=PATHS, rng=rng)
            paths.append(np.asarray(simulated).reshape(ahead, PATHS))
    together: Paths = np.clip(np.concatenate(paths, axis=1), 0.0, None) ** 2
    return together


def _components() -> Any:
    """The model of the library, whose import takes seconds: only who fits something pays for it."""
    from statsmodels.tsa.statespace.structural import UnobservedComponents  # noqa: PLC0415

    return UnobservedComponents


def main() -> None:
    """Answer jobs until there are none. An area that cannot be forecast is answered with null."""
    _components()
    _say(READY.decode())
    for line in sys.stdin:
        job = Job.model_validate_json(line)
        try:
            made = forecast(job)
        except (ValueError, np.linalg.LinAlgError):
            made = None
        _say(made.model_dump_json() if made is not None else "null")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
