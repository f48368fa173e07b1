"""`/session`: turns a bearer token into the cookie that the page's requests carry. Nothing is stored here."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from mitra_shared.http.problems import problem_responses
from mitra_shared.http.tokens import bearer, caller_of
from reporting.api.readers import COOKIE
from reporting.api.state import Reading, reading

router = APIRouter(tags=["session"])


@router.post(
    "/session", status_code=204, response_class=Response, responses=problem_responses(401), summary="Sign in"
)
async def sign_in(
    request: Request, state: Annotated[Reading, Depends(reading)], _scheme: Annotated[object, Depends(bearer)]
) -> Response:
    """Check the bearer token and keep it in a cookie that scripts cannot read and other sites cannot use."""
    caller_of(request)
    token = request.headers["authorization"].partition(" ")[2].strip()
    response = Response(status_code=204, headers={"Cache-Control": "no-store"})
    response.set_cookie(
        COOKIE, token, path="/", httponly=True, samesite="strict", secure=state.secure_cookies
    )
    return response


@router.delete("/session", status_code=204, response_class=Response, summary="Sign out")
async def sign_out(state: Annotated[Reading, Depends(reading)]) -> Response:
    """Forget the cookie."""
    response = Response(status_code=204, headers={"Cache-Control": "no-store"})
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict", secure=state.secure_cookies)
    return response
