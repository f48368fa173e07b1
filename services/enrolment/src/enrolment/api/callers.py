"""Who may ask: dependencies of routes that give the caller, or refuse."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from enrolment.domain.staff import APPOINTING, Appointer
from enrolment.staff_problems import NO_SESSION
from mitra_shared.http.tokens import requires
from mitra_shared.ids import StaffId
from mitra_shared.security.tokens import RECRUITERS, STAFF, Caller, Role

Recruiter = Annotated[Caller, Depends(requires(*RECRUITERS))]
InCharge = Annotated[Caller, Depends(requires(Role.IN_CHARGE))]
Broadcasts = Annotated[Caller, Depends(requires(Role.HEADQUARTERS, Role.IN_CHARGE))]
"""Who may send messages in bulk."""
SeesRequests = Annotated[Caller, Depends(requires(Role.IN_CHARGE, Role.OPERATOR, Role.HEADQUARTERS))]
SeesDataProtection = Annotated[Caller, Depends(requires(Role.OPERATOR, Role.HEADQUARTERS))]
Operator = Annotated[Caller, Depends(requires(Role.OPERATOR))]
Anybody = Annotated[Caller, Depends(requires())]
"""Anybody with a token."""


@dataclass(frozen=True, slots=True)
class InSession:
    """Somebody who signed in on a device."""

    staff: StaffId
    session: UUID


async def _in_session(caller: Annotated[Caller, Depends(requires(*STAFF))]) -> InSession:
    try:
        return InSession(caller.subject, UUID(caller.session or ""))
    except ValueError:
        raise NO_SESSION("Sign in with login and password first; the token was minted without") from None


SignedIn = Annotated[InSession, Depends(_in_session)]
Appointing = Annotated[Caller, Depends(requires(*STAFF, Role.OPERATOR))]
"""Who may ask to fill a post. Whether this one is theirs is decided, and recorded, later."""
LookingAfter = Annotated[Caller, Depends(requires(*APPOINTING))]
"""Who looks after somebody."""


async def no_store(response: Response) -> None:
    """A dependency of routes whose answers hold secrets or names: nobody on the way keeps them."""
    response.headers["Cache-Control"] = "no-store"


def appointer(caller: Caller) -> Appointer:
    """The caller as the rules of posts see one."""
    return Appointer(caller.role, caller.area)
