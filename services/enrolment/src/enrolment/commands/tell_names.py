"""Tell the names of staff who had theirs before reporting showed any; done once, when an api starts."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog import get_logger

from enrolment.clock import Clock
from enrolment.staffing import Staffing
from enrolment.storage import staff
from enrolment.storage.staff_log import tell_standing
from mitra_shared.database import backoff, is_infrastructure
from mitra_shared.ids import StaffId
from mitra_shared.log import unit_of_work
from mitra_shared.process import ShutdownSignal
from mitra_shared.telemetry.logs import describe_error

log = get_logger(__name__)

_AT_A_TIME: Final = 200
_UNTOLD: Final = text(
    "select id from staff where name is not null and shown_name is null order by id limit :at_most"
)


async def tell_names(staffing: Staffing, engine: AsyncEngine, clock: Clock, shutdown: ShutdownSignal) -> None:
    """Tell all of them, then wait for `shutdown`; the database may come and go."""
    failures = 0
    while not shutdown.requested:
        try:
            told = await tell_some(staffing, engine, clock)
        except Exception as error:
            if not is_infrastructure(error):
                raise
            log.warning("names of staff are told later", error=describe_error(error))
            await shutdown.sleep(backoff(failures))
            failures += 1
            continue
        if told:
            log.info("names of staff were told", people=told)
        else:
            await shutdown.wait()


async def tell_some(staffing: Staffing, engine: AsyncEngine, clock: Clock) -> int:
    """Tell a bounded number of names that were not told yet. Returns how many; ask again until 0.

    Raises:
        SealError: a name was sealed with a key that is not there.
        sqlalchemy.exc.DBAPIError: the database is away.
    """
    async with unit_of_work(engine) as unit:
        rows = await unit.connection.execute(_UNTOLD, {"at_most": _AT_A_TIME})
        # Locked by the ids, and looked at again: another api may be at it.
        accounts = await staff.find_many(unit.connection, [StaffId(row.id) for row in rows])
        names = {account.id: staffing.open_name(account) for account in accounts}
        shown = {person: staffing.seal_shown_name(name, person) for person, name in names.items() if name}
        if shown:
            await staff.show_names(unit.connection, shown)
            await tell_standing(unit, shown, clock())
    return len(shown)
