"""`/v1/sessions`: signing in, going on, signing out."""

from uuid import UUID

from fastapi import APIRouter, Depends, Request

from enrolment.api.callers import SignedIn, no_store
from enrolment.api.client_network import client_network
from enrolment.commands import sign_in as signing_in
from enrolment.commands.end_session import end_session
from enrolment.commands.refresh_session import RefreshSession, SessionOver, refresh_session
from enrolment.commands.sign_in import SignIn, sign_in
from enrolment.domain.refreshing import ACCESS_LIFETIME, REFRESH_LIFETIME
from enrolment.logins import WHAT_IS_RIGHT, InvalidLogin, login_of
from enrolment.refresh_tokens import NotOurToken, parse_token
from enrolment.service import Service
from enrolment.staff_problems import as_problems
from enrolment.staff_schemas import (
    Device,
    RefreshRequest,
    SessionGiven,
    SessionsTold,
    SessionTold,
    SignInRequest,
    StaffRole,
    StaffSignedIn,
)
from enrolment.storage import sessions
from mitra_shared.http.problems import invalid_fields, problem_responses


def session_routes(service: Service) -> APIRouter:
    """Sessions of devices."""
    router = APIRouter(prefix="/v1/sessions", tags=["sessions"], dependencies=[Depends(no_store)])

    @router.post("", status_code=201, summary="Sign in", responses=problem_responses(401, 403, 413, 415, 429))
    async def begin(request: SignInRequest, http: Request) -> SessionGiven:
        """Begin a session on a device. Signing in again on it ends the one before."""
        try:
            login = login_of(request.login)
        except InvalidLogin:
            wrong = {"field": "login", "message": "is neither", "expected": WHAT_IS_RIGHT}
            raise invalid_fields([wrong]) from None
        command = SignIn(
            login=login,
            password=request.password,
            code=request.code,
            device=request.device.id,
            device_name=request.device.name,
            network=client_network(http, service.staffing.proxies),
            asked_at=service.clock(),
        )
        with as_problems():
            begun = await sign_in(command, service.staffing, service.engine)
        await service.look_at_revocations()
        return _given(begun)

    @router.post(
        "/refresh", summary="Exchange a refresh token", responses=problem_responses(401, 409, 413, 415)
    )
    async def refresh(request: RefreshRequest) -> SessionGiven:
        """Get the next tokens; the one sent is spent.

        A device that did not get the answer may send the same token once more within 60 s, and gets the same
        refresh token. Sent later, it ends the session.
        """
        with as_problems():
            try:
                token = parse_token(request.refresh_token, service.staffing.lookup)
            except NotOurToken:
                raise SessionOver("unknown") from None
            try:
                return _given(
                    await refresh_session(
                        RefreshSession(token, service.clock()), service.staffing, service.engine
                    )
                )
            except SessionOver:
                await service.look_at_revocations()
                raise

    @router.get("", summary="Your devices", responses=problem_responses(401, 403))
    async def listing(caller: SignedIn) -> SessionsTold:
        """Where you are signed in."""
        async with service.engine.connect() as connection:
            found = await sessions.of_staff(connection, caller.staff, service.clock())
        return SessionsTold(
            sessions=[
                SessionTold(
                    id=each.id,
                    device=Device(id=each.device, name=each.device_name),
                    began_at=each.began_at,
                    last_used_at=each.rotated_at,
                    expires_at=each.expires_at,
                    current=each.id == caller.session,
                )
                for each in found
            ]
        )

    @router.delete("/current", status_code=204, summary="Sign out", responses=problem_responses(401, 403))
    async def end_current(caller: SignedIn) -> None:
        """End the session of this device."""
        await _end(service, caller.session, caller)

    @router.delete(
        "/{session_id}",
        status_code=204,
        summary="Sign out of another device",
        responses=problem_responses(401, 403, 404),
    )
    async def end_other(session_id: UUID, caller: SignedIn) -> None:
        """End a session of yours. Asking again gives the same answer."""
        await _end(service, session_id, caller)

    return router


async def _end(service: Service, session: UUID, caller: SignedIn) -> None:
    with as_problems():
        await end_session(service.engine, session, of=caller.staff, at=service.clock())
    await service.look_at_revocations()


def _given(signed_in: signing_in.SignedIn) -> SessionGiven:
    return SessionGiven(
        access_token=signed_in.access_token,
        expires_in=int(ACCESS_LIFETIME.total_seconds()),
        refresh_token=signed_in.refresh_token,
        refresh_expires_in=int(REFRESH_LIFETIME.total_seconds()),
        session_id=signed_in.session,
        staff=StaffSignedIn(
            id=signed_in.account.id,
            name=signed_in.name,
            role=StaffRole(signed_in.post.role.value),
            campaign=signed_in.account.campaign,
            area=signed_in.post.area,
        ),
    )
