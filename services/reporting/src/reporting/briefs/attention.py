"""What a brief tells to look at: who falls behind, what is unusual, where many wait. No staff by name."""

from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.campaign.definition import Level
from mitra_shared.ids import AreaCode
from mitra_shared.pages.words import Words, day
from reporting.briefs.words import area_name, number, pace_text
from reporting.domain.board import Board
from reporting.domain.pace import Standing
from reporting.domain.unusual import Kind
from reporting.pace_queries import flags_answer, pace_answer
from reporting.pacing import Pacing

MOST_BEHIND: Final = 3
MOST_UNUSUAL: Final = 2
MOST_WAITING: Final = 2
_BELOW: Final = {
    Level.NATION: Level.CONSTITUENCY,
    Level.STATE: Level.CONSTITUENCY,
    Level.CONSTITUENCY: Level.SEGMENT,
}


async def attention(
    engine: AsyncEngine, pacing: Pacing, board: Board, code: AreaCode, words: Words
) -> list[str]:
    """A few lines, the most pressing first.

    Raises:
        sqlalchemy.exc.SQLAlchemyError, OSError: the database is away.
    """
    level = _BELOW[board.definition.by_code[code].level]
    codes = board.select(levels=(level,), within=code)
    behind = [
        words(
            "look_behind",
            area=_name(board, each["area"], words),
            present=pace_text(each["present_per_day"]),
            needed=pace_text(each["needed_per_day"]),
        )
        for each in (await pace_answer(pacing, board, codes))["areas"]
        if each["standing"] in (Standing.BEHIND, Standing.OVERDUE)
    ]
    fallen = len(behind)
    flags = await flags_answer(engine, pacing, board, code, names_staff=False)
    unusual = [_flag(board, each, words) for each in flags["areas"]]
    busy = sum(flags["busy_hours"].values())
    if busy:
        unusual.append(words("look_busy", number=number(busy)))
    if len(behind) > MOST_BEHIND:
        behind[MOST_BEHIND:] = []
        behind.insert(0, words("look_behind_many", number=number(fallen)))
    if len(unusual) > MOST_UNUSUAL:
        unusual[MOST_UNUSUAL:] = [words("look_unusual_more", number=number(len(unusual) - MOST_UNUSUAL))]
    return [*behind, *unusual, *_waiting(board, codes, words)]


def _name(board: Board, code: AreaCode, words: Words) -> str:
    return area_name(board.definition.by_code[code], words)


def _flag(board: Board, flag: dict[str, Any], words: Words) -> str:
    area = _name(board, flag["area"], words)
    if flag["kind"] is Kind.FLAT_WEEK:
        return words("look_flat", area=area)
    people, usual = number(flag["people"]), number(round(flag["usual"]))
    return words("look_jump", area=area, people=people, usual=usual, day=day(flag["day"]))


def _waiting(board: Board, codes: tuple[AreaCode, ...], words: Words) -> list[str]:
    waiting = sorted(
        ((board.rollup(each).counts.certificates_waitlisted, each) for each in codes),
        key=lambda one: (-one[0], one[1]),
    )
    return [
        words("look_waiting", area=_name(board, each, words), number=number(count))
        for count, each in waiting[:MOST_WAITING]
        if count
    ]
