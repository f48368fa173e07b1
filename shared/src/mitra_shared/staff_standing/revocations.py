"""The answer in memory: asked for each request, at the cost of a few look-ups in sets.

Where it is read from differs: enrolment reads the accounts themselves, other services what the log `staff`
told them (`reading.StandingTable`).
"""

import time
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.http.problems import unavailable
from mitra_shared.ids import AreaCode, StaffId
from mitra_shared.security.tokens import Caller, Role

STALE_SECONDS: Final = 10.0

PostInToken = tuple[Role, AreaCode | None]
"""Role and area as tokens name them."""


class NoLonger(NamedTuple):
    """Whose tokens are not accepted although they have not expired. Areas as posts have them."""

    suspended: frozenset[StaffId]
    sessions: frozenset[str]
    posts: list[tuple[StaffId, Role, AreaCode]]


class Standings(Protocol):
    """Where it is written down."""

    async def version(self, connection: AsyncConnection) -> int:
        """A number that changes with every change, cheap to ask for."""
        ...

    async def no_longer(self, connection: AsyncConnection) -> NoLonger:
        """All of it."""
        ...


class Revocations:
    """What the database says. Nothing is accepted before it was read once."""

    def __init__(self, standings: Standings, on_change: Callable[[], None] | None = None) -> None:
        """`on_change` is called after what changed was read, for answers that are still being given."""
        self._standings = standings
        self._on_change = on_change
        self._version: int | None = None
        self._read_at = 0.0
        self._suspended: frozenset[StaffId] = frozenset()
        self._sessions: frozenset[str] = frozenset()
        self._former: Mapping[StaffId, frozenset[PostInToken]] = {}

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
        version = await self._standings.version(connection)
        if version != self._version:
            found = await self._standings.no_longer(connection)
            former: dict[StaffId, set[PostInToken]] = {}
            for person, role, area in found.posts:
                former.setdefault(person, set()).add((role, area_in_token(role, area)))
            self._suspended, self._sessions = found.suspended, found.sessions
            self._former = {person: frozenset(posts) for person, posts in former.items()}
            self._version = version
            if self._on_change is not None:
                self._on_change()
        self._read_at = time.monotonic()

    async def check(self) -> str | None:
        """A readiness check: ready while the look at the database is recent."""
        if self._version is None:
            return "whose tokens count no longer was not read yet"
        age = time.monotonic() - self._read_at
        return None if age < STALE_SECONDS else f"whose tokens count no longer was read {age:.0f} s ago"


def area_in_token(role: Role, area: AreaCode) -> AreaCode | None:
    """The area that a token for the post names; none for headquarters, as `mitra token` has it."""
    return None if role is Role.HEADQUARTERS else area
