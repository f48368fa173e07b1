"""The table of a brief: the areas directly below, ranked."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from mitra_shared.campaign.definition import Level
from mitra_shared.ids import AreaCode
from mitra_shared.pages.words import Words
from reporting.briefs.words import MARKS, number, share_text
from reporting.domain.board import Board, Rollup
from reporting.domain.disclosure import AreaTree
from reporting.domain.pace import Standing
from reporting.pacing import Days, Pacing
from reporting.queries import progress

MOST_ROWS: Final = 20
WEEK: Final = 7
_HEADINGS: Final = {Level.NATION: "states", Level.STATE: "constituencies", Level.CONSTITUENCY: "segments"}


async def ranking(
    pacing: Pacing, board: Board, code: AreaCode, words: Words, standings: Mapping[Standing, str]
) -> dict[str, Any]:
    """Headings and rows: by progress where every area has a target, else by people enrolled.

    Raises:
        sqlalchemy.exc.SQLAlchemyError, OSError: the database is away.
    """
    days = await pacing.days(board)
    parts = [board.rollup(part) for part in AreaTree(board.definition).children[code]]
    has_targets = bool(parts) and all(part.target for part in parts)
    rank = progress if has_targets else _people
    parts.sort(key=lambda part: (-rank(part), -part.counts.enrolled, part.area.code))
    of_all = max(1, board.rollup(code).counts.enrolled)
    columns = ["area", "progress" if has_targets else "share", "column_enrolled"]
    columns += ["column_target"] if has_targets else []
    columns += ["week", "column_issued", "column_places", "column_waiting"]
    columns += ["standing"] if has_targets else []
    return {
        "heading": words(_HEADINGS[board.definition.by_code[code].level]),
        "order": words("ranked" if has_targets else "ranked_enrolled"),
        "has_targets": has_targets,
        "columns": [words(column) for column in columns],
        "rows": [
            {
                "name": words.name(part.area.name),
                **_mark(part, words),
                **_share(part, of_all, has_targets=has_targets),
                "cells": _cells(part, days, has_targets=has_targets),
                "standing": _standing(pacing, board, days, part, words, standings) if has_targets else None,
            }
            for part in parts[:MOST_ROWS]
        ],
        "more": words("more_rows", number=number(len(parts) - MOST_ROWS)) if len(parts) > MOST_ROWS else None,
    }


def _people(part: Rollup) -> float:
    return float(part.counts.enrolled)


def _mark(part: Rollup, words: Words) -> dict[str, Any]:
    """Only a seat that was not named is marked: the mark is what sets it apart."""
    key = MARKS[part.area.evidence] if part.area.evidence else "named"
    return {"mark": None if key == "named" else key, "mark_label": words(key)}


def _share(part: Rollup, of_all: int, *, has_targets: bool) -> dict[str, Any]:
    share = max(0.0, progress(part)) if has_targets else part.counts.enrolled / of_all
    return {"share": share, "share_text": share_text(share)}


def _cells(part: Rollup, days: Days, *, has_targets: bool) -> list[str]:
    daily = days.daily.get(part.area.code, {})
    week = sum(daily.get(days.closed - timedelta(days=back), 0) for back in range(WEEK))
    target = [number(part.target.number)] if has_targets and part.target else []
    quota = part.quota.number if part.quota else None
    counts = part.counts
    waiting = counts.certificates_waitlisted
    return [
        number(counts.enrolled), *target, number(week), number(counts.certificates_issued), number(quota),
        number(waiting),
    ]  # fmt: skip


def _standing(
    pacing: Pacing,
    board: Board,
    days: Days,
    part: Rollup,
    words: Words,
    standings: Mapping[Standing, str],
) -> dict[str, str] | None:
    pace = pacing.pace(board, days, part.area.code)
    return (
        None if pace is None else {"key": standings[pace.standing], "label": words(standings[pace.standing])}
    )
