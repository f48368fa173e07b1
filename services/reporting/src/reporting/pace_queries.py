"""What can be read of pace: areas against their targets, when they will be there, and what is unusual."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.campaign.definition import Level
from mitra_shared.ids import AreaCode
from reporting.domain.board import Board
from reporting.domain.pace import Pace, Standing, begun, straight_on
from reporting.domain.unusual import WEEKS, Flag, busy_hours, unusual_day
from reporting.forecast_wire import Forecast
from reporting.pacing import Days, Pacing
from reporting.storage.series import read_hours

Document = dict[str, Any]

FLAG_DAYS: Final = 14
"""Days back in which recruiters' hours are flagged."""
NOT_MADE: Final = "not computed yet"
TOO_FEW_DAYS: Final = "needs 14 closed days"
WORST_FIRST: Final = (
    Standing.OVERDUE,
    Standing.BEHIND,
    Standing.TOO_EARLY,
    Standing.ON_COURSE,
    Standing.AHEAD,
    Standing.REACHED,
)


async def pace_answer(pacing: Pacing, board: Board, codes: Iterable[AreaCode]) -> Document:
    """`pace_schemas.PaceAnswer` of those areas that have a target, the farthest behind first."""
    days = await pacing.days(board)
    shown = [document for code in codes if (document := _pace_of(pacing, board, days, code)) is not None]
    shown.sort(key=lambda one: (WORST_FIRST.index(one["standing"]), _share(one), one["area"]))
    return {**_about(pacing, board, days), "areas": shown}


def _share(shown: Document) -> float:
    """Present over needed pace."""
    needed, present = shown["needed_per_day"], shown["present_per_day"]
    return float(present or 0.0) / needed if needed else 0.0


async def area_pace_answer(pacing: Pacing, board: Board, code: AreaCode) -> Document:
    """`pace_schemas.AreaPaceAnswer`: with every closed day, and the band of the forecast."""
    days = await pacing.days(board)
    daily = days.daily.get(code, {})
    first = begun(daily, board.definition.starts_on)
    length = (days.closed - first).days + 1
    made = pacing.forecast(board.definition.id, code)
    return {
        **_about(pacing, board, days),
        "pace": _pace_of(pacing, board, days, code),
        "days": [
            {"day": day, "enrolled": daily.get(day, 0)}
            for day in (first + timedelta(days=n) for n in range(length))
        ],
        "band": [point.model_dump() for point in made.band] if made else [],
    }


def _about(pacing: Pacing, board: Board, days: Days) -> Document:
    return {
        "campaign": board.definition.id,
        "closed": days.closed,
        "target_date": board.definition.target_date,
        "forecasts_of": pacing.forecast_of(board.definition.id),
    }


def _pace_of(pacing: Pacing, board: Board, days: Days, code: AreaCode) -> Document | None:
    now = pacing.pace(board, days, code)
    if now is None:
        return None
    area = board.definition.by_code[code]
    return {
        "area": code,
        "level": area.level,
        "name": area.name.model_dump(),
        "target": now.target,
        "enrolled": now.enrolled,
        "remaining": now.remaining,
        "days_left": now.days_left,
        "needed_per_day": _rounded(now.needed),
        "present_per_day": _rounded(now.present),
        "standing": now.standing,
        "straight_on": straight_on(now, days.closed),
        "forecast": _forecast(pacing, board, days, code, now),
    }


def _rounded(pace: float | None) -> float | None:
    return None if pace is None else round(pace, 2)


def _forecast(pacing: Pacing, board: Board, days: Days, code: AreaCode, now: Pace) -> Document:
    made: Forecast | None = pacing.forecast(board.definition.id, code)
    if made is not None:
        return {
            "earliest": made.earliest,
            "middle": made.middle,
            "latest": made.latest,
            "until": made.until,
            "reason": None,
        }
    if now.remaining == 0:
        reason = "the target is reached"
    elif board.definition.by_code[code].level is Level.SEGMENT:
        reason = "made for constituencies and above only"
    else:
        reason = NOT_MADE if pacing.forecast_of(board.definition.id) != days.closed else TOO_FEW_DAYS
    return {"earliest": None, "middle": None, "latest": None, "until": None, "reason": reason}


async def flags_answer(
    engine: AsyncEngine, pacing: Pacing, board: Board, within: AreaCode, *, names_staff: bool
) -> Document:
    """`pace_schemas.FlagsAnswer`. Who a recruiter is, is told with `names_staff` only; others get numbers."""
    days = await pacing.days(board)
    codes = board.select(within=within)
    flags = [
        flag
        for code in codes
        if (daily := days.daily.get(code)) is not None
        and (
            flag := unusual_day(
                code, daily, begun=begun(daily, board.definition.starts_on), closed=days.closed
            )
        )
    ]
    segments = board.select(levels=(Level.SEGMENT,), within=within)
    async with engine.connect() as connection:
        hours = await read_hours(
            connection, board.definition.id, segments, days.closed - timedelta(days=FLAG_DAYS + WEEKS)
        )
    busy = list(busy_hours(hours, days.closed - timedelta(days=FLAG_DAYS)))
    return {
        **_about(pacing, board, days),
        "within": within,
        "areas": [_flag(flag) for flag in flags],
        "recruiters": [_flag(flag) for flag in busy] if names_staff else None,
        "busy_hours": _by_constituency(board, busy),
    }


def _flag(flag: Flag) -> Document:
    return {**flag._asdict(), "name": None}


def _by_constituency(board: Board, flags: Iterable[Flag]) -> dict[AreaCode, int]:
    numbers: dict[AreaCode, int] = {}
    for flag in flags:
        seat = board.definition.ancestor(flag.area, Level.CONSTITUENCY).code
        numbers[seat] = numbers.get(seat, 0) + 1
    return numbers
