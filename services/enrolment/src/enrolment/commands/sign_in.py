"""Sign in on a device: login, password, perhaps a code; then a session and its first tokens.

Every attempt counts as a failure until it has succeeded, so that guesses made at once are counted one by one.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from enrolment import authenticator
from enrolment.commands.attempts import (
    Attempt,
    begin_attempt,
    forgive_attempt,
    note_failure,
    note_refused_code,
    take_back,
)
from enrolment.domain.refreshing import REFRESH_LIFETIME
from enrolment.domain.staff import Post
from enrolment.logins import Login
from enrolment.passwords import PasswordsBusy
from enrolment.refresh_tokens import first_token, new_salt
from enrolment.staffing import Staffing
from enrolment.storage import sessions, staff
from enrolment.storage.sessions import Session
from enrolment.storage.staff import Account
from enrolment.storage.staff_codes import spend_recovery_code, take_step
from enrolment.storage.staff_log import tell_standing
from enrolment.storage.staff_record import What, note
from mitra_shared.log import UnitOfWork, unit_of_work

MOST_DEVICES: Final = 10
"""Sessions of one person; the one unused longest ends when there is one more."""


class SignInRefused(Exception):
    """The login or the password is wrong, and nothing says which."""


class CodeNeeded(Exception):
    """The password is right, and the account asks for a code besides."""


class CodeRefused(Exception):
    """The code is wrong, of another time, or was used already."""


class AccountSuspended(Exception):
    """The password is right, and the account is suspended."""


class NoPost(Exception):
    """The password is right, and the person holds no post any more."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """What a device sends. `network`: where from, as `lock_out` counts it."""

    login: Login
    password: str
    code: str | None
    device: UUID
    device_name: str
    network: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session as it stands, with the tokens for it. `name` is None for staff registered without."""

    session: UUID
    access_token: str
    refresh_token: str
    account: Account
    post: Post
    name: str | None


async def sign_in(command: SignIn, staffing: Staffing, engine: AsyncEngine) -> SignedIn:
    """Sign in.

    Raises:
        LockedOut: too many failures for this login or network; in how many seconds it may be tried again.
        SignInRefused: wrong login or password.
        CodeNeeded: a code is asked for besides.
        CodeRefused: the code is wrong or was used; recorded.
        AccountSuspended: the account is suspended.
        NoPost: the person holds no post.
        PasswordsBusy: ask again in a moment.
        sqlalchemy.exc.DBAPIError: the database is away.
    """
    login_hash = staffing.login_hash(command.login)
    network_hash = staffing.lookup.digest("network", command.network)
    attempt = await begin_attempt(engine, login_hash, network_hash, command.asked_at)
    async with engine.connect() as connection:
        account = await staff.find_by_login(connection, login_hash)
    kept = None if account is None else account.password
    try:
        right, better = await staffing.passwords.check(command.password, kept)
    except PasswordsBusy:
        await take_back(engine, attempt)
        raise
    if account is None or not right:
        await note_failure(engine, attempt, account)
        raise SignInRefused
    if account.totp_is_on and command.code is None:
        await take_back(engine, attempt)
        raise CodeNeeded
    async with unit_of_work(engine) as unit:
        signed_in = await _begin(unit, command, account, attempt, staffing, better)
    if signed_in is None:
        await note_refused_code(engine, attempt, account)
        raise CodeRefused
    return signed_in


async def _begin(
    unit: UnitOfWork,
    command: SignIn,
    seen: Account,
    attempt: Attempt,
    staffing: Staffing,
    better: str | None,
) -> SignedIn | None:
    """The session; None if the code is refused.

    Raises:
        SignInRefused: the account changed since its password was looked at.
    """
    now, connection = command.asked_at, unit.connection
    account = await staff.find(connection, seen.id, for_update=True)
    if account is None or (account.password, account.login_hash) != (seen.password, seen.login_hash):
        raise SignInRefused
    if account.is_suspended:
        raise AccountSuspended
    if account.post is None:
        raise NoPost
    if account.totp_is_on and not await _code_is_right(connection, command, account, staffing):
        return None
    if better is not None:
        await staff.set_password(connection, account.id, better, None)
    ended = await sessions.end_for_room(connection, account.id, command.device, now, most=MOST_DEVICES)
    token, salt = first_token(uuid4()), new_salt()
    session = Session(
        id=token.session,
        staff=account.id,
        device=command.device,
        device_name=command.device_name,
        generation=token.generation,
        token_hash=token.hash,
        salt=salt,
        retried=False,
        began_at=now,
        rotated_at=now,
        expires_at=now + REFRESH_LIFETIME,
        ended_at=None,
    )
    await sessions.insert(connection, session)
    await forgive_attempt(connection, attempt)
    await note(
        connection,
        What.SIGNED_IN,
        now,
        actor=account.id,
        staff=account.id,
        campaign=account.campaign,
        session=session.id,
        device=command.device,
    )
    if ended:
        await tell_standing(unit, [account.id], now)
    return SignedIn(
        session.id,
        staffing.access_token(account, account.post, session.id),
        token.text(staffing.lookup),
        account,
        account.post,
        staffing.open_name(account),
    )


async def _code_is_right(
    connection: AsyncConnection, command: SignIn, account: Account, staffing: Staffing
) -> bool:
    """Whether the code is one of the authenticator or a recovery code; it is spent then."""
    if command.code is None or account.totp is None:
        return False
    secret = staffing.open_totp(account.totp, account.id)
    step = authenticator.step_of(secret, command.code, command.asked_at, after=account.totp_step)
    if step is not None:
        await take_step(connection, account.id, step)
        return True
    hashed = authenticator.recovery_hash(command.code, account.id, staffing.lookup)
    return await spend_recovery_code(connection, account.id, hashed)
