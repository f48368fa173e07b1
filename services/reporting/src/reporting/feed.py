"""The live feed: server-sent events, made from the mirror for each subscriber.

A subscriber is a version it has seen, nothing more. Whenever it can take the next event it gets the areas
changed since, newest counts only: who is slow skips what lies between, and nothing is ever queued for it.
Subscribers that stand at the same version share the bytes.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final, NamedTuple

from pydantic_core import to_json

from mitra_shared.campaign.definition import Level
from mitra_shared.ids import AreaCode, CampaignId
from reporting.domain.board import Board
from reporting.lag import LagWatch
from reporting.mirror import Mirror
from reporting.queries import Moment, freshness, moment, rollup_document

RECONNECT_MS: Final = 1_000
"""What a browser is told to wait before it connects again."""
HEARTBEAT_SECONDS: Final = 3.0
"""How often freshness is told, whatever happens."""
FRESH_SECONDS: Final = 0.1
"""What is told of time and lag is never older than this."""
SEND_SECONDS: Final = 20.0
"""A subscriber that takes nothing for so long is hung up on; it resumes with `Last-Event-ID`."""
MOST_SUBSCRIBERS: Final = 1_000
END: Final = b'event: end\ndata: {"reason":"the token has expired or was revoked"}\n\n'


class TooManySubscribers(Exception):
    """The process has as many subscribers as it may."""


class Selection(NamedTuple):
    """The areas a subscriber wants: those of `levels` at or below `within`."""

    campaign: CampaignId
    levels: frozenset[Level]
    within: AreaCode


class LiveFeed:
    """Serves subscribers from one mirror.

    Attributes:
        subscribers: how many there are now.
        send_seconds: how long one may take nothing.
    """

    def __init__(
        self,
        mirror: Mirror,
        lag: LagWatch,
        *,
        most_subscribers: int = MOST_SUBSCRIBERS,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        send_seconds: float = SEND_SECONDS,
    ) -> None:
        self.subscribers = 0
        self.send_seconds = send_seconds
        self._mirror = mirror
        self._lag = lag
        self._most = most_subscribers
        self._heartbeat = heartbeat_seconds
        self._asked_again = 0
        self._shared: dict[tuple[Selection, int | None], bytes] = {}
        self._shared_turn = -1
        self._fresh: tuple[bytes, Moment, float] = (b"", (), 0.0)
        self._selected: dict[Selection, tuple[Board, tuple[AreaCode, ...]]] = {}

    def subscribe(
        self, selection: Selection, since: int | None, may_go_on: Callable[[], bool]
    ) -> AsyncIterator[bytes]:
        """Events from the version `since` on; None: a snapshot first.

        Args:
            selection: the areas.
            since: version of the last event seen, as in `Last-Event-ID`.
            may_go_on: asked at every heartbeat, and when `ask_again` says so; False ends the stream.

        Raises:
            TooManySubscribers: nothing was begun.
        """
        if self.subscribers >= self._most:
            raise TooManySubscribers(f"at most {self._most} subscribers")
        return self._events(selection, since, may_go_on)

    def ask_again(self) -> None:
        """Have every subscriber's token looked at now: whose tokens count has changed."""
        self._asked_again += 1
        self._mirror.wake()

    async def _events(
        self, selection: Selection, since: int | None, may_go_on: Callable[[], bool]
    ) -> AsyncIterator[bytes]:
        clock = asyncio.get_running_loop().time
        # Counted here: a generator that is dropped before its first step never comes to its `finally`.
        self.subscribers += 1
        try:
            yield b"retry: %d\n\n" % RECONNECT_MS
            next_beat, asked = clock(), self._asked_again
            while not self._mirror.closed:
                turn, version = self._mirror.turn, self._mirror.version
                if asked != self._asked_again or clock() >= next_beat:
                    asked = self._asked_again
                    if not may_go_on():
                        yield END
                        return
                news = self.news(selection, since)
                since = version
                if news:
                    yield news
                if clock() >= next_beat:
                    yield self._freshness(clock())
                    next_beat = clock() + self._heartbeat
                await self._mirror.moved(max(0.0, next_beat - clock()), turn)
        finally:
            self.subscribers -= 1

    def _freshness(self, now: float) -> bytes:
        """The event about freshness; those who are due within the same moment share its bytes."""
        event, told_of, until = self._fresh
        present = moment(self._mirror, self._lag)
        if told_of != present or now > until:
            event = b"event: freshness\ndata: %b\n\n" % to_json(freshness(self._mirror, self._lag))
            self._fresh = (event, present, now + FRESH_SECONDS)
        return event

    def news(self, selection: Selection, since: int | None) -> bytes:
        """The event that brings a subscriber from `since` to the newest version; empty: it has everything."""
        if self._shared_turn != self._mirror.turn:
            self._shared, self._shared_turn = {}, self._mirror.turn
        event = self._shared.get((selection, since))
        if event is None:
            event = self._shared[selection, since] = self._render(selection, since)
        return event

    def _render(self, selection: Selection, since: int | None) -> bytes:
        board = self._mirror.boards.get(selection.campaign)
        if board is None:
            return b""
        codes = self._codes(board, selection)
        is_snapshot = since is None or not board.defined_at <= since <= self._mirror.version
        if not is_snapshot and since is not None:
            codes = tuple(board.changed_since(since, codes))
            if not codes:
                return b""
        body = to_json(
            {
                "campaign": selection.campaign,
                "version": self._mirror.version,
                "as_of": self._mirror.as_of,
                "areas": [rollup_document(board.rollup(code)) for code in codes],
            }
        )
        kind = b"snapshot" if is_snapshot else b"areas"
        return b"id: %d\nevent: %b\ndata: %b\n\n" % (self._mirror.version, kind, body)

    def _codes(self, board: Board, selection: Selection) -> tuple[AreaCode, ...]:
        known = self._selected.get(selection)
        if known is None or known[0] is not board:
            if len(self._selected) > self._most:
                self._selected.clear()
            known = self._selected[selection] = (
                board,
                board.select(levels=selection.levels, within=selection.within),
            )
        return known[1]
