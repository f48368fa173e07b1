"""The page of released opinions: one round, question by question, for an area and its parts."""

from typing import Any

from mitra_shared.ids import AreaCode
from reporting.api.readers import Reader
from reporting.api.screens.at_hand import if_at_hand
from reporting.api.screens.trail import trail
from reporting.domain.days import day_of
from reporting.opinion_queries import opinions_answer, rounds_answer
from reporting.queries import freshness


async def opinions_screen(
    reader: Reader, code: AreaCode, round_id: str | None, release: int | None
) -> dict[str, Any]:
    """What `opinions.html` is filled with. Without a round: the newest that has begun.

    Raises:
        UnknownRound, UnknownRelease: the message says what there is.
    """
    state, board = reader.state, reader.board
    rounds = board.definition.rounds
    if round_id is None and rounds:
        today = day_of(state.now())
        begun = [each for each in rounds if each.opens_on <= today] or [rounds[0]]
        round_id = max(begun, key=lambda each: each.opens_on).id
    shown = known = None
    if round_id is not None:
        known = await if_at_hand(rounds_answer(state.engine, board))
        shown = await if_at_hand(opinions_answer(state.engine, board, round_id, code, release=release))
    parts = [part for part in board.definition.areas if part.parent == code]
    return {
        "summary": board.rollup(code),
        "trail": trail(reader, code),
        "names": {area.code: area.name for area in (board.definition.by_code[code], *parts)},
        "rounds": rounds,
        "round": round_id,
        "releases": [] if known is None else _releases(known, round_id),
        "shown": shown,
        "freshness": freshness(state.mirror, state.lag),
        "as_of": state.mirror.as_of,
    }


def _releases(known: dict[str, Any], round_id: str | None) -> list[dict[str, Any]]:
    return next((each["releases"][::-1] for each in known["rounds"] if each["round"] == round_id), [])
