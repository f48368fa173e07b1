"""The area tree as written: `[areas]` and its three CSV files become `Area` values with their origins."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import BaseModel

from mitra_shared.campaign.check.csv_rows import Row, Table, read_rows
from mitra_shared.campaign.check.fields import fitting_fields
from mitra_shared.campaign.check.mistakes import Findings
from mitra_shared.campaign.check.origins import RowOrigin, TomlOrigin, Written
from mitra_shared.campaign.check.sources import Reader, named_text
from mitra_shared.campaign.check.written import AreaFiles, ConstituencyRow, Nation, SegmentRow, StateRow
from mitra_shared.campaign.definition import Area, Level, Names, Tile
from mitra_shared.ids import AreaCode

Model = TypeVar("Model", bound=BaseModel)

_DIGITS = re.compile(r"[0-9]{1,9}")


@dataclass(slots=True)
class WrittenAreas:
    """The areas that could be read, and what is known of those that could not.

    `doubtful` are codes that exist although their row has mistakes: naming one is not another mistake.
    `whole` are the levels of which nothing is missing, so that 'there is none' may be said of them.
    """

    areas: list[Written[Area]] = field(default_factory=list)
    doubtful: set[AreaCode] = field(default_factory=set)
    whole: set[Level] = field(default_factory=set)


def read_areas(
    raw: Mapping[str, object], origin: TomlOrigin, read: Reader, findings: Findings
) -> WrittenAreas:
    """Reads the nation and the files that `[areas]` names."""
    found = WrittenAreas()
    files = fitting_fields(AreaFiles, raw, origin, findings)
    nation: Nation | None = files.get("nation")
    if nation:
        names = Names.model_validate(nation.name.model_dump())
        area = Area(code=nation.code, level=Level.NATION, parent=None, name=names)
        found.areas.append(Written(area, origin.inside("nation")))
        found.whole.add(Level.NATION)
    top = nation.code if nation else AreaCode("IN")

    def table(key: str, model: type[Model], level: Level) -> Table[Model]:
        name = files.get(key)
        text = None if name is None else named_text(name, origin.place(key), read, findings)
        if name is None or text is None:
            return Table("", whole=False)
        rows = read_rows(name, text, model, findings)
        if rows.whole:
            found.whole.add(level)
        return rows

    states = table("states", StateRow, Level.STATE)
    for row in states.rows:
        code = AreaCode(row.cells.get("code", ""))
        _add(found, code, _state(code, top, row.value), RowOrigin(states.file, row.line, {}))
    constituencies = table("constituencies", ConstituencyRow, Level.CONSTITUENCY)
    for seat in constituencies.rows:
        code = _code(seat, "PC", 2)
        _add(
            found,
            code,
            _constituency(code, seat.value),
            RowOrigin(constituencies.file, seat.line, {"parent": "state"}),
        )
    segments = table("segments", SegmentRow, Level.SEGMENT)
    for part in segments.rows:
        code = _code(part, "AC", 3)
        _add(
            found,
            code,
            _segment(code, part.value),
            RowOrigin(segments.file, part.line, {"parent": "constituency"}),
        )
    return found


def _add(found: WrittenAreas, code: AreaCode, area: Area | None, origin: RowOrigin) -> None:
    if area is None:
        found.doubtful.add(code)
    else:
        found.areas.append(Written(area, origin))


def _code(row: Row[Model], kind: str, digits: int) -> AreaCode:
    """`S11` and `4` make `S11-PC04`; empty where the cells do not allow it."""
    number = row.cells.get("number", "")
    return AreaCode(
        f"{row.cells.get('state', '')}-{kind}{int(number):0{digits}}" if _DIGITS.fullmatch(number) else ""
    )


def _state(code: AreaCode, nation: AreaCode, row: StateRow | None) -> Area | None:
    return None if row is None else Area(code=code, level=Level.STATE, parent=nation, name=_names(row))


def _constituency(code: AreaCode, row: ConstituencyRow | None) -> Area | None:
    if row is None:
        return None
    return Area(
        code=code,
        level=Level.CONSTITUENCY,
        parent=AreaCode(row.state),
        name=_names(row),
        number=row.number,
        evidence=row.evidence,
        tile=Tile(column=row.tile_column, row=row.tile_row),
    )


def _segment(code: AreaCode, row: SegmentRow | None) -> Area | None:
    if row is None:
        return None
    return Area(
        code=code, level=Level.SEGMENT, parent=AreaCode(row.constituency), name=_names(row), number=row.number
    )


def _names(row: StateRow | ConstituencyRow | SegmentRow) -> Names:
    return Names(en=row.name_en, hi=row.name_hi, ur=row.name_ur)
