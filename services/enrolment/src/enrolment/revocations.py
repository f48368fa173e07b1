"""Tokens that are no longer accepted before they expire, held in memory and kept fresh from the database.

Every api process looks twice a second whether anything changed, and at once after a change of its own.
What is asked for each request costs a few look-ups in sets.
"""

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from enrolment.clock import Clock
from enrolment.domain.refreshing import ACCESS_LIFETIME
from enrolment.domain.staff import LEVEL_OF, Post
from enrolment.storage import staff
from mitra_shared.campaign.definition import Level
from mitra_shared.http.problems import unavailable
from mitra_shared.ids import AreaCode, StaffId
from mitra_shared.security.tokens import LEEWAY_SECONDS, Caller, Role

STALE_SECONDS: Final = 10.0
_SESSIONS_FOR: Final = ACCESS_LIFETIME + timedelta(seconds=2 * LEEWAY_SECONDS)
"""By then every access token of an ended session has expired."""

_Posts = Mapping[StaffId, frozenset[tuple[Role, AreaCode | None]]]


class Revocations:
    """What the database says. Nothing is accepted before it was read once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._version: int | None = None
        self._read_at = 0.0
        self._suspended: frozenset[StaffId] = frozenset()
        self._sessions: frozenset[str] = frozenset()
        self._former: _Posts = {}

    def revoked(self, caller: Caller) -> bool:
        """Whether the caller's token counts no longer: suspended, signed out, or the post is another's.

        Raises:
            Problem: 503, nothing was read yet.
        """
        if self._version is None:
            raise unavailable("Who may still call is not known yet.")
        if caller.subject in self._suspended or caller.session in self._sessions:
            return True
        former = self._former.get(caller.subject)
        return former is not None and (caller.role, caller.area) in former

    async def refresh(self, connection: AsyncConnection) -> None:
        """Read what changed.

        Raises:
            sqlalchemy.exc.DBAPIError: the database is away.
        """
        # Read before the rest: a change in between shows at the next look.
        version = await staff.change_version(connection)
        if version != self._version:
            found = await staff.no_longer(connection, self._clock() - _SESSIONS_FOR)
            former: dict[StaffId, set[tuple[Role, AreaCode | None]]] = {}
            for person, post in found.posts:
                former.setdefault(person, set()).add((post.role, area_in_token(post)))
            self._suspended, self._sessions = found.suspended, found.sessions
            self._former = {person: frozenset(posts) for person, posts in former.items()}
            self._version = version
        self._read_at = time.monotonic()

    async def check(self) -> str | None:
        """A readiness check: ready while the look at the database is recent."""
        if self._version is None:
            return "whose tokens count no longer was not read yet"
        age = time.monotonic() - self._read_at
        return None if age < STALE_SECONDS else f"whose tokens count no longer was read {age:.0f} s ago"


def area_in_token(post: Post) -> AreaCode | None:
    """The area that a token for the post names; none for that of the nation, as `mitra token` has it."""
    return None if LEVEL_OF[post.role] is Level.NATION else post.area
