"""Attempts to sign in: counted before they are made, taken back when they come to nothing or succeed."""

from dataclasses import dataclass
from datetime import datetime
from math import ceil

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from enrolment.domain.lock_out import FREE_FAILURES, Scope, wait_after
from enrolment.storage import sessions
from enrolment.storage.sessions import Failures
from enrolment.storage.staff import Account
from enrolment.storage.staff_record import What, note_refusal
from mitra_shared.database import retrying
from mitra_shared.log import unit_of_work


class LockedOut(Exception):
    """Nobody may try this login, or from this network, for `seconds`."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"for {seconds} s")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt, and how many of this login have failed in a row if it does."""

    login_hash: bytes
    network_hash: bytes
    made_at: datetime
    failures: int


async def begin_attempt(
    engine: AsyncEngine, login_hash: bytes, network_hash: bytes, now: datetime
) -> Attempt:
    """Count one more failure; it is taken back if it turns out to be none.

    Raises:
        LockedOut: it is not even tried, and not counted.
        sqlalchemy.exc.DBAPIError: the database is away.
    """
    return await retrying(lambda: _begin(engine, login_hash, network_hash, now))


async def _begin(engine: AsyncEngine, login_hash: bytes, network_hash: bytes, now: datetime) -> Attempt:
    number = 0
    async with unit_of_work(engine) as unit:
        # Always in this order, so that two attempts never wait for each other.
        for scope, key in ((Scope.ADDRESS, network_hash), (Scope.LOGIN, login_hash)):
            known = await sessions.failures(unit.connection, scope, key, now)
            # An attempt that came later may have been counted first; that alone locks nobody out.
            if wait_after(scope, known.number) and known.locked_until > now:
                raise LockedOut(ceil((known.locked_until - now).total_seconds()))
            number = known.number + 1
            counted = Failures(number, now + wait_after(scope, number))
            await sessions.set_failures(unit.connection, scope, key, counted, now)
    return Attempt(login_hash, network_hash, now, number)


async def take_back(engine: AsyncEngine, attempt: Attempt) -> None:
    """The attempt proved nothing: as if it had not been made."""
    async with unit_of_work(engine) as unit:
        await _forgive(unit.connection, attempt, whole=False)


async def forgive_attempt(connection: AsyncConnection, attempt: Attempt) -> None:
    """The attempt succeeded: failures of the login are forgotten.

    Those of the network are not, except this one, or whoever has an account could guess at others for ever.
    """
    await _forgive(connection, attempt, whole=True)


async def _forgive(connection: AsyncConnection, attempt: Attempt, *, whole: bool) -> None:
    now = attempt.made_at
    await sessions.forgive(connection, Scope.ADDRESS, attempt.network_hash, now, whole=False)
    await sessions.forgive(connection, Scope.LOGIN, attempt.login_hash, now, whole=whole)


async def note_refused_code(engine: AsyncEngine, attempt: Attempt, account: Account) -> None:
    """Record a wrong code from the first one on: whoever sent it knows the password."""
    async with unit_of_work(engine) as unit:
        await note_refusal(
            unit.connection,
            What.REFUSED_CODE,
            attempt.made_at,
            staff=account.id,
            campaign=account.campaign,
            failures=attempt.failures,
        )


async def note_failure(engine: AsyncEngine, attempt: Attempt, account: Account | None) -> None:
    """Record failures of an account that begin to cost a wait."""
    if account is None or attempt.failures < FREE_FAILURES[Scope.LOGIN]:
        return
    async with unit_of_work(engine) as unit:
        await note_refusal(
            unit.connection,
            What.REFUSED_SIGN_IN,
            attempt.made_at,
            staff=account.id,
            campaign=account.campaign,
            failures=attempt.failures,
        )
