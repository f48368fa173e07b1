"""Sign out of a device: one's own, or another one that is lost."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.storage import sessions
from enrolment.storage.staff_log import tell_standing
from enrolment.storage.staff_record import What, note
from mitra_shared.database import retrying
from mitra_shared.ids import StaffId
from mitra_shared.log import unit_of_work


class SessionNotFound(Exception):
    """The caller has no such session."""


async def end_session(engine: AsyncEngine, number: UUID, *, of: StaffId, at: datetime) -> None:
    """End a session; its tokens are refused from then on. Again, it changes nothing.

    Raises:
        SessionNotFound: none of that person.
        sqlalchemy.exc.DBAPIError: the database is away; asking again is safe.
    """

    async def end() -> None:
        async with unit_of_work(engine) as unit:
            session = await sessions.find(unit.connection, number)
            if session is None or session.staff != of:
                raise SessionNotFound
            if await sessions.end(unit.connection, [number], at, "signed out"):
                await note(
                    unit.connection,
                    What.SIGNED_OUT,
                    at,
                    actor=of,
                    staff=of,
                    session=number,
                    device=session.device,
                )
                await tell_standing(unit, [of], at)

    await retrying(end)
