"""The tables of pace and of flags."""

from collections.abc import Mapping
from typing import Any, Final

from reporting.domain.board import Board
from reporting.exports.areas import NAMED
from reporting.exports.table import Column, Kind, Row

PACE_COLUMNS: Final = (
    *NAMED,
    Column("target", "Target"),
    Column("enrolled", "Enrolled (gross)"),
    Column("remaining", "Remaining"),
    Column("days_left", "Days left"),
    Column("needed_per_day", "Needed a day", Kind.NUMBER),
    Column("present_per_day", "Present a day", Kind.NUMBER),
    Column("standing", "Standing", Kind.TEXT),
    Column("straight_on", "Reached if the present pace goes on", Kind.DAY),
    Column("forecast_earliest", "Forecast: earliest", Kind.DAY),
    Column("forecast_middle", "Forecast: middle", Kind.DAY),
    Column("forecast_latest", "Forecast: latest", Kind.DAY),
    Column("forecast_until", "Forecast: looks ahead until", Kind.DAY),
    Column("forecast_why_none", "Why there is no forecast", Kind.TEXT),
)
FLAG_COLUMNS: Final = (
    Column("kind", "What", Kind.TEXT),
    *NAMED,
    Column("day", "Day", Kind.DAY),
    Column("people", "People"),
    Column("usual", "Usual", Kind.NUMBER),
    Column("recruiter", "Recruiter", Kind.TEXT),
    Column("name", "Name of the recruiter", Kind.TEXT),
    Column("hour", "Hour (IST)"),
)
BUSY_HOURS: Final = "busy hours of recruiters"
"""What those see who do not see staff by name: how many there were in a constituency."""


def pace_rows(answer: Mapping[str, Any]) -> list[Row]:
    """The areas of `pace_queries.pace_answer`."""
    rows: list[Row] = []
    for area in answer["areas"]:
        forecast = {f"forecast_{name}": value for name, value in area["forecast"].items()}
        flat = {
            **area,
            "name_en": area["name"]["en"],
            **forecast,
            "forecast_why_none": forecast["forecast_reason"],
        }
        rows.append(tuple(flat[column.name] for column in PACE_COLUMNS))
    return rows


def flag_rows(board: Board, answer: Mapping[str, Any]) -> list[Row]:
    """The flags of `pace_queries.flags_answer`; with numbers of busy hours where it names no staff."""
    flags: list[dict[str, Any]] = [*answer["areas"], *(answer["recruiters"] or ())]
    if answer["recruiters"] is None:
        empty = dict.fromkeys(("day", "usual", "recruiter", "name", "hour"))
        flags += [
            {**empty, "kind": BUSY_HOURS, "area": area, "people": hours}
            for area, hours in answer["busy_hours"].items()
        ]
    rows: list[Row] = []
    for flag in flags:
        area = board.definition.by_code[flag["area"]]
        flat = {**flag, "level": area.level, "name_en": area.name.en}
        rows.append(tuple(flat[column.name] for column in FLAG_COLUMNS))
    return rows
