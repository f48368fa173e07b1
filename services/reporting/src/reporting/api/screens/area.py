"""The page of one area: counts, map, pace, what to look at, its parts, and its staff for who may see them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from mitra_shared.campaign.definition import Area, Evidence, Level, Names
from mitra_shared.campaign.numerals import indian
from mitra_shared.ids import AreaCode
from mitra_shared.pages.words import Words, day
from reporting.api.naming import names_of, with_names
from reporting.api.readers import Reader
from reporting.api.screens.at_hand import if_at_hand
from reporting.api.screens.tiles import tile_map
from reporting.api.screens.trail import trail
from reporting.domain.access import Sight
from reporting.domain.board import Board, Rollup
from reporting.domain.days import day_of
from reporting.drawing.trend import BandDay, Trend, trend_svg
from reporting.pace_queries import area_pace_answer, flags_answer, pace_answer
from reporting.queries import fieldwork_document, freshness, sorted_rollups, topics_shown
from reporting.storage.recruiters import RecruiterCounts, read_recruiters, together

LEADERS: Final = 10
"""Segments, or areas that are behind, that are listed."""
RECRUITER_DAYS: Final = 7
TOPIC_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Group:
    """Cards under one heading."""

    heading: Rollup
    cards: list[Rollup]


async def area_screen(reader: Reader, code: AreaCode, words: Words) -> dict[str, Any]:
    """What `area.html` is filled with.

    Raises:
        KeyError: not an area of the campaign.
    """
    state, board = reader.state, reader.board
    summary = board.rollup(code)
    groups = _groups(board, summary.area)
    pace = await if_at_hand(area_pace_answer(state.pacing, board, code))
    return {
        "summary": summary,
        "trail": trail(reader, code),
        "map": tile_map(board, code),
        "groups": groups,
        "leaders": _leaders(board, summary.area),
        "evidence": {
            mark: sum(card.area.evidence is mark for group in groups for card in group.cards)
            for mark in Evidence
        },
        "readings": board.definition.goals,
        "pace": pace,
        "trend": _trend(pace, words),
        "behind": await if_at_hand(_behind(reader, summary.area)),
        "flags": await if_at_hand(_flags(reader, code)),
        "recruiters": await if_at_hand(_recruiters(reader, code)) if Sight.STAFF in reader.sights else (),
        "round": next((one for one in board.definition.rounds if one.id == board.open_round), None),
        "topics": await if_at_hand(_topics(reader, summary.area)),
        "topic_days": TOPIC_DAYS,
        "stream": _stream(board, code, groups),
        "freshness": freshness(state.mirror, state.lag),
        "as_of": state.mirror.as_of,
    }


def _groups(board: Board, area: Area) -> list[Group]:
    """The parts of an area: constituencies by state for the nation, else what is directly below."""
    below = {Level.NATION: Level.CONSTITUENCY, Level.STATE: Level.CONSTITUENCY}.get(area.level, Level.SEGMENT)
    headings = board.select(levels=(Level.STATE,)) if area.level is Level.NATION else (area.code,)
    groups = [
        Group(board.rollup(head), [board.rollup(part) for part in board.select(levels=(below,), within=head)])
        for head in headings
    ]
    return [] if area.level is Level.SEGMENT else groups


def _leaders(board: Board, area: Area) -> list[Rollup]:
    """The segments of a state with the most people; the parts of a constituency are segments anyway."""
    if area.level is not Level.STATE:
        return []
    return sorted_rollups(board, board.select(levels=(Level.SEGMENT,), within=area.code), "-enrolled")[
        :LEADERS
    ]


async def _behind(reader: Reader, area: Area) -> list[dict[str, Any]]:
    """The constituencies that fall behind most."""
    if area.level not in (Level.NATION, Level.STATE):
        return []
    codes = reader.board.select(levels=(Level.CONSTITUENCY,), within=area.code)
    answer = await pace_answer(reader.state.pacing, reader.board, codes)
    return [each for each in answer["areas"] if each["standing"] in ("behind", "overdue")][:LEADERS]


async def _flags(reader: Reader, code: AreaCode) -> dict[str, Any]:
    state, names_staff = reader.state, Sight.STAFF in reader.sights
    flags = await flags_answer(state.engine, state.pacing, reader.board, code, names_staff=names_staff)
    return await with_names(reader, flags)


@dataclass(frozen=True, slots=True)
class RecruiterLine:
    """One of the staff, by name or else by id, with people enrolled and field work of the last week."""

    counts: RecruiterCounts
    name: str
    week: int
    today: int
    fieldwork: Mapping[str, int]


async def _recruiters(reader: Reader, code: AreaCode) -> list[RecruiterLine]:
    """Whoever works in the area; most people first."""
    today = day_of(reader.state.now())
    first = today - timedelta(days=RECRUITER_DAYS - 1)
    segments = reader.board.select(levels=(Level.SEGMENT,), within=code)
    async with reader.state.engine.connect() as connection:
        counted = await read_recruiters(connection, reader.campaign, segments, first=first, last=today)
    counted.sort(key=lambda each: (-each.enrolled, each.recruiter))
    names = await names_of(reader, [each.recruiter for each in counted])
    return [
        RecruiterLine(
            each,
            names.get(each.recruiter, each.recruiter),
            sum(each.days.values()),
            each.days.get(today, 0),
            fieldwork_document(together(each.fieldwork_by_day.values())),
        )
        for each in counted
    ]


async def _topics(reader: Reader, area: Area) -> list[tuple[Names, int]]:
    """What beneficiaries spoke about in the last days; only days whose figure may be shown are added up.

    A sum over the others too would tell, from one day to the next, what was withheld.
    """
    definition = reader.board.definition
    if area.level is Level.SEGMENT or not definition.topics:
        return []
    now = reader.state.now()
    first = day_of(now) - timedelta(days=TOPIC_DAYS)
    spoken = await topics_shown(reader.state.engine, reader.board, area.code, since=first, now=now)
    lines = [(topic.name, spoken[topic.id]) for topic in definition.topics if spoken.get(topic.id)]
    return sorted(lines, key=lambda line: -line[1])


def _trend(pace: dict[str, Any] | None, words: Words) -> str | None:
    """The picture of the days; None before one has closed."""
    if pace is None or not pace["days"]:
        return None
    days: list[tuple[date, int]] = [(each["day"], each["enrolled"]) for each in pace["days"]]
    band = [BandDay(**point) for point in pace["band"]]
    target = pace["pace"]["target"] if pace["pace"] else None
    alt = words("trend_alt", closed=day(pace["closed"]), enrolled=indian(sum(people for _, people in days)))
    return trend_svg(Trend(days, band, target, pace["target_date"]), alt)


def _stream(board: Board, code: AreaCode, groups: list[Group]) -> str:
    """Where the page hears of what changes."""
    levels = {board.definition.by_code[code].level}
    levels |= {rollup.area.level for group in groups for rollup in (group.heading, *group.cards)}
    if board.definition.by_code[code].level is Level.STATE:
        levels.add(Level.SEGMENT)
    query = "".join(f"&level={level}" for level in Level if level in levels)
    return f"/v1/rollups/stream?campaign={board.definition.id}&parent={code}{query}"
