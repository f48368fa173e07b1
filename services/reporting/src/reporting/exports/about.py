"""What is said about every table: of which campaign and area, as of when, how far behind, against what."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from mitra_shared.campaign.definition import Goal
from mitra_shared.campaign.numerals import indian
from mitra_shared.ids import AreaCode
from reporting.domain.board import Board
from reporting.domain.days import IST
from reporting.exports.table import About, Column, Row, Table, in_batches

GROSS: Final = (
    "Counts of people enrolled are gross: they only ever grow, whoever withdraws. Certificates issued and "
    "waitlisted follow from those decided and the quotas in force, as if nobody had withdrawn."
)
HIDDEN: Final = "A figure that is not shown is an empty cell; the column beside it says why."


def told_table(
    what: str,
    board: Board,
    freshness: Mapping[str, Any],
    *,
    within: AreaCode,
    columns: Sequence[Column],
    rows: Sequence[Row] | AsyncGenerator[Sequence[Row], None],
    most_rows: int | None = None,
    asked: Mapping[str, object],
    made_from: Mapping[str, object] = MappingProxyType({}),
) -> Table:
    """A table with everything that is to be said about it.

    Args:
        what: its name in the address, e.g. `areas`.
        board: the campaign.
        freshness: `queries.freshness` of the moment the rows are of.
        within: the topmost area in it.
        columns: its columns.
        rows: at hand, or as they come.
        most_rows: how many may come, where they are not at hand.
        asked: what it was narrowed to, by name of the parameter; in the name of the file.
        made_from: what else is to be said about it.
    """
    definition, as_of = board.definition, freshness["as_of"]
    area = definition.by_code[within]
    narrowed = _said(asked)
    if isinstance(rows, Sequence):
        batches, most_rows = in_batches(rows), len(rows)
    else:
        batches = rows
    assert most_rows is not None  # noqa: S101 - said with rows that come
    return Table(
        title=f"{definition.name.en}: {what}, {area.name.en}",
        file_name="-".join(
            [
                "mitra",
                definition.id,
                what,
                *narrowed.values(),
                within,
                f"{as_of.astimezone(IST):%Y%m%d-%H%M%S}",
            ]
        ),
        columns=columns,
        batches=batches,
        most_rows=most_rows,
        about=_about(what, board, freshness, within, narrowed | _said(made_from)),
        as_of=as_of,
    )


def _said(values: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items() if value is not None}


def _about(
    what: str, board: Board, freshness: Mapping[str, Any], within: AreaCode, narrowed: Mapping[str, str]
) -> About:
    definition, lag = board.definition, freshness["lag"]
    behind = "unknown" if lag["events"] is None else str(lag["events"])
    told = {
        "export": what,
        "campaign": definition.id,
        "campaign_name": definition.name.en,
        "definition": str(definition.version),
        "within": within,
        "within_name": definition.by_code[within].name.en,
        **narrowed,
        "as_of": freshness["as_of"].astimezone(IST).isoformat(),
        "version": str(freshness["version"]),
        "lag_events": behind,
        "lag_seconds": "" if lag["seconds"] is None else str(lag["seconds"]),
        "lag_reason": lag["reason"] or "",
        "trouble": freshness["trouble"] or "",
        "positions": positions_text(freshness["positions"]),
        "readings": "; ".join(_reading(board, goal) for goal in definition.goals if goal.active),
        "gross": GROSS,
        "hidden": HIDDEN,
    }
    return tuple(told.items())


def positions_text(positions: Mapping[str, Mapping[str, str]]) -> str:
    """Places of the logs as `at_least` takes them, with blanks between."""
    return " ".join(
        f"{topic}.{n}:{at}" for topic, of_topic in positions.items() for n, at in of_topic.items()
    )


def _reading(board: Board, goal: Goal) -> str:
    where = f"each {goal.level}" if goal.area is None else board.definition.by_code[goal.area].name.en
    return f"{indian(goal.number)} {goal.metric} in {where} ({goal.source})"
