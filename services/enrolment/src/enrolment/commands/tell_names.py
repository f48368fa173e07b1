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
from mitra_shared.security.sealing import SealError
from mitra_shared.telemetry.logs import describe_error

log = get_logger(__name__)

_AT_A_TIME: Final = 200
_UNTOLD: Final = text(
    "select id from staff where name is not null and shown_name is null and id <> all(:unreadable)"
    " order by id limit :at_most"
)


async def tell_names(staffing: Staffing, engine: AsyncEngine, clock: Clock, shutdown: ShutdownSignal) -> None:
    """Tell all of them, then wait for `shutdown`; the database may come and go."""
    failures = 0
    unreadable: set[StaffId] = set()
    while not shutdown.requested:
        try:
            dealt_with = await tell_some(staffing, engine, clock, unreadable)
        except Exception as error:
            if not is_infrastructure(error):
                raise
            log.warning("names of staff are told later", error=describe_error(error))
            await shutdown.sleep(backoff(failures))
            failures += 1
            continue
        if dealt_with:
            log.info("names of staff that were not told were gone through", people=dealt_with)
        else:
            await shutdown.wait()


async def tell_some(staffing: Staffing, engine: AsyncEngine, clock: Clock, unreadable: set[StaffId]) -> int:
    """Tell some names that were not told yet. Returns how many it dealt with; ask again until 0.

    A name that cannot be opened is left as it is, for the log to tell, and its owner noted in `unreadable`.

    Raises:
        sqlalchemy.exc.DBAPIError: the database is away.
    """
    async with unit_of_work(engine) as unit:
        rows = await unit.connection.execute(
            _UNTOLD, {"at_most": _AT_A_TIME, "unreadable": sorted(unreadable)}
        )
        # Locked by the ids, and looked at again: another api may be at it.
        accounts = await staff.find_many(unit.connection, [StaffId(row.id) for row in rows])
        shown: dict[StaffId, str] = {}
        for account in accounts:
            try:
                name = staffing.open_name(account)
            except SealError as error:
                log.error("a name of staff cannot be opened", staff=account.id, error=describe_error(error))
                unreadable.add(account.id)
                continue
            if name is not None:
                shown[account.id] = staffing.seal_shown_name(name, account.id)
        if shown:
            await staff.show_names(unit.connection, shown)
            await tell_standing(unit, shown, clock())
    return len(accounts)
