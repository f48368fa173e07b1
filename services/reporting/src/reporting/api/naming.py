"""Names of staff in an answer: opened for the in-charge of their constituency, and for oneself.

It is no look that goes on record: these are colleagues whom the in-charge invited by name, not people who
were enrolled. Whoever has no name here is shown by id: registered or minted for, or long gone.
"""

from collections.abc import Iterable

from structlog import get_logger

from mitra_shared.ids import StaffId
from mitra_shared.security.sealing import SealError
from mitra_shared.staff_standing.names import open_staff_name
from reporting.api.readers import Reader
from reporting.domain.access import Sight
from reporting.pace_queries import Document
from reporting.storage.staff_names import read_sealed_names

log = get_logger(__name__)


async def names_of(reads: Reader, people: Iterable[StaffId]) -> dict[StaffId, str]:
    """The names of those of `people` whom the caller may see by name.

    Raises:
        sqlalchemy.exc.SQLAlchemyError, OSError: the database is away.
    """
    wanted = {each for each in people if Sight.STAFF in reads.sights or each == reads.caller.subject}
    if not wanted:
        return {}
    async with reads.state.engine.connect() as connection:
        sealed = await read_sealed_names(connection, reads.campaign, reads.root, wanted)
    names: dict[StaffId, str] = {}
    for person, name in sealed.items():
        try:
            names[person] = open_staff_name(reads.state.staff_ring, name, person)
        except SealError as error:
            # One name that cannot be opened must not hide everybody's numbers.
            log.error("the name of a member of staff cannot be opened", staff=person, error=str(error))
    return names


async def with_names(reads: Reader, flags: Document) -> Document:
    """The answer of flags with the names of the recruiters in it."""
    told = flags["recruiters"] or []
    names = await names_of(reads, {flag["recruiter"] for flag in told})
    named = [{**flag, "name": names.get(flag["recruiter"])} for flag in told]
    return {**flags, "recruiters": None if flags["recruiters"] is None else named}
