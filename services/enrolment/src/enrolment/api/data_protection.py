"""`/v1/data-protection` and its page: notices, requests and messages, for operators and headquarters.

Counts and deadlines only; nothing here tells of a person. Signing in on the page is as in reporting: a bearer
token becomes a cookie that scripts cannot read.
"""

from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from enrolment.api.callers import SeesDataProtection
from enrolment.api.html import answer, is_loopback
from enrolment.data_protection import DataProtection, data_protection
from enrolment.service import Service
from mitra_shared.http.problems import FORBIDDEN, Problem, problem_responses, unauthorized
from mitra_shared.http.tokens import caller_of, check_role
from mitra_shared.security.tokens import Caller, InvalidToken, Role, TokenVerifier

COOKIE: Final = "mitra_session"
_MAY_SEE: Final = (Role.OPERATOR, Role.HEADQUARTERS)
_REFUSED: Final = frozenset({401, 403})


def data_protection_routes(service: Service) -> APIRouter:
    """The figures as JSON and as a page, and signing in to it."""
    router = APIRouter(tags=["rights"])

    async def told(caller: Caller) -> DataProtection:
        campaign = await service.campaign(caller.campaign)
        return await data_protection(service.engine, campaign.definition, service.clock())

    @router.get(
        "/v1/data-protection",
        summary="Notices, requests and messages",
        responses=problem_responses(401, 403, 409),
    )
    async def figures(caller: SeesDataProtection) -> DataProtection:
        """Counts and deadlines, without names."""
        return await told(caller)

    @router.get("/data-protection", include_in_schema=False)
    async def page(request: Request) -> Response:
        """The same for people."""
        try:
            caller = _signed_in(request)
        except Problem as problem:
            if problem.status not in _REFUSED:
                raise
            return answer(request, "sign_in.html", refused=COOKIE in request.cookies)
        return answer(request, "data_protection.html", told=await told(caller))

    @router.post(
        "/session",
        status_code=204,
        response_class=Response,
        include_in_schema=False,
    )
    async def sign_in(request: Request) -> Response:
        """Keep the bearer token in a cookie that scripts cannot read and other sites cannot use."""
        check_role(caller_of(request), _MAY_SEE)
        token = request.headers["authorization"].partition(" ")[2].strip()
        response = Response(status_code=204, headers={"Cache-Control": "no-store"})
        response.set_cookie(
            COOKIE, token, path="/", httponly=True, samesite="strict", secure=not is_loopback(request)
        )
        return response

    @router.delete("/session", status_code=204, response_class=Response, include_in_schema=False)
    async def sign_out() -> Response:
        """Forget the cookie."""
        response = Response(status_code=204, headers={"Cache-Control": "no-store"})
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
        return response

    return router


def _signed_in(request: Request) -> Caller:
    token = request.cookies.get(COOKIE)
    if token is None:
        raise unauthorized()
    verifier: TokenVerifier = request.app.state.tokens
    try:
        caller = verifier.verify(token)
    except InvalidToken as error:
        raise unauthorized(error.reason) from None
    if caller.role not in _MAY_SEE:
        raise FORBIDDEN("Only operators and headquarters see this page")
    return caller
