"""Who calls: the bearer token of a request, verified, as a `Caller`.

`app.state.tokens` holds the `TokenVerifier`; `create_api` puts it there.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from starlette.datastructures import State
from starlette.types import Scope

from mitra_shared.http.problems import FORBIDDEN, Problem, unauthorized
from mitra_shared.security.tokens import Caller, InvalidToken, Role, TokenVerifier

_SCHEME: Final = "bearer "

bearer: Final = HTTPBearer(
    bearerFormat="JWT", scheme_name="bearer", description="ES256 JWT, audience `mitra`", auto_error=False
)
"""The security scheme of the OpenAPI document."""


def caller_of(request: Request) -> Caller:
    """Who sent `request`.

    Raises:
        Problem: 401, without a token or with one that is refused.
    """
    return caller_in(request.scope)


def caller_in(scope: Scope) -> Caller:
    """`caller_of` for code that has no request object."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            text = value.decode("latin-1")
            break
    else:
        raise unauthorized()
    if text[: len(_SCHEME)].lower() != _SCHEME:
        raise unauthorized()
    state: State = scope["app"].state
    verifier: TokenVerifier = state.tokens
    try:
        return verifier.verify(text[len(_SCHEME) :].strip())
    except InvalidToken as error:
        raise unauthorized(error.reason) from None


def check_role(caller: Caller, roles: Iterable[Role]) -> None:
    """Refuse a caller who has none of `roles`.

    Raises:
        Problem: 403 naming the roles that may.
    """
    allowed = tuple(roles)
    if caller.role not in allowed:
        raise forbidden_role(allowed)


def forbidden_role(allowed: Iterable[Role]) -> Problem:
    """403 for a caller in another role."""
    names = sorted(role.value for role in allowed)
    return FORBIDDEN(f"Only these roles may: {', '.join(names)}", roles=names)


def requires(*roles: Role) -> Callable[..., Awaitable[Caller]]:
    """A FastAPI dependency: the caller, who must have one of `roles` (any role if none is named).

    Use as `caller: Annotated[Caller, Depends(requires(Role.OPERATOR))]`. The OpenAPI document shows the
    bearer scheme on the route.
    """
    allowed = frozenset(roles) or frozenset(Role)

    # An async dependency runs in the event loop; a plain one would cost a thread switch per request.
    async def caller(request: Request, _scheme: Annotated[object, Depends(bearer)]) -> Caller:
        found = caller_of(request)
        check_role(found, allowed)
        return found

    return caller
