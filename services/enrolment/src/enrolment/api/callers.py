"""Who may ask: dependencies of routes that give the caller, or refuse."""

from typing import Annotated

from fastapi import Depends

from mitra_shared.http.tokens import requires
from mitra_shared.security.tokens import RECRUITERS, Caller, Role

Recruiter = Annotated[Caller, Depends(requires(*RECRUITERS))]
InCharge = Annotated[Caller, Depends(requires(Role.IN_CHARGE))]
SeesRequests = Annotated[Caller, Depends(requires(Role.IN_CHARGE, Role.OPERATOR, Role.HEADQUARTERS))]
SeesDataProtection = Annotated[Caller, Depends(requires(Role.OPERATOR, Role.HEADQUARTERS))]
Operator = Annotated[Caller, Depends(requires(Role.OPERATOR))]
Anybody = Annotated[Caller, Depends(requires())]
"""Anybody with a token."""
