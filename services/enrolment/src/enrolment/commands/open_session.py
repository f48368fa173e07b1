"""Open the own page of a person who has the right code. Every try is counted, and recorded if refused."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from secrets import token_urlsafe
from typing import Any, Final, NamedTuple

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.codes import TRIES, ChallengeId, code_of
from enrolment.receipts import Receipt
from enrolment.seals import Seals
from enrolment.storage import codes, mitras, person_sessions
from enrolment.storage.row_security import Work, work_as
from enrolment.storage.staff_record import What, note_refusal
from mitra_shared.database import retrying
from mitra_shared.ids import MitraId, StaffId
from mitra_shared.log import unit_of_work
from mitra_shared.security.lookup import KeyedHash

SESSION_LASTS: Final = timedelta(minutes=15)
_TOKEN_BYTES: Final = 32


class WrongCode(Exception):
    """Wrong, expired, used, tried too often, or of no receipt: a caller cannot tell which."""


class _Why(StrEnum):
    """Why a try is refused, for the record alone."""

    NOT_ASKED = "not-asked"
    """No code was asked for in the last day."""
    USED = "used"
    EXPIRED = "expired"
    SPOILED = "spoiled"
    """By too many tries."""
    WRONG = "wrong"
    GONE = "gone"
    """Right, but the person was erased since."""


class PersonSession(NamedTuple):
    """A person at the own page. `token` is what the browser keeps."""

    mitra: MitraId
    receipt: Receipt
    token: str


@dataclass(frozen=True, slots=True)
class OpenSession:
    """What somebody types who has asked for a code."""

    receipt: Receipt
    code: str
    asked_at: datetime
    helper: StaffId | None = None
    """Who of the staff helps, with their own device."""


async def open_session(command: OpenSession, engine: AsyncEngine, seals: Seals) -> PersonSession:
    """Open a session with the newest code of a receipt. Every try counts, whatever is wrong with it.

    Raises:
        WrongCode: see there; recorded.
        sqlalchemy.exc.DBAPIError: the database is away.
    """
    session = await retrying(lambda: _open(command, engine, seals))
    if session is None:
        raise WrongCode
    return session


async def _open(command: OpenSession, engine: AsyncEngine, seals: Seals) -> PersonSession | None:
    receipt, now = seals.receipt_hash(command.receipt), command.asked_at
    async with unit_of_work(engine) as unit:
        row = await codes.newest(unit.connection, receipt)
        await work_as(unit.connection, Work.OWN_DATA)
        mitra = await mitras.of_receipt(unit.connection, receipt)
        why = _refused(row, command, seals)
        is_open = why is None and mitra is not None
        if row is not None:
            await codes.count_try(unit.connection, row.id, used_at=now if is_open else None)
        if not is_open or mitra is None:
            await note_refusal(
                unit.connection,
                What.REFUSED_OWN_PAGE,
                now,
                actor=command.helper,
                mitra=mitra,
                why=why or _Why.GONE,
            )
            return None
        session = PersonSession(mitra, command.receipt, token_urlsafe(_TOKEN_BYTES))
        await person_sessions.begin(
            unit.connection, token_hash(session.token, seals.lookup), mitra, receipt, now + SESSION_LASTS
        )
    return session


def _refused(row: Row[Any] | None, command: OpenSession, seals: Seals) -> _Why | None:
    """What is wrong with a try; None: it has the code of `row`, the newest of the receipt."""
    if row is None:
        return _Why.NOT_ASKED
    if row.used_at is not None:
        return _Why.USED
    if row.expires_at <= command.asked_at:
        return _Why.EXPIRED
    if row.tries >= TRIES:
        return _Why.SPOILED
    right = code_of(ChallengeId(row.id), seals.lookup)
    return None if hmac.compare_digest(right.encode(), command.code.encode()) else _Why.WRONG


async def find_session(
    engine: AsyncEngine, seals: Seals, receipt: Receipt, token: str, now: datetime
) -> PersonSession | None:
    """The session behind a token, if it is of this receipt and has not ended."""
    async with engine.connect() as connection:
        mitra = await person_sessions.person(
            connection, token_hash(token, seals.lookup), seals.receipt_hash(receipt), now
        )
    return None if mitra is None else PersonSession(mitra, receipt, token)


async def close_session(engine: AsyncEngine, seals: Seals, token: str) -> None:
    """End a session; one that has ended stays so."""
    async with unit_of_work(engine) as unit:
        await person_sessions.end(unit.connection, token_hash(token, seals.lookup))


def token_hash(token: str, key: KeyedHash) -> bytes:
    """What is kept of a token."""
    return key.digest("person-session", token)


def form_secret(session: PersonSession, key: KeyedHash) -> str:
    """What a form of this session carries, so that no other site can send it."""
    return key.digest("person-form", session.token).hex()[:32]


def is_form_of(session: PersonSession, given: str, key: KeyedHash) -> bool:
    """Whether a form was made for this session."""
    return hmac.compare_digest(form_secret(session, key).encode(), given.encode())
