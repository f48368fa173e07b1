"""The table of released opinions: one row for each question, area and answer; a hidden area is one row."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from reporting.domain.board import Board
from reporting.exports.areas import NAMED
from reporting.exports.table import Column, Kind, Row

COLUMNS: Final = (
    Column("round", "Round", Kind.TEXT),
    Column("release", "Release"),
    Column("question", "Question", Kind.TEXT),
    Column("question_kind", "Kind", Kind.TEXT),
    Column("question_en", "Question as asked", Kind.TEXT),
    *NAMED,
    Column("answer", "Answer", Kind.TEXT),
    Column("answer_en", "Answer as given", Kind.TEXT),
    Column("count", "Answers"),
    Column("share", "Share", Kind.SHARE),
    Column("answered", "Sheets that answer"),
    Column("why_hidden", "Why hidden", Kind.TEXT),
    Column("mean", "Mean", Kind.NUMBER),
    Column("mean_why_hidden", "Mean: why hidden", Kind.TEXT),
)


def opinion_rows(board: Board, answer: Mapping[str, Any]) -> list[Row]:
    """The answers of `opinion_queries.opinions_answer`."""
    return [tuple(flat[column.name] for column in COLUMNS) for flat in _flat(board, answer)]


def _flat(board: Board, answer: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    release = answer["release"]["number"] if answer["release"] else None
    for question in answer["questions"]:
        labels = {each["answer"]: each["label"] for each in question["answers"]}
        for area in question["areas"]:
            mean = area["mean"] or {"value": None, "reason": None}
            shared = {
                "round": answer["round"],
                "release": release,
                "question": question["question"],
                "question_kind": question["kind"],
                "question_en": question["text"]["en"],
                "area": area["area"],
                "level": area["level"],
                "name_en": board.definition.by_code[area["area"]].name.en,
                "answered": area["answered"],
                "why_hidden": area["reason"],
                "mean": mean["value"],
                "mean_why_hidden": mean["reason"],
            }
            if area["answers"] is None:
                yield {**shared, **dict.fromkeys(("answer", "answer_en", "count", "share"))}
            for each in area["answers"] or ():
                label = labels[each["answer"]]
                yield {**shared, **each, "answer_en": label["en"] if label else None}
