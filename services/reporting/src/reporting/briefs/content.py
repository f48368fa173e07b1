"""What a brief says: the area's figures, from the queries of the JSON answers, as people write them."""

from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.campaign.definition import Area, Evidence, Goal, Level
from mitra_shared.ids import AreaCode
from mitra_shared.pages.words import Words, day
from reporting.briefs.asked import opinions_data
from reporting.briefs.attention import attention
from reporting.briefs.ranking import ranking
from reporting.briefs.words import MARKS, number, pace_text, share_text, time_text
from reporting.domain.board import Board, Rollup
from reporting.domain.days import IST
from reporting.domain.pace import Standing
from reporting.drawing.trend import BandDay, Trend, trend_svg
from reporting.lag import LagWatch
from reporting.mirror import Mirror
from reporting.pace_queries import area_pace_answer
from reporting.pacing import Pacing
from reporting.queries import freshness, progress

BRIEF_LEVELS: Final = (Level.NATION, Level.STATE, Level.CONSTITUENCY)
STANDINGS: Final = {
    Standing.REACHED: "reached",
    Standing.AHEAD: "ahead",
    Standing.ON_COURSE: "on_course",
    Standing.BEHIND: "falling_behind",
    Standing.OVERDUE: "overdue",
    Standing.TOO_EARLY: "too_early",
}
"""Key of the word for each."""
_LABELS: Final = (
    "brief", "enrolled", "pace", "needed", "present", "forecast", "certificates", "issued", "waitlisted",
    "trend", "trend_key", "no_days", "look_at", "look_nothing", "opinions", "programmes",
)  # fmt: skip

TREND_LETTERS: Final = 15

Data = dict[str, Any]


class Sources(NamedTuple):
    """Where figures are read from."""

    engine: AsyncEngine
    mirror: Mirror
    lag: LagWatch
    pacing: Pacing
    board: Board


async def brief_data(sources: Sources, code: AreaCode, words: Words) -> Data:
    """Everything on the brief of an area of `BRIEF_LEVELS`, as the template takes it.

    Raises:
        sqlalchemy.exc.SQLAlchemyError, OSError: the database is away.
    """
    board, definition = sources.board, sources.board.definition
    told = freshness(sources.mirror, sources.lag)
    rollup = board.rollup(code)
    paced = await area_pace_answer(sources.pacing, board, code)
    as_of = told["as_of"].astimezone(IST)
    today = day(as_of.date())
    campaign, name = words.name(definition.name), words.name(rollup.area.name)
    return {
        "language": words.language,
        "title": words("title", campaign=campaign, area=name, day=today),
        "date": [as_of.year, as_of.month, as_of.day],
        "said": {label: words(label) for label in _LABELS},
        "campaign": campaign,
        "name": name,
        "kind": _kind(board, rollup.area, words),
        "evidence": _evidence(board, rollup.area, words),
        "made_on": today,
        "as_of": words("as_of", time=time_text(told["as_of"])),
        "behind": _behind(told["lag"]["events"], words),
        "trouble": words("figures_old", why=told["trouble"]) if told["trouble"] else None,
        "enrolled": _enrolled(rollup, paced, words),
        "pace": _pace(paced, words),
        "forecast": _forecast(paced, words),
        "certificates": _certificates(rollup, words),
        "programmes": [
            {"label": words(label), "number": number(count)}
            for label, count in (
                ("held", rollup.counts.programmes_held),
                ("presented", rollup.counts.programmes_presented),
                ("beneficiaries", rollup.counts.programmes_beneficiaries),
            )
        ],
        "trend": _trend(rollup, paced, words),
        "table": await ranking(sources.pacing, board, code, words, STANDINGS),
        "look": await attention(sources.engine, sources.pacing, board, code, words),
        "opinions": await opinions_data(sources.engine, board, code, words),
        "readings": words(
            "readings",
            readings="; ".join(_reading(board, each, words) for each in definition.goals if each.active),
        ),
        "gross": words("gross_note"),
    }


def _kind(board: Board, area: Area, words: Words) -> str:
    if area.level is Level.CONSTITUENCY:
        return words("in_state", state=words.name(board.definition.ancestor(area.code, Level.STATE).name))
    return words(area.level)


def _evidence(board: Board, area: Area, words: Words) -> Data:
    """The mark of the seat, or how many seats have which."""
    if area.evidence is not None:
        key = MARKS[area.evidence]
        return {"mark": key, "label": words(key), "note": words(f"{key}_note")}
    seats = board.select(levels=(Level.CONSTITUENCY,), within=area.code)
    marks = [board.definition.by_code[seat].evidence for seat in seats]
    counts = {MARKS[mark]: number(marks.count(mark)) for mark in Evidence}
    return {"mark": None, "label": None, "note": words("seats_by_evidence", **counts)}


def _behind(events: int | None, words: Words) -> str | None:
    if events == 0:
        return None
    return words("lag_unknown") if events is None else words("behind", number=number(events))


def _enrolled(rollup: Rollup, paced: Data, words: Words) -> Data:
    share = progress(rollup)
    pace = paced["pace"]
    if rollup.target is None or pace is None:
        return {
            "number": number(rollup.counts.enrolled),
            "share": None,
            "target": words("no_target"),
            "left": "",
        }
    left = words(
        "remaining" if pace["days_left"] else "over",
        number=number(pace["remaining"]),
        days=number(pace["days_left"]),
        day=day(paced["target_date"]),
    )
    return {
        "number": number(rollup.counts.enrolled),
        "share": max(0.0, share),
        "target": words("of_target", share=share_text(max(0.0, share)), number=number(rollup.target.number)),
        "left": words("reached") if pace["remaining"] == 0 else left,
    }


def _pace(paced: Data, words: Words) -> Data | None:
    pace = paced["pace"]
    if pace is None:
        return None
    key = STANDINGS[pace["standing"]]
    return {
        "needed": pace_text(pace["needed_per_day"]),
        "present": pace_text(pace["present_per_day"]),
        "standing": {"key": key, "label": words(key)},
    }


def _forecast(paced: Data, words: Words) -> Data:
    pace = paced["pace"]
    forecast = pace and pace["forecast"]
    if pace and pace["remaining"] == 0:
        return {"head": None, "detail": words("forecast_reached")}
    if not forecast or forecast["until"] is None:
        return {"head": None, "detail": words("forecast_none")}
    earliest, middle, latest = (forecast[name] for name in ("earliest", "middle", "latest"))
    never = words("forecast_never", until=day(forecast["until"]))
    return {
        "head": words("forecast_about", day=day(middle)) if middle else never,
        "detail": _interval(earliest, latest, never, words),
    }


def _interval(earliest: date | None, latest: date | None, never: str, words: Words) -> str:
    if earliest is None:
        return never
    if latest is None:
        return words("forecast_from", earliest=day(earliest))
    return words("forecast_range", earliest=day(earliest), latest=day(latest))


def _certificates(rollup: Rollup, words: Words) -> Data:
    counts, quota = rollup.counts, rollup.quota
    issued = counts.certificates_issued
    return {
        "issued": number(issued),
        "places": words("of_places", number=number(quota.number)) if quota else None,
        "share": issued / quota.number if quota and quota.number else None,
        "waitlisted": number(counts.certificates_waitlisted),
        "papers": [
            {
                "label": words(label),
                "number": number(count),
                "share": count / issued if count and issued else 0.0,
            }
            for label, count in (
                ("printed", counts.certificates_printed),
                ("dispatched", counts.certificates_dispatched),
                ("handed_over", counts.certificates_handed_over),
            )
        ],
    }


def _trend(rollup: Rollup, paced: Data, words: Words) -> Data | None:
    days = [(each["day"], each["enrolled"]) for each in paced["days"]]
    if not days:
        return None
    enrolled = number(sum(people for _, people in days))
    alt = words("trend_alt", closed=day(paced["closed"]), enrolled=enrolled)
    band = [BandDay(**point) for point in paced["band"]]
    target = rollup.target.number if rollup.target else None
    return {
        "picture": trend_svg(Trend(days, band, target, paced["target_date"]), alt, letters=TREND_LETTERS),
        "alt": alt,
    }


def _reading(board: Board, goal: Goal, words: Words) -> str:
    where = (
        words(f"where_{goal.level}")
        if goal.area is None
        else words("where_area", area=words.name(board.definition.by_code[goal.area].name))
    )
    metric = words(f"metric_{goal.metric}")
    return words("reading", number=number(goal.number), metric=metric, where=where)
