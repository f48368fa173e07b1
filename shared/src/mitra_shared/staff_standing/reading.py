"""Reading what the log `staff` told: who is refused, for `Revocations`."""

import json
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.ids import AreaCode, StaffId
from mitra_shared.security.tokens import Role
from mitra_shared.staff_standing.revocations import NoLonger

_VERSION: Final = text("select version from staff_standing_change")
# The condition is that of the index, so what has nobody to refuse costs nothing.
_REFUSED: Final = text(
    """
    select staff, state = 'suspended' as is_suspended, cast(former as text) as former,
           array(select ended.session from json_to_recordset(staff_standing.ended)
                     as ended(session text, until timestamptz)
                 where ended.until > now()) as sessions
    from staff_standing
    where state = 'suspended' or cast(former as text) <> '[]' or cast(ended as text) <> '[]'
    """
)


class StandingTable:
    """The table `staff_standing` of a service."""

    async def version(self, connection: AsyncConnection) -> int:
        """How often it changed."""
        version: int = (await connection.execute(_VERSION)).scalar_one()
        return version

    async def no_longer(self, connection: AsyncConnection) -> NoLonger:
        """Whose tokens count no longer; of sessions those that may have tokens left."""
        suspended: set[StaffId] = set()
        sessions: set[str] = set()
        posts: list[tuple[StaffId, Role, AreaCode]] = []
        for row in await connection.execute(_REFUSED):
            person = StaffId(row.staff)
            if row.is_suspended:
                suspended.add(person)
            sessions.update(row.sessions)
            posts += [(person, Role(post["role"]), AreaCode(post["area"])) for post in json.loads(row.former)]
        return NoLonger(frozenset(suspended), frozenset(sessions), posts)
