"""Telling the other services, through the log `staff`, whose tokens count no longer.

What is told is read from the tables at the end of the transaction that changes them: the whole standing of
a person, so that the last entry is the truth and nothing depends on what was told before.
"""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from enrolment.clock import Clock
from enrolment.domain.refreshing import ACCESS_LIFETIME
from mitra_shared.contracts.events import EndedSession, StaffPost, StaffStandingV1
from mitra_shared.ids import AreaCode, CampaignId, StaffId, new_event_id
from mitra_shared.log import UnitOfWork
from mitra_shared.security.tokens import LEEWAY_SECONDS, Role
from mitra_shared.staff_standing.revocations import NoLonger

SESSIONS_FOR: Final = ACCESS_LIFETIME + timedelta(seconds=2 * LEEWAY_SECONDS)
"""How long after its end the last access token of a session has surely expired."""

_STANDING: Final = text(
    """
    select staff.id, staff.campaign, staff.state, staff.shown_name, held.role, held.area,
           coalesce((select cast(jsonb_agg(distinct jsonb_build_object('role', role, 'area', area)) as text)
                     from staff_grant as ended
                     where ended.staff = staff.id and ended.until is not null
                       and (held.role, held.area) is distinct from (ended.role, ended.area)), '[]') as former,
           array(select id from staff_session where staff_session.staff = staff.id and ended_at > :since
                 order by ended_at, id) as sessions,
           array(select ended_at from staff_session where staff_session.staff = staff.id
                 and ended_at > :since order by ended_at, id) as ended
    from staff left join staff_grant as held on held.staff = staff.id and held.until is null
    where staff.id = any(:people) order by staff.id
    """
)
_CHANGED: Final = text("update staff_change set version = version + 1 where id = 1")


async def tell_standing(unit: UnitOfWork, people: Iterable[StaffId], at: datetime) -> None:
    """Tell of `people` as they stand now in this transaction, and have every enrolment api look again.

    The counter is a row, not a sequence: the number that somebody reads is that of what is committed. Its
    lock is held to the end, so this is called last; and it is taken before the standing is read, so that of
    two changes to one person the later one tells of both.
    """
    await unit.connection.execute(_CHANGED)
    rows = await unit.connection.execute(
        _STANDING, {"people": sorted(set(people)), "since": at - SESSIONS_FOR}
    )
    for row in rows:
        unit.emit(_standing(row, at))


def _standing(row: Row[Any], at: datetime) -> StaffStandingV1:
    post = None if row.role is None else StaffPost(role=row.role, area=row.area)
    return StaffStandingV1(
        event_id=new_event_id(),
        campaign=CampaignId(row.campaign),
        occurred_at=at,
        staff=StaffId(row.id),
        state=row.state,
        post=post,
        former=tuple(StaffPost(**post) for post in json.loads(row.former)),
        ended=tuple(
            EndedSession(session=session, until=ended + SESSIONS_FOR)
            for session, ended in zip(row.sessions, row.ended, strict=True)
        ),
        name=row.shown_name,
    )


class OwnAccounts:
    """What enrolment's own tables say, for the `Revocations` of its apis."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def version(self, connection: AsyncConnection) -> int:
        """The number that `tell_standing` raises."""
        version: int = (await connection.execute(text("select version from staff_change"))).scalar_one()
        return version

    async def no_longer(self, connection: AsyncConnection) -> NoLonger:
        """What is no longer accepted; of sessions those that may have tokens left."""
        suspended = await connection.execute(text("select id from staff where state = 'suspended'"))
        sessions = await connection.execute(
            text("select id from staff_session where ended_at > :since"),
            {"since": self._clock() - SESSIONS_FOR},
        )
        posts = await connection.execute(
            text(
                """
                select distinct staff, role, area from staff_grant ended where until is not null
                and not exists (select from staff_grant held where held.until is null
                                and (held.staff, held.role, held.area)
                                    = (ended.staff, ended.role, ended.area))
                """
            )
        )
        return NoLonger(
            frozenset(row.id for row in suspended),
            frozenset(str(row.id) for row in sessions),
            [(StaffId(row.staff), Role(row.role), AreaCode(row.area)) for row in posts],
        )
