"""`/v1/account`: the caller's own account: password and second factor."""

from fastapi import APIRouter, Depends, Request

from enrolment.api.callers import InSession, SignedIn, no_store
from enrolment.api.client_network import client_network
from enrolment.commands.change_password import ChangePassword, change_password
from enrolment.commands.prove_password import Holder, NoAccount, own_account
from enrolment.commands.use_authenticator import confirm_secret, show_secret, switch_off
from enrolment.service import Service
from enrolment.staff_problems import as_problems
from enrolment.staff_schemas import (
    AccountTold,
    AuthenticatorProof,
    AuthenticatorSecret,
    PasswordChange,
    PasswordProof,
    RecoveryCodes,
    StaffRole,
)
from mitra_shared.http.problems import problem_responses


def account_routes(service: Service) -> APIRouter:
    """What somebody does about the own account."""
    router = APIRouter(
        prefix="/v1/account",
        tags=["account"],
        responses=problem_responses(401, 403),
        dependencies=[Depends(no_store)],
    )

    def holder(caller: InSession, http: Request) -> Holder:
        network = client_network(http, service.staffing.proxies)
        return Holder(caller.staff, caller.session, network, service.clock())

    @router.get("", summary="Your account")
    async def account(caller: SignedIn, http: Request) -> AccountTold:
        """Who you are here."""
        with as_problems():
            found = await own_account(holder(caller, http), service.engine)
            if found.post is None:
                raise NoAccount
        return AccountTold(
            id=found.id,
            name=service.staffing.open_name(found),
            role=StaffRole(found.post.role.value),
            campaign=found.campaign,
            area=found.post.area,
            login=service.staffing.open_login(found) or "",
            asks_for_codes=found.totp_is_on,
        )

    @router.put(
        "/password",
        status_code=204,
        summary="Change your password",
        responses=problem_responses(413, 415, 429),
    )
    async def password(request: PasswordChange, caller: SignedIn, http: Request) -> None:
        """All your other devices have to sign in again."""
        command = ChangePassword(holder(caller, http), request.current, request.new)
        with as_problems():
            await change_password(command, service.staffing, service.engine)
        await service.look_at_revocations()

    @router.post(
        "/authenticator",
        status_code=201,
        summary="Begin to use an authenticator",
        responses=problem_responses(409, 413, 415, 429),
    )
    async def begin(request: PasswordProof, caller: SignedIn, http: Request) -> AuthenticatorSecret:
        """Get a secret for the app. Codes are asked for once one of them was confirmed."""
        with as_problems():
            made = await show_secret(holder(caller, http), request.password, service.staffing, service.engine)
        return AuthenticatorSecret(secret=made.secret, address=made.address)

    @router.post(
        "/authenticator/confirmation", summary="Switch codes on", responses=problem_responses(409, 413, 415)
    )
    async def confirm(request: AuthenticatorProof, caller: SignedIn, http: Request) -> RecoveryCodes:
        """Show that the app has the secret. From now on signing in takes a code."""
        with as_problems():
            codes = await confirm_secret(holder(caller, http), request.code, service.staffing, service.engine)
        return RecoveryCodes(recovery_codes=codes)

    @router.post(
        "/authenticator/removal",
        status_code=204,
        summary="Switch codes off",
        responses=problem_responses(413, 415, 429),
    )
    async def remove(request: PasswordProof, caller: SignedIn, http: Request) -> None:
        """Signing in takes no code any more."""
        with as_problems():
            await switch_off(holder(caller, http), request.password, service.staffing, service.engine)

    return router
