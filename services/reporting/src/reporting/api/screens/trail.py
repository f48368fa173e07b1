"""The way down to an area, as it stands at the head of a page."""

from mitra_shared.campaign.definition import Area
from mitra_shared.ids import AreaCode
from reporting.api.readers import Reader


def trail(reader: Reader, code: AreaCode) -> list[Area]:
    """The areas above `code`, from the topmost that the reader may read."""
    above: list[Area] = []
    area = reader.board.definition.by_code[code]
    while area.code != reader.root and area.parent is not None:
        area = reader.board.definition.by_code[area.parent]
        above.append(area)
    return above[::-1]
