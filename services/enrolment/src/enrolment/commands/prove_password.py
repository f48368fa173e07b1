"""Ask for the password once more, before something that whoever finds an open phone must not do."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.commands.attempts import begin_attempt, note_failure, take_back
from enrolment.passwords import PasswordsBusy
from enrolment.staffing import Staffing
from enrolment.storage import staff
from enrolment.storage.staff import Account
from mitra_shared.ids import StaffId


class NoAccount(Exception):
    """The caller's token is of no account that signs in."""


class PasswordWrong(Exception):
    """It is not the password of the account."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who asks, on which device, from which network (as `lock_out` counts it), when."""

    staff: StaffId
    session: UUID
    network: str
    asked_at: datetime


async def own_account(holder: Holder, engine: AsyncEngine) -> Account:
    """The account of whoever asks.

    Raises:
        NoAccount: there is none, or it has no password.
    """
    async with engine.connect() as connection:
        account = await staff.find(connection, holder.staff)
    if account is None or account.login_hash is None or account.password is None:
        raise NoAccount
    return account


async def prove_password(holder: Holder, password: str, staffing: Staffing, engine: AsyncEngine) -> Account:
    """The account, if that is its password. Wrong ones count as failed sign-ins.

    Raises:
        NoAccount: there is none, or it has no password.
        PasswordWrong: it is another one.
        LockedOut: too many failures.
        PasswordsBusy: ask again in a moment.
        sqlalchemy.exc.DBAPIError: the database is away.
    """
    account = await own_account(holder, engine)
    if account.login_hash is None:
        raise NoAccount
    network_hash = staffing.lookup.digest("network", holder.network)
    attempt = await begin_attempt(engine, account.login_hash, network_hash, holder.asked_at)
    try:
        right, _ = await staffing.passwords.check(password, account.password)
    except PasswordsBusy:
        await take_back(engine, attempt)
        raise
    if not right:
        await note_failure(engine, attempt, account)
        raise PasswordWrong
    # Only this failure: a right password must not pay for guesses at the code.
    await take_back(engine, attempt)
    return account
