"""Who may read what: the one place that decides it.

A role sees some kinds of things (`Sight`) of one area and everything below it:

| role | area | sees |
|---|---|---|
| headquarters | the nation | progress, aggregates, webhooks |
| state coordinator | own state | progress, aggregates |
| in-charge | own constituency | progress, aggregates, its staff by name, own numbers |
| co-in-charge | own constituency | progress, own numbers |
| operator | the nation | webhooks |

Whoever sees webhooks looks after them. To create one takes aggregates too, for that is what it carries: an
operator stops, tests and replays what headquarters subscribed, and has nothing sent to itself.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from mitra_shared.campaign.definition import Level
from mitra_shared.ids import AreaCode
from mitra_shared.security.tokens import Caller, Role
from reporting.domain.board import Board


class Sight(StrEnum):
    """A kind of thing to see."""

    PROGRESS = "national progress"
    AGGREGATES = "aggregates of areas"
    STAFF = "numbers of staff by name"
    OWN = "own numbers"
    WEBHOOKS = "webhooks"


class Reach(NamedTuple):
    """What a caller sees, and the topmost area it sees that of."""

    root: AreaCode
    sights: frozenset[Sight]


class _Standing(NamedTuple):
    level: Level
    sights: frozenset[Sight]


_STANDINGS: Final[Mapping[Role, _Standing]] = {
    Role.HEADQUARTERS: _Standing(Level.NATION, frozenset({Sight.PROGRESS, Sight.AGGREGATES, Sight.WEBHOOKS})),
    Role.STATE_COORDINATOR: _Standing(Level.STATE, frozenset({Sight.PROGRESS, Sight.AGGREGATES})),
    Role.IN_CHARGE: _Standing(
        Level.CONSTITUENCY, frozenset({Sight.PROGRESS, Sight.AGGREGATES, Sight.STAFF, Sight.OWN})
    ),
    Role.CO_IN_CHARGE: _Standing(Level.CONSTITUENCY, frozenset({Sight.PROGRESS, Sight.OWN})),
    Role.OPERATOR: _Standing(Level.NATION, frozenset({Sight.WEBHOOKS})),
}


class NotAllowed(Exception):
    """The caller may not read this; the message says what it may read."""


def reach(caller: Caller, board: Board) -> Reach:
    """What the caller may read in the campaign of `board`.

    Raises:
        NotAllowed: the role reads nothing here, the token is for another campaign, or its area is not one of
            the role's level in this campaign.
    """
    standing = _STANDINGS.get(caller.role)
    if standing is None:
        raise NotAllowed(f"role {caller.role} reads no rollups")
    if caller.campaign not in (None, board.definition.id):
        raise NotAllowed(f"the token is for campaign {caller.campaign}")
    if standing.level is Level.NATION:
        return Reach(board.root.code, standing.sights)
    area = board.definition.by_code.get(caller.area) if caller.area is not None else None
    if area is None or area.level is not standing.level:
        raise NotAllowed(
            f"the token of a {caller.role} must name a {standing.level} of the campaign as its area"
        )
    return Reach(area.code, standing.sights)


def check_sight(sights: frozenset[Sight], any_of: frozenset[Sight]) -> None:
    """Nothing, where one of `any_of` is among what is seen.

    Raises:
        NotAllowed: none of them is.
    """
    if not sights & any_of:
        asked, seen = (", ".join(sorted(each)) for each in (any_of, sights))
        raise NotAllowed(f"this needs a token that sees {asked}; yours sees {seen}")


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
