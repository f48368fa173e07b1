"""Is the area tree one tree? Codes, parents, states, tiles."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from mitra_shared.campaign.check.mistakes import Findings, one_of
from mitra_shared.campaign.check.origins import Origin, Written
from mitra_shared.campaign.definition import Area, Level, Tile
from mitra_shared.ids import AreaCode

PARENTS = {Level.STATE: Level.NATION, Level.CONSTITUENCY: Level.STATE, Level.SEGMENT: Level.CONSTITUENCY}
_NUMBERED = {Level.CONSTITUENCY: ("PC", 2), Level.SEGMENT: ("AC", 3)}

Areas = Sequence[Written[Area]]


@dataclass(slots=True)
class WrittenAreas:
    """The areas that could be read, and what is known of those that could not.

    `doubtful` are codes that exist although their row has mistakes: naming one is not another mistake.
    `whole` are the levels of which nothing is missing: only there it is said that something has no child.
    `unsure` are the levels of which not even all codes are known: there it is never said that one is missing.
    """

    areas: list[Written[Area]] = field(default_factory=list)
    doubtful: set[AreaCode] = field(default_factory=set)
    whole: set[Level] = field(default_factory=set)
    unsure: set[Level] = field(default_factory=set)

    def add(self, level: Level, code: AreaCode | None, area: Area | None, origin: Origin) -> None:
        """Takes an area as far as its row tells."""
        if area is not None:
            self.areas.append(Written(area, origin))
        elif code is not None:
            self.doubtful.add(code)
        else:
            self.unsure.add(level)


def check_tree(written: WrittenAreas, findings: Findings) -> None:
    """Notes every mistake in the tree."""
    areas = written.areas
    by_code: dict[AreaCode, Written[Area]] = {}
    for area in areas:
        first = by_code.setdefault(area.value.code, area)
        if first is not area:
            findings.add(
                area.origin.place("number" if area.value.level in _NUMBERED else "code"),
                f"{area.value.code} is there already ({_short_place(first)})",
                "each number once in a state, each state once",
            )
    _check_nations(areas, findings)
    for area in areas:
        _check_code(area, findings)
        _check_parent(area, by_code, written, findings)
    _check_names(areas, findings)
    _check_tiles(areas, findings)
    _check_childless(areas, written.whole, findings)


def _check_nations(areas: Areas, findings: Findings) -> None:
    for extra in [area for area in areas if area.value.level is Level.NATION][1:]:
        findings.add(extra.origin.place("level"), "there is a second nation", "one area of level 'nation'")


def _check_code(area: Written[Area], findings: Findings) -> None:
    value = area.value
    if value.level not in _NUMBERED:
        return
    kind, digits = _NUMBERED[value.level]
    state = value.code.partition("-")[0]
    if value.number is None or value.code != f"{state}-{kind}{value.number:0{digits}}":
        findings.add(
            area.origin.place("code"),
            f"the code {value.code} does not hold the number {value.number}",
            f"the state's code, -{kind}, and the number in {digits} digits",
        )
    if value.level is Level.CONSTITUENCY and value.evidence is None:
        findings.add(area.origin.place("evidence"), "it is missing", "one of: named, state-report, assumed")
    if value.level is Level.CONSTITUENCY and value.tile is None:
        findings.add(area.origin.place("tile"), "it is missing", "a column and a row of the tile map")


def _check_parent(
    area: Written[Area], by_code: Mapping[AreaCode, Written[Area]], written: WrittenAreas, findings: Findings
) -> None:
    value = area.value
    place = area.origin.place("parent")
    if value.level is Level.NATION:
        if value.parent is not None:
            findings.add(place, f"the nation stands below {value.parent}", "no parent")
        return
    level = PARENTS[value.level]
    parent = by_code.get(value.parent) if value.parent else None
    is_known = parent is not None and parent.value.level is level
    if not is_known and value.parent not in written.doubtful and level not in written.unsure:
        known = [code for code, other in by_code.items() if other.value.level is level]
        findings.add(place, f"there is no {level} {value.parent!r}", one_of(value.parent, known))
    state = value.code.partition("-")[0]
    if value.level in _NUMBERED and value.parent and value.parent.partition("-")[0] != state:
        findings.add(
            place,
            f"{value.code} ({value.name.en}) is in the state {state}, and {value.parent} is not",
            f"a {level} of {state}",
        )


def _check_names(areas: Areas, findings: Findings) -> None:
    """The same name twice is a row copied by mistake, except for segments of different constituencies."""
    seen: dict[tuple[AreaCode | None, Level, str], Written[Area]] = {}
    for area in areas:
        key = (area.value.parent, area.value.level, area.value.name.en.casefold())
        first = seen.setdefault(key, area)
        if first is not area and first.value.code != area.value.code:
            findings.add(
                area.origin.place("name", "en"),
                f"{area.value.name.en!r} is there already as {first.value.code} ({_short_place(first)})",
                "each name once in its state or constituency",
            )


def _check_tiles(areas: Areas, findings: Findings) -> None:
    taken: dict[Tile, Written[Area]] = {}
    every = {area.value.tile for area in areas if area.value.tile}
    for area in areas:
        tile = area.value.tile
        if tile is None:
            continue
        first = taken.setdefault(tile, area)
        if first is not area and first.value.code != area.value.code:
            free = _free_tile(tile, every)
            findings.add(
                area.origin.place("tile", "column"),
                f"column {tile.column}, row {tile.row} is taken by {first.value.name.en}",
                f"a free tile, e.g. column {free.column}, row {free.row}",
            )


def _free_tile(near: Tile, taken: AbstractSet[Tile]) -> Tile:
    tiles = (Tile(column=column, row=row) for column in range(100) for row in range(100))
    free = (tile for tile in tiles if tile not in taken)
    return min(free, key=lambda tile: abs(tile.column - near.column) + abs(tile.row - near.row), default=near)


def _check_childless(areas: Areas, whole: AbstractSet[Level], findings: Findings) -> None:
    parents = {area.value.parent for area in areas}
    for area in areas:
        below = next((level for level, above in PARENTS.items() if above is area.value.level), None)
        if below in whole and area.value.code not in parents:
            findings.add(
                area.origin.place(),
                f"{area.value.name.en} ({area.value.code}) has no {below}",
                f"at least one {below}, or leave {area.value.code} out",
            )


def _short_place(area: Written[Area]) -> str:
    place = area.origin.place()
    return place.where or place.file if place.line is None else f"line {place.line}"
