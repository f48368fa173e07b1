"""What can be read: answers made from the mirror, without asking the database, except for single days."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.campaign.definition import Level
from mitra_shared.ids import AreaCode
from reporting.domain.board import Board, Rollup
from reporting.domain.cells import ADDED_PREFIX, REMOVED_PREFIX, SCHEME_PREFIX, TOPIC_PREFIX, Counted
from reporting.domain.days import last_closed_day
from reporting.domain.disclosure import AreaTree, Figure, disclosed_day, disclosed_topics
from reporting.domain.goals import Aim
from reporting.lag import LagWatch, together
from reporting.mirror import Mirror
from reporting.storage.days import LeafCounts, read_days, read_topics
from reporting.storage.recruiters import Fieldwork

Document = dict[str, Any]
DayFigures = Mapping[str, Mapping[AreaCode, Figure]]
"""Figures of one day by metric and area."""


Moment = tuple[object, ...]
"""What an answer from the mirror depends on, but for the time that passes."""


def moment(mirror: Mirror, lag: LagWatch) -> Moment:
    """Answers of the same moment are the same, but for how long something has waited."""
    return mirror.turn, mirror.as_of, mirror.trouble, lag.looks


def freshness(mirror: Mirror, lag: LagWatch) -> Document:
    """`schemas.Freshness` of this moment."""
    positions: dict[str, dict[str, str]] = {}
    for (topic, partition), reached in sorted(mirror.positions.items()):
        positions.setdefault(topic, {})[str(partition)] = str(reached)
    behind = lag.behind(mirror.positions)
    return {
        "version": mirror.version,
        "as_of": mirror.as_of,
        "positions": positions,
        "lag": {
            **together(list(behind.values()))._asdict(),
            "topics": {topic: each._asdict() for topic, each in behind.items()},
        },
        "trouble": mirror.trouble,
    }


def rollup_document(rollup: Rollup) -> Document:
    """`schemas.RollupShown`."""
    area = rollup.area
    return {
        "area": area.code,
        "level": area.level,
        "parent": area.parent,
        "name": {"en": area.name.en, "hi": area.name.hi, "ur": area.name.ur},
        "evidence": area.evidence,
        **rollup.counts._asdict(),
        "target": _aim(rollup.target),
        "quota": _aim(rollup.quota),
        "version": rollup.version,
    }


def _aim(aim: Aim | None) -> Document | None:
    if aim is None:
        return None
    return {"number": aim.number, "level": aim.level, "source": aim.source, "parts": aim.parts}


def progress(rollup: Rollup) -> float:
    """Enrolled over target; below 0 where there is no target."""
    if rollup.target is None or rollup.target.number == 0:
        return -1.0
    return rollup.counts.enrolled / rollup.target.number


_SORT_KEYS: Final[Mapping[str, Callable[[Rollup], Any]]] = {
    "code": lambda rollup: rollup.area.code,
    "name": lambda rollup: rollup.area.name.en.casefold(),
    "enrolled": lambda rollup: rollup.counts.enrolled,
    "progress": progress,
    "issued": lambda rollup: rollup.counts.certificates_issued,
    "waitlisted": lambda rollup: rollup.counts.certificates_waitlisted,
    "opinions": lambda rollup: rollup.counts.opinions,
}


def sorted_rollups(board: Board, codes: Iterable[AreaCode], sort: str) -> list[Rollup]:
    """The areas in the order of `schemas.Sort`; equal ones by code."""
    rollups = sorted((board.rollup(code) for code in codes), key=_SORT_KEYS["code"])
    return sorted(rollups, key=_SORT_KEYS[sort.removeprefix("-")], reverse=sort.startswith("-"))


def rollups_answer(
    mirror: Mirror, lag: LagWatch, board: Board, *, level: Level, within: AreaCode, sort: str
) -> Document:
    """`schemas.RollupsAnswer`."""
    codes = board.select(levels=(level,), within=within)
    return {
        **freshness(mirror, lag),
        "campaign": board.definition.id,
        "definition": board.definition.version,
        "level": level,
        "within": within,
        "sort": sort,
        "readings": [goal.model_dump(mode="json") for goal in board.definition.goals],
        "unplaced": len(board.unplaced),
        "areas": [rollup_document(rollup) for rollup in sorted_rollups(board, codes, sort)],
    }


def rollup_answer(mirror: Mirror, lag: LagWatch, board: Board, code: AreaCode) -> Document:
    """`schemas.RollupAnswer`."""
    parts = [area.code for area in board.definition.areas if area.parent == code]
    return {
        **freshness(mirror, lag),
        "campaign": board.definition.id,
        "definition": board.definition.version,
        "readings": [goal.model_dump(mode="json") for goal in board.definition.goals],
        "rollup": rollup_document(board.rollup(code)),
        "parts": [rollup_document(board.rollup(part)) for part in parts],
    }


async def days_answer(
    engine: AsyncEngine,
    mirror: Mirror,
    lag: LagWatch,
    board: Board,
    code: AreaCode,
    *,
    days: Iterable[date],
    now: datetime,
) -> Document:
    """`schemas.DaysAnswer`: what may be shown of each day, seen at the aware instant `now`."""
    wanted = list(days)
    shown = [
        day_document(day, {metric: of[code] for metric, of in figures.items()}, closed=closed)
        async for day, closed, figures in disclosed_days(
            engine, board, wanted, now=now, together=max(1, len(wanted))
        )
    ]
    return {
        **freshness(mirror, lag),
        "campaign": board.definition.id,
        "area": code,
        "level": board.definition.by_code[code].level,
        "days": shown,
    }


async def disclosed_days(
    engine: AsyncEngine, board: Board, days: Iterable[date], *, now: datetime, together: int
) -> AsyncIterator[tuple[date, bool, DayFigures]]:
    """What may be shown of each day, and whether it is closed; `together` days are in memory at a time.

    Raises:
        sqlalchemy.exc.SQLAlchemyError, OSError: the database is away.
    """
    tree, closed_until, wanted = AreaTree(board.definition), last_closed_day(now), list(days)
    for start in range(0, len(wanted), together):
        async with engine.connect() as connection:
            counted = await read_days(connection, board.definition.id, wanted[start : start + together])
        for day, leaves in counted.items():
            closed = day <= closed_until
            # In a thread: it takes milliseconds, and a year has many days.
            yield day, closed, await asyncio.to_thread(disclosed_day, tree, leaves, closed=closed)


async def topics_shown(
    engine: AsyncEngine, board: Board, code: AreaCode, *, since: date, now: datetime
) -> dict[str, int]:
    """Beneficiaries who spoke about each topic in an area, on the closed days whose figure may be shown.

    Raises:
        sqlalchemy.exc.SQLAlchemyError, OSError: the database is away.
    """
    async with engine.connect() as connection:
        days = await read_topics(connection, board.definition.id, first=since, last=last_closed_day(now))
    return await asyncio.to_thread(_spoken, AreaTree(board.definition), days.values(), code)


def _spoken(tree: AreaTree, days: Iterable[LeafCounts], code: AreaCode) -> dict[str, int]:
    spoken: Counter[str] = Counter()
    for leaves in days:
        for metric, figures in disclosed_topics(tree, leaves, closed=True).items():
            spoken[metric.removeprefix(TOPIC_PREFIX)] += figures[code].value or 0
    return dict(spoken)


_DAY_FIELDS: Final = {
    "enrolled": Counted.ENROLLED,
    "withdrawn": Counted.WITHDRAWN,
    "beneficiaries": Counted.BENEFICIARIES,
    "admirers": Counted.ADMIRERS,
    "certificates_promoted": Counted.PROMOTED,
    "certificates_revoked": Counted.REVOKED,
    "opinions": Counted.OPINIONS,
    "contacts_attempted": Counted.ATTEMPTED,
    "contacts_reached": Counted.REACHED,
    "meetings_held": Counted.MEETINGS,
    "people_met": Counted.MET,
    "programmes_attendance": Counted.ATTENDANCE,
}


def day_document(day: date, figures: Mapping[str, Figure], *, closed: bool) -> Document:
    """`schemas.DayShown` of one area."""
    return {
        "day": day,
        "closed": closed,
        **{field: figures[str(metric)]._asdict() for field, metric in _DAY_FIELDS.items()},
        "topics": _by_code(figures, TOPIC_PREFIX),
        "schemes": _by_code(figures, SCHEME_PREFIX),
        "schemes_added": _by_code(figures, ADDED_PREFIX),
        "schemes_removed": _by_code(figures, REMOVED_PREFIX),
    }


def _by_code(figures: Mapping[str, Figure], prefix: str) -> Document:
    return {
        metric.removeprefix(prefix): figure._asdict()
        for metric, figure in figures.items()
        if metric.startswith(prefix)
    }


def fieldwork_document(done: Fieldwork | None) -> dict[str, int]:
    """`schemas.FieldworkShown`; never below 0, as a correction leaves it whose report was put away."""
    done = done or Fieldwork()
    return {
        "contacts_attempted": done.attempted,
        "contacts_reached": done.reached,
        "meetings_held": max(0, done.meetings),
        "people_met": max(0, done.met),
    }
