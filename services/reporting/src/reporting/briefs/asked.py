"""What a brief tells of opinions: the newest release, a line for each question; what is hidden says so."""

from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.campaign.definition import Names
from mitra_shared.ids import AreaCode
from mitra_shared.pages.words import Words, day
from reporting.briefs.words import apart, number, share_text
from reporting.domain.board import Board
from reporting.domain.days import day_of
from reporting.opinion_queries import opinions_answer
from reporting.storage.opinions import releases

MOST_QUESTIONS: Final = 4
MOST_ANSWERS: Final = 3


async def opinions_data(engine: AsyncEngine, board: Board, code: AreaCode, words: Words) -> dict[str, Any]:
    """`{line, questions: [{text, answer, hidden}]}`.

    Raises:
        sqlalchemy.exc.SQLAlchemyError, OSError: the database is away.
    """
    definition = board.definition
    rounds = {each.id: each for each in definition.rounds}
    async with engine.connect() as connection:
        made = [each for each in await releases(connection, definition.id) if each.round in rounds]
    if not made:
        return {"line": words("no_release" if rounds else "no_rounds"), "questions": []}
    newest = max(made, key=lambda each: (each.made_at, each.round))
    answer = await opinions_answer(engine, board, newest.round, code, release=newest.number)
    return {
        "line": words(
            "release",
            round=words.name(rounds[newest.round].name),
            number=number(newest.number),
            day=day(day_of(newest.made_at)),
        ),
        "questions": [_question(question, words) for question in answer["questions"][:MOST_QUESTIONS]],
    }


def _question(question: dict[str, Any], words: Words) -> dict[str, Any]:
    area = question["areas"][0]
    text = words.name(Names.model_validate(question["text"]))
    if area["answers"] is None:
        return {"text": text, "answer": words("hidden"), "hidden": True}
    if area["mean"] is not None:
        value = area["mean"]["value"]
        said = (
            words("mean_hidden")
            if value is None
            else words("mean", value=f"{value:.1f}", number=number(area["answered"]))
        )
        return {"text": text, "answer": said, "hidden": value is None}
    labels = {each["answer"]: words.name(Names.model_validate(each["label"])) for each in question["answers"]}
    most = sorted(area["answers"], key=lambda each: (-each["share"], each["answer"]))[:MOST_ANSWERS]
    said = " · ".join(apart(f"{labels[each['answer']]} {share_text(each['share'])}", words) for each in most)
    return {
        "text": text,
        "answer": f"{said} ({words('answers', number=number(area['answered']))})",
        "hidden": False,
    }
