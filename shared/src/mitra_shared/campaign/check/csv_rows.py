"""A CSV file as rows that fit their model, each with its line."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import BaseModel

from mitra_shared.campaign.check.fields import fits, unknown_name
from mitra_shared.campaign.check.mistakes import Findings, Place
from mitra_shared.campaign.check.origins import RowOrigin

Model = TypeVar("Model", bound=BaseModel)

_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Row(Generic[Model]):
    """One row: its cells by column, and its value if they fit."""

    line: int
    cells: Mapping[str, str]
    value: Model | None


@dataclass(slots=True)
class Table(Generic[Model]):
    """The rows of a file.

    `whole` is False when something in it could not be understood, `ended` when not all of it could be read.
    """

    file: str
    rows: list[Row[Model]] = field(default_factory=list)
    whole: bool = True
    ended: bool = True


def read_rows(file: str, text: str, model: type[Model], findings: Findings) -> Table[Model]:
    """Reads the rows of `text` (first line: the names of the columns) and notes every mistake."""
    table = Table[Model](file)
    before = len(findings)
    records = _records(table, text, findings)
    line, header = next(records, (1, []))
    columns = [name.strip() for name in header]
    complete = _check_columns(Place(file, line, ""), columns, model, findings)
    for line, cells in records:
        if len(cells) != len(columns):
            findings.add(
                Place(file, line, ""),
                f"the row has {len(cells)} cells",
                f"{len(columns)}, one for each column (a comma inside a name needs quotes around the name)",
            )
        named = {name: cell.strip() for name, cell in zip(columns, cells, strict=False)}
        value = None
        if complete and len(cells) == len(columns):
            value = fits(model, _typed(model, named), RowOrigin(file, line, {}), findings)
        table.rows.append(Row(line, named, value))
    if complete and not table.rows:
        findings.add(
            Place(file, None, ""), "there are no rows", "at least one row below the names of the columns"
        )
    table.whole = len(findings) == before
    return table


def _records(table: Table[Model], text: str, findings: Findings) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            table.ended = False
            place = Place(table.file, line, "")
            findings.add(place, f"the row cannot be read: {error}", "close every quote in its own row")
            return
        if any(cell.strip() for cell in cells):
            yield line, cells


def _check_columns(place: Place, columns: list[str], model: type[BaseModel], findings: Findings) -> bool:
    known = list(model.model_fields)
    missing = [
        name for name, about in model.model_fields.items() if about.is_required() and name not in columns
    ]
    if missing and not set(columns) & set(known):
        findings.add(
            place, "the first line does not name the columns", f"{','.join(known)} (separated by commas)"
        )
        return False
    for name, times in Counter(columns).items():
        at = Place(place.file, place.line, name)
        if times > 1:
            findings.add(at, f"the column {name!r} is there {times} times", "each column once")
        elif name not in known:
            wrong, right = unknown_name(name, [c for c in known if c not in columns] or known, kind="column")
            findings.add(at, wrong, right)
    for name in missing:
        findings.add(Place(place.file, place.line, name), f"the column {name!r} is missing", f"add {name!r}")
    return not missing


def _typed(model: type[BaseModel], cells: Mapping[str, str]) -> dict[str, str | int]:
    """Cells that fit the columns; empty ones are absent, and whole numbers are numbers where wanted."""
    typed: dict[str, str | int] = {}
    for name, about in model.model_fields.items():
        cell = cells.get(name, "")
        if about.annotation is int and _WHOLE_NUMBER.fullmatch(cell):
            typed[name] = int(cell)
        elif cell:
            typed[name] = cell
    return typed
