"""The tile map: one square for each constituency, roughly where it lies, darker the nearer to its target."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from mitra_shared.campaign.definition import Level
from mitra_shared.ids import AreaCode
from reporting.domain.board import Board, Rollup
from reporting.queries import progress

SIDE: Final = 40
STEPS: Final = (0.2, 0.4, 0.6, 0.8, 1.0)
"""Shares of the target from which a tile is one step darker; a first step is for anybody at all."""


class Tile(NamedTuple):
    """A square at (`x`, `y`), in units of the picture; `step` goes from 0, nobody, to 6, reached."""

    rollup: Rollup
    x: int
    y: int
    step: int


class TileMap(NamedTuple):
    """The picture: its size in the same units, and the tiles."""

    width: int
    height: int
    tiles: Sequence[Tile]


def step_of(share: float) -> int:
    """How dark a share of the target is; 0 for nobody and where there is no target."""
    return 0 if share <= 0 else 1 + sum(share >= step for step in STEPS)


def tile_map(board: Board, within: AreaCode) -> TileMap | None:
    """The constituencies at or below `within`; None where fewer than two of them have a place on the map."""
    rollups = [board.rollup(code) for code in board.select(levels=(Level.CONSTITUENCY,), within=within)]
    placed = [(rollup, rollup.area.tile) for rollup in rollups if rollup.area.tile is not None]
    if len(placed) < 2:  # noqa: PLR2004 - one tile is no map
        return None
    left = min(tile.column for _, tile in placed)
    top = min(tile.row for _, tile in placed)
    return TileMap(
        width=SIDE * (1 + max(tile.column for _, tile in placed) - left),
        height=SIDE * (1 + max(tile.row for _, tile in placed) - top),
        tiles=[
            Tile(rollup, SIDE * (tile.column - left), SIDE * (tile.row - top), step_of(progress(rollup)))
            for rollup, tile in placed
        ],
    )
