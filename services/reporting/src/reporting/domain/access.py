"""Who may read which rollups: the one place that decides it.

Headquarters reads all areas, a state coordinator the own state, an in-charge and a co-in-charge the own
constituency, each with everything below it. Nobody else reads rollups.
"""

from collections.abc import Mapping
from typing import Final

from mitra_shared.campaign.definition import Level
from mitra_shared.ids import AreaCode
from mitra_shared.security.tokens import Caller, Role
from reporting.domain.board import Board

READERS: Final[Mapping[Role, Level]] = {
    Role.HEADQUARTERS: Level.NATION,
    Role.STATE_COORDINATOR: Level.STATE,
    Role.IN_CHARGE: Level.CONSTITUENCY,
    Role.CO_IN_CHARGE: Level.CONSTITUENCY,
}
"""Roles that read rollups, and the level of the area each reads from downwards."""


class NotAllowed(Exception):
    """The caller may not read this; the message says what it may read."""


def reach(caller: Caller, board: Board) -> AreaCode:
    """The topmost area the caller may read in the campaign of `board`.

    Raises:
        NotAllowed: the role reads no rollups, the token is for another campaign, or its area is not one of
            the role's level in this campaign.
    """
    level = READERS.get(caller.role)
    if level is None:
        raise NotAllowed(f"role {caller.role} reads no rollups")
    if caller.campaign not in (None, board.definition.id):
        raise NotAllowed(f"the token is for campaign {caller.campaign}")
    if level is Level.NATION:
        return board.root.code
    area = board.definition.by_code.get(caller.area) if caller.area is not None else None
    if area is None or area.level is not level:
        raise NotAllowed(f"the token of a {caller.role} must name a {level} of the campaign as its area")
    return area.code


def narrowed(board: Board, root: AreaCode, within: AreaCode | None) -> AreaCode:
    """The area to read: `within` where it was asked for, else all that the caller may read.

    Raises:
        NotAllowed: `within` is outside `root`.
    """
    if within is None:
        return root
    if not board.is_within(within, root):
        raise NotAllowed(f"only {root} and the areas below it may be read with this token")
    return within
