"""What an endpoint is told next: the areas that changed since it was last told, or a snapshot.

Areas go out in the order of the commits that changed them last, a bounded number in one message. One that
changes again before its turn moves to the end with its newest counts, so what lies between is left out and
nothing is lost. A snapshot goes by area code and ends at the version it began at: what changed meanwhile
follows as a change.
"""

from collections.abc import Iterable
from typing import NamedTuple

from mitra_shared.ids import AreaCode
from reporting.domain.board import Board, Rollup
from reporting.domain.webhooks import Told


class Portion(NamedTuple):
    """One message about areas."""

    is_snapshot: bool
    begins: bool
    """Whether it is the first message of a snapshot."""
    rollups: list[Rollup]
    more: bool
    """Whether another message follows at once."""
    then: Told
    """How far the endpoint has been told once it has taken this."""


def next_portion(
    board: Board, version: int, codes: Iterable[AreaCode], told: Told, *, most: int
) -> Portion | None:
    """The next message; None: there is nothing to tell.

    Args:
        board: the campaign, as of `version`.
        version: newest commit included.
        codes: the areas that the endpoint asks for.
        told: how far it has been told.
        most: areas in one message.
    """
    since = told.version if told.snapshot_from is None else told.snapshot_from
    if not board.defined_at <= since <= version:
        # As in the live feed: told before this definition, or beyond what a restored database holds.
        return _snapshot(board, codes, Told(told.version, None, version), most, begins=True)
    if told.snapshot_from is not None:
        return _snapshot(board, codes, told, most, begins=False)
    return _changes(board, version, codes, told, most)


def _snapshot(board: Board, codes: Iterable[AreaCode], at: Told, most: int, *, begins: bool) -> Portion:
    left = sorted(code for code in codes if at.area is None or code > at.area)
    part, more = left[:most], len(left) > most
    assert at.snapshot_from is not None  # noqa: S101 - this is what a snapshot is
    then = Told(at.version, part[-1], at.snapshot_from) if more else Told(at.snapshot_from)
    return Portion(
        is_snapshot=True, begins=begins, rollups=[board.rollup(code) for code in part], more=more, then=then
    )


def _changes(board: Board, version: int, codes: Iterable[AreaCode], told: Told, most: int) -> Portion | None:
    since = told.version if told.area is None else told.version - 1
    changed = [board.rollup(code) for code in board.changed_since(since, codes)]
    left = sorted(
        (
            rollup
            for rollup in changed
            if rollup.version > told.version or (told.area is not None and rollup.area.code > told.area)
        ),
        key=lambda rollup: (rollup.version, rollup.area.code),
    )
    if not left:
        return None
    part, more = left[:most], len(left) > most
    then = Told(part[-1].version, part[-1].area.code) if more else Told(version)
    return Portion(is_snapshot=False, begins=False, rollups=part, more=more, then=then)
