"""The table of days: the figures that may be shown of each day and area, each with why it is hidden."""

from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.campaign.definition import Level
from mitra_shared.ids import AreaCode
from reporting.domain.board import Board
from reporting.domain.cells import OF_SCHEMES, TOPIC_PREFIX
from reporting.exports.areas import NAMED
from reporting.exports.table import Column, Kind, Row
from reporting.queries import day_document, disclosed_days

READ_TOGETHER: Final = 7
"""Days that are in memory at a time."""
HEADINGS: Final = {
    "enrolled": "Enrolled (gross)",
    "withdrawn": "Withdrawn",
    "beneficiaries": "Beneficiaries",
    "admirers": "Admirers",
    "certificates_promoted": "Issued from the waitlist",
    "certificates_revoked": "Certificates revoked",
    "opinions": "Opinions let out",
}
FIELDWORK: Final = {
    "contacts_attempted": "Contacts attempted",
    "contacts_reached": "People reached",
    "meetings_held": "Meetings of outreach",
    "people_met": "People met",
    "programmes_attendance": "Attendance of programmes",
}
BY_CODE: Final = {
    "scheme": ("schemes", "Scheme"),
    "scheme_added": ("schemes_added", "Scheme added by correction"),
    "scheme_removed": ("schemes_removed", "Scheme removed by correction"),
    "topic": ("topics", "Topic of programmes"),
}
"""Beginnings of the names of columns, each with the field of the day and the heading."""
NONE_COUNTED: Final = "nobody was counted anywhere that day"
_HEAD: Final = (Column("day", "Day", Kind.DAY), *NAMED, Column("closed", "Closed", Kind.TRUTH))


def day_columns(board: Board, level: Level) -> tuple[Column, ...]:
    """The columns; topics and schemes are shown for constituencies and above only, so segments have none."""
    definition, has_codes = board.definition, level is not Level.SEGMENT
    schemes = {scheme.code: scheme.name.en for scheme in definition.schemes if has_codes}
    topics = {topic.id: topic.name.en for topic in definition.topics if has_codes}
    # New columns come at the end, so that the places of older ones stay.
    figures = [
        *HEADINGS.items(),
        *_coded(("scheme", "scheme_added", "scheme_removed"), schemes),
        *FIELDWORK.items(),
        *_coded(("topic",), topics),
    ]
    return (
        *_HEAD,
        *(
            column
            for name, heading in figures
            for column in (
                Column(name, heading),
                Column(f"{name}_why_hidden", f"{heading}: why hidden", Kind.TEXT),
            )
        ),
    )


def _coded(beginnings: Sequence[str], named: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Names and headings of the columns of each code."""
    for of in beginnings:
        for code, name in named.items():
            yield f"{of}_{code}", f"{BY_CODE[of][1]}: {name}"


async def day_batches(
    engine: AsyncEngine,
    board: Board,
    codes: Sequence[AreaCode],
    days: Iterable[date],
    *,
    now: datetime,
    columns: Sequence[Column],
) -> AsyncGenerator[Sequence[Row], None]:
    """The rows of one day after the other, oldest first.

    Raises:
        sqlalchemy.exc.SQLAlchemyError, OSError: the database is away.
    """
    figure_names = [column.name for column in columns[len(_HEAD) :: 2]]
    has_codes = any(name.startswith(("scheme_", "topic_")) for name in figure_names)
    async for day, closed, every_figure in disclosed_days(
        engine, board, days, now=now, together=READ_TOGETHER
    ):
        figures = {
            metric: of
            for metric, of in every_figure.items()
            if has_codes or not metric.startswith((*OF_SCHEMES, TOPIC_PREFIX))
        }
        yield [
            _row(
                board,
                code,
                day_document(day, {metric: of[code] for metric, of in figures.items()}, closed=closed),
                figure_names,
            )
            for code in codes
        ]


def _row(board: Board, code: AreaCode, shown: dict[str, Any], figure_names: Sequence[str]) -> Row:
    area = board.definition.by_code[code]
    cells: list[Any] = [shown["day"], code, area.level, area.name.en, shown["closed"]]
    for name in figure_names:
        figure = shown[name] if name in shown else _by_code(shown, name)
        cells += [figure["value"], figure["reason"]] if figure else [None, NONE_COUNTED]
    return tuple(cells)


def _by_code(shown: dict[str, Any], name: str) -> dict[str, Any] | None:
    """The figure of a column; the code of a topic or scheme has no underscore."""
    of, _, code = name.rpartition("_")
    found: dict[str, Any] | None = shown[BY_CODE[of][0]].get(code)
    return found
