"""What can be read of opinions: the rounds with their releases, and the released answers of areas."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.campaign.definition import CampaignDefinition, Level, Question, Round
from mitra_shared.ids import AreaCode
from reporting.domain.board import Board
from reporting.domain.cells import ANSWERED
from reporting.domain.disclosure import AreaTree
from reporting.domain.releases import BASE, FEWEST_ANSWERS, FEWEST_FOR_MEAN, FEWEST_OTHERS
from reporting.storage.opinions import Released, releases, shown_answers

Document = dict[str, Any]

NOT_RELEASED: Final = f"fewer than {FEWEST_ANSWERS} new answers, or too much alike"
"""One reason for both: to say which would tell what a small group thinks."""
TOO_FEW_FOR_MEAN: Final = f"a mean needs {FEWEST_FOR_MEAN} answers"
SCALE: Final = ("1", "2", "3", "4", "5")


class UnknownRound(Exception):
    """The campaign has no such round."""


class UnknownQuestion(Exception):
    """The round has no such question."""


class UnknownRelease(Exception):
    """The round has no such release (yet)."""


async def rounds_answer(engine: AsyncEngine, board: Board) -> Document:
    """`opinion_schemas.RoundsAnswer`."""
    definition = board.definition
    async with engine.connect() as connection:
        made = await releases(connection, definition.id)
    return {
        "campaign": definition.id,
        "rules": {
            "fewest_answers": FEWEST_ANSWERS,
            "fewest_others": FEWEST_OTHERS,
            "fewest_for_mean": FEWEST_FOR_MEAN,
            "rounded_to": BASE,
        },
        "rounds": [_round(each, [r for r in made if r.round == each.id]) for each in definition.rounds],
    }


def _round(opinion_round: Round, made: list[Released]) -> Document:
    return {
        "round": opinion_round.id,
        "name": opinion_round.name.model_dump(),
        "opens_on": opinion_round.opens_on,
        "closes_on": opinion_round.closes_on,
        "questions": [_asked(question) for question in opinion_round.questions],
        "releases": [_release(each) for each in made],
    }


def _release(made: Released) -> Document:
    return {"number": made.number, "made_at": made.made_at, "closing": made.closing}


def _asked(question: Question) -> Document:
    return {
        "question": question.id,
        "kind": question.kind,
        "text": question.text.model_dump(),
        "answers": [{"answer": answer, "label": label} for answer, label in labels_of(question).items()],
    }


def labels_of(question: Question) -> dict[str, Document | None]:
    """Every answer a question allows with its label; the numbers of a scale need none."""
    if question.kind == "scale":
        return dict.fromkeys(SCALE)
    return {choice.id: choice.label.model_dump() for choice in question.choices}


async def opinions_answer(
    engine: AsyncEngine,
    board: Board,
    round_id: str,
    area: AreaCode,
    *,
    question: str | None = None,
    release: int | None = None,
    level: Level | None = None,
) -> Document:
    """`opinion_schemas.OpinionsAnswer`: the area and those directly below it, or all of a `level` within it.

    Raises:
        UnknownRound, UnknownQuestion, UnknownRelease: the message says what there is.
    """
    definition = board.definition
    asked = _questions(definition, round_id, question)
    async with engine.connect() as connection:
        made = [each for each in await releases(connection, definition.id) if each.round == round_id]
        newest = made[-1].number if made else 0
        if release is not None and not 1 <= release <= newest:
            raise UnknownRelease(f"1 to {newest}" if newest else "none has been made yet")
        upto = newest if release is None else release
        shown = await shown_answers(connection, definition.id, round_id, upto)
    tree = AreaTree(definition)
    below = tree.children[area] if level is None else board.select(levels=(level,), within=area)
    codes = list(dict.fromkeys([area, *below]))
    return {
        "campaign": definition.id,
        "round": round_id,
        "release": _release(made[upto - 1]) if upto else None,
        "area": area,
        "questions": [
            {**_asked(each), "areas": released_figures(tree, each, codes, shown.get(each.id, {}))}
            for each in asked
        ],
    }


def _questions(definition: CampaignDefinition, round_id: str, question: str | None) -> list[Question]:
    found = next((each for each in definition.rounds if each.id == round_id), None)
    if found is None:
        raise UnknownRound(", ".join(each.id for each in definition.rounds) or "no round is planned")
    asked = [each for each in found.questions if question in (None, each.id)]
    if not asked:
        raise UnknownQuestion(", ".join(each.id for each in found.questions))
    return asked


def released_figures(
    tree: AreaTree, question: Question, codes: list[AreaCode], shown: Mapping[AreaCode, Mapping[str, int]]
) -> list[Document]:
    """`opinion_schemas.AreaOpinions` of each area, from what the blocks of each area itself show."""
    sums = {
        answer: tree.sums({code: answers.get(answer, 0) for code, answers in shown.items()})
        for answer in (ANSWERED, *labels_of(question))
    }
    has_block = tree.sums(dict.fromkeys(shown, 1))
    return [
        _figures(tree, question, code, {answer: of[code] for answer, of in sums.items()})
        if has_block[code]
        else {
            "area": code,
            "level": tree.level[code],
            "answered": None,
            "reason": NOT_RELEASED,
            "answers": None,
            "mean": None,
        }
        for code in codes
    ]


def _figures(tree: AreaTree, question: Question, code: AreaCode, sums: dict[str, int]) -> Document:
    given = {answer: count for answer, count in sums.items() if answer != ANSWERED}
    # Of one answer each, all of them are the sheets: so rounded counts and shares go together.
    answered = sums[ANSWERED] if question.kind == "multiple" else sum(given.values())
    return {
        "area": code,
        "level": tree.level[code],
        "answered": answered,
        "reason": None,
        "answers": [
            {
                "answer": answer,
                "count": count,
                "share": round(min(1.0, count / answered), 3) if answered else 0.0,
            }
            for answer, count in given.items()
        ],
        "mean": _mean(given, answered) if question.kind == "scale" else None,
    }


def _mean(given: Mapping[str, int], answered: int) -> Document:
    if answered < FEWEST_FOR_MEAN:
        return {"value": None, "reason": TOO_FEW_FOR_MEAN}
    return {
        "value": round(sum(int(answer) * count for answer, count in given.items()) / answered, 2),
        "reason": None,
    }
