"""The area tree as written: `[areas]` and its three CSV files become `Area` values with their origins."""

import re
from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel

from mitra_shared.campaign.check.csv_rows import Row, Table, read_rows
from mitra_shared.campaign.check.fields import fitting_fields
from mitra_shared.campaign.check.mistakes import Findings
from mitra_shared.campaign.check.origins import RowOrigin, TomlOrigin
from mitra_shared.campaign.check.sources import Reader, named_text
from mitra_shared.campaign.check.tree import WrittenAreas
from mitra_shared.campaign.check.written import AreaFiles, ConstituencyRow, Nation, SegmentRow, StateRow
from mitra_shared.campaign.definition import Area, Level, Names, Tile
from mitra_shared.ids import AreaCode

Model = TypeVar("Model", bound=BaseModel)

_DIGITS = re.compile(r"[0-9]{1,9}")


def read_areas(
    raw: Mapping[str, object], origin: TomlOrigin, read: Reader, findings: Findings
) -> WrittenAreas:
    """Reads the nation and the files that `[areas]` names."""
    files = fitting_fields(AreaFiles, raw, origin, findings)
    found = WrittenAreas()
    top = _add_nation(found, files.get("nation"), origin)

    def table(key: str, model: type[Model], level: Level) -> Table[Model]:
        name = files.get(key)
        text = None if name is None else named_text(name, origin.place(key), read, findings)
        if name is None or text is None:
            found.unsure.add(level)
            return Table("")
        rows = read_rows(name, text, model, findings)
        if rows.whole:
            found.whole.add(level)
        if not rows.ended:
            found.unsure.add(level)
        return rows

    states = table("states", StateRow, Level.STATE)
    for row in states.rows:
        code = AreaCode(row.cells.get("code", "")) or None
        area = None if code is None or row.value is None else _state(code, top, row.value)
        found.add(Level.STATE, code, area, RowOrigin(states.file, row.line, {}))
    seats = table("constituencies", ConstituencyRow, Level.CONSTITUENCY)
    for seat in seats.rows:
        code = _code(seat, "PC", 2)
        area = None if code is None or seat.value is None else _constituency(code, seat.value)
        found.add(Level.CONSTITUENCY, code, area, RowOrigin(seats.file, seat.line, {"parent": "state"}))
    segments = table("segments", SegmentRow, Level.SEGMENT)
    for part in segments.rows:
        code = _code(part, "AC", 3)
        area = None if code is None or part.value is None else _segment(code, part.value)
        found.add(Level.SEGMENT, code, area, RowOrigin(segments.file, part.line, {"parent": "constituency"}))
    return found


def _add_nation(found: WrittenAreas, nation: Nation | None, origin: TomlOrigin) -> AreaCode:
    if nation is None:
        found.unsure.add(Level.NATION)
        return AreaCode("IN")
    names = Names.model_validate(nation.name.model_dump())
    area = Area(code=nation.code, level=Level.NATION, parent=None, name=names)
    found.add(Level.NATION, nation.code, area, origin.inside("nation"))
    found.whole.add(Level.NATION)
    return nation.code


def _code(row: Row[Model], kind: str, digits: int) -> AreaCode | None:
    """`S11` and `4` make `S11-PC04`; None where the cells do not tell."""
    state, number = row.cells.get("state"), row.cells.get("number", "")
    if not state or not _DIGITS.fullmatch(number):
        return None
    return AreaCode(f"{state}-{kind}{int(number):0{digits}}")


def _state(code: AreaCode, nation: AreaCode, row: StateRow) -> Area:
    return Area(code=code, level=Level.STATE, parent=nation, name=_names(row))


def _constituency(code: AreaCode, row: ConstituencyRow) -> Area:
    return Area(
        code=code,
        level=Level.CONSTITUENCY,
        parent=AreaCode(row.state),
        name=_names(row),
        number=row.number,
        evidence=row.evidence,
        tile=Tile(column=row.tile_column, row=row.tile_row),
    )


def _segment(code: AreaCode, row: SegmentRow) -> Area:
    return Area(
        code=code, level=Level.SEGMENT, parent=AreaCode(row.constituency), name=_names(row), number=row.number
    )


def _names(row: StateRow | ConstituencyRow | SegmentRow) -> Names:
    return Names(en=row.name_en, hi=row.name_hi, ur=row.name_ur)
