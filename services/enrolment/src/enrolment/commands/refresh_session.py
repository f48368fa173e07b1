"""Exchange a refresh token for new tokens. What a token is worth is decided in `domain.refreshing`."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.commands.sign_in import SignedIn
from enrolment.domain.refreshing import REFRESH_LIFETIME, Exchange, Family, judge_token
from enrolment.refresh_tokens import RefreshToken, new_salt
from enrolment.staffing import Staffing
from enrolment.storage import sessions, staff
from enrolment.storage.sessions import Session
from enrolment.storage.staff_log import tell_standing
from enrolment.storage.staff_record import What, note
from mitra_shared.database import retrying
from mitra_shared.ids import StaffId
from mitra_shared.log import UnitOfWork, unit_of_work


class SessionOver(Exception):
    """The token gives nothing; the device has to sign in again. The message says why, in one word."""


class AlreadyRefreshed(Exception):
    """The token was exchanged a moment ago, twice; whoever did so has its successor."""


@dataclass(frozen=True, slots=True)
class RefreshSession:
    """What a device sends: a token that carries our tag."""

    token: RefreshToken
    asked_at: datetime


async def refresh_session(command: RefreshSession, staffing: Staffing, engine: AsyncEngine) -> SignedIn:
    """Give the next tokens, or the same ones again to a device that did not get them.

    A replayed token ends the session and is recorded; tokens of the session are refused from then on.

    Raises:
        SessionOver: `unknown`, `replayed`, `expired` or `ended`.
        AlreadyRefreshed: the answer was given twice; nothing is changed.
        sqlalchemy.exc.DBAPIError: the database is away; asking again is safe for a minute.
    """

    async def exchange() -> SignedIn | Exchange | None:
        async with unit_of_work(engine) as unit:
            session = await sessions.find(unit.connection, command.token.session)
            if session is None:
                return None
            verdict = _judged(session, command)
            match verdict:
                case Exchange.ROTATE | Exchange.REPEAT:
                    return await _given(unit, session, verdict, command, staffing)
                case Exchange.REPLAYED:
                    await _end_family(unit, session, command)
            return verdict

    match await retrying(exchange):
        case SignedIn() as given:
            return given
        case None:
            raise SessionOver("unknown")
        case Exchange.ALREADY_DONE:
            raise AlreadyRefreshed
        case verdict:
            raise SessionOver(verdict.name.lower())


def _judged(session: Session, command: RefreshSession) -> Exchange:
    return judge_token(
        Family(
            session.generation,
            session.rotated_at,
            session.retried,
            session.expires_at,
            session.ended_at is not None,
        ),
        generation=command.token.generation,
        is_current=command.token.hash == session.token_hash,
        now=command.asked_at,
    )


async def _given(
    unit: UnitOfWork,
    session: Session,
    verdict: Exchange,
    command: RefreshSession,
    staffing: Staffing,
) -> SignedIn | Exchange:
    """The tokens, if the person may still have any."""
    connection = unit.connection
    account = await staff.find(connection, StaffId(session.staff))
    if account is None or account.is_suspended or account.post is None:
        return Exchange.ENDED
    if verdict is Exchange.ROTATE:
        now, salt = command.asked_at, new_salt()
        token = command.token.successor(staffing.lookup, salt)
        await sessions.rotate(connection, session.id, token.hash, salt, now, now + REFRESH_LIFETIME)
    else:
        token = command.token.successor(staffing.lookup, session.salt)
        if token.hash != session.token_hash:
            # Our tag, the right generation, and yet not the token that was exchanged: made with our key.
            await _end_family(unit, session, command)
            return Exchange.REPLAYED
        await sessions.mark_retried(connection, session.id)
    return SignedIn(
        session.id,
        staffing.access_token(account, account.post, session.id),
        token.text(staffing.lookup),
        account,
        account.post,
        staffing.open_name(account),
    )


async def _end_family(unit: UnitOfWork, session: Session, command: RefreshSession) -> None:
    await sessions.end(unit.connection, [session.id], command.asked_at, "replayed")
    await note(
        unit.connection,
        What.REPLAYED,
        command.asked_at,
        staff=StaffId(session.staff),
        session=session.id,
        device=session.device,
        generation=command.token.generation,
        newest=session.generation,
    )
    await tell_standing(unit, [StaffId(session.staff)], command.asked_at)
