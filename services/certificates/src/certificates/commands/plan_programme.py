"""Plan a programme: a launch or discussion meeting at which certificates will be handed over."""

from dataclasses import dataclass

from certificates.storage import programmes
from certificates.storage.programmes import Programme
from certificates.storage.requests import Request, alone_with, check_same
from mitra_shared.log import UnitOfWork


@dataclass(frozen=True, slots=True)
class PlanProgramme:
    """A programme of which nothing is reported yet."""

    programme: Programme
    request: Request


async def plan_programme(unit: UnitOfWork, command: PlanProgramme) -> Programme:
    """Write it down.

    Returns:
        The programme; the same one as before if the request had come before.

    Raises:
        KeyReused: the key belongs to another request.
    """
    await alone_with(unit.connection, command.request)
    before = await programmes.asked_before(unit.connection, command.request)
    if before is not None:
        check_same(command.request, before[0])
        return before[1]
    await programmes.insert(unit.connection, command.programme, command.request)
    return command.programme
