"""Record what came of a contact, once. Whoever asked to stop is withdrawn in the same transaction."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from enrolment.clock import india_day, start_of_india_day
from enrolment.commands.look_at_mitra import MitraGone
from enrolment.commands.withdraw_mitra import MitraNotFound, record_withdrawal, withdraw_who_stays
from enrolment.domain.contacting import LONGEST_BACK, WAS_REACHED, Contact, Outcome, check_contact
from enrolment.domain.refusals import Objected, Refusal
from enrolment.domain.rounds import known_round
from enrolment.domain.rules import OpinionRound, Rules
from enrolment.storage import contacts, mitras
from enrolment.storage.care import carer_of
from enrolment.storage.locks import lock_people
from enrolment.storage.merged import note_reached
from enrolment.storage.row_security import Work, act_as, work_as
from mitra_shared.access_record.record import has_looked
from mitra_shared.database import retrying
from mitra_shared.ids import CampaignId
from mitra_shared.log import unit_of_work
from mitra_shared.security.tokens import Caller, Role


class ContactIdTaken(Exception):
    """Another contact has this id."""


class Recorded(StrEnum):
    """What came of recording."""

    RECORDED = "recorded"
    KNOWN = "known"
    """The same contact was recorded before."""


@dataclass(frozen=True, slots=True)
class RecordContact:
    """A contact that a member of staff made with somebody in the own care, now or when it was made."""

    contact: Contact
    caller: Caller
    told_at: datetime
    traceparent: str | None = None


async def record_contact(command: RecordContact, rules: Rules, engine: AsyncEngine) -> Recorded:
    """Keep the contact, with its day and no hour.

    Raises:
        Objected: with every objection.
        ContactIdTaken: see there.
        MitraNotFound: not of this constituency, never in the caller's care, or nobody.
        MitraGone: withdrawn.
        sqlalchemy.exc.DBAPIError: the database is away; telling again is safe.
    """
    return await retrying(lambda: _record(command, rules, engine))


async def _record(command: RecordContact, rules: Rules, engine: AsyncEngine) -> Recorded:
    contact, caller = command.contact, command.caller
    planned = known_round(rules, contact.round)
    if isinstance(planned, Refusal):
        raise Objected((planned,))
    today = india_day(command.told_at)
    async with unit_of_work(engine) as unit:
        await act_as(unit.connection, caller, rules.campaign, command.told_at)
        if await _is_known(unit.connection, contact, caller):
            return Recorded.KNOWN
        row = await _person(unit.connection, command, rules.campaign)
        if row.withdrawn_at is not None:
            # The same contact, told twice at once, may have done that.
            if await _is_known(unit.connection, contact, caller):
                return Recorded.KNOWN
            # The contact itself is not kept, as none is with whoever has withdrawn.
            if contact.outcome is Outcome.ASKED_TO_STOP and await withdraw_who_stays(
                unit, row, command.told_at, command.traceparent, caller.subject
            ):
                return Recorded.RECORDED
            _check(contact, planned, row, today)
            if contact.outcome in WAS_REACHED and await _reached_who_stays(unit.connection, row, contact):
                return Recorded.RECORDED
            raise MitraGone
        _check(contact, planned, row, today)
        if not await contacts.insert(unit.connection, contact, row, caller, today):
            if await _is_known(unit.connection, contact, caller):
                return Recorded.KNOWN
            raise ContactIdTaken
        if contact.outcome is Outcome.ASKED_TO_STOP:
            await record_withdrawal(unit, row, command.told_at, command.traceparent, through=caller.subject)
    return Recorded.RECORDED


def _check(contact: Contact, planned: OpinionRound, row: Row[Any], today: date) -> None:
    refusals = check_contact(contact, planned, enrolled_on=india_day(row.enrolled_at), today=today)
    if refusals:
        raise Objected(refusals)


async def _reached_who_stays(connection: AsyncConnection, row: Row[Any], contact: Contact) -> bool:
    """Whoever was reached before the phone knew of a merge is not called again under the other enrolment."""
    await work_as(connection, Work.UPKEEP)
    return await note_reached(connection, row, contact.round)


async def _person(connection: AsyncConnection, command: RecordContact, campaign: CampaignId) -> Row[Any]:
    """The person's row, which nobody empties until the end of the transaction.

    Raises:
        MitraNotFound: not of the caller's constituency, never in the caller's care, or nobody.
    """
    mitra = command.contact.mitra
    stops = command.contact.outcome is Outcome.ASKED_TO_STOP
    if not stops:
        await lock_people(connection, [mitra], shared=True)
    row = await mitras.find(connection, mitra, for_update=stops)
    if row is None or (row.campaign, row.constituency) != (campaign, command.caller.area):
        raise MitraNotFound
    if not await _is_in_care(connection, row, command):
        raise MitraNotFound
    return row


async def _is_in_care(connection: AsyncConnection, row: Row[Any], command: RecordContact) -> bool:
    """Whether the caller has the person in care, or had: people change hands while phones are offline.

    Who had them in between is known by a look that is on record.
    """
    caller = command.caller
    if caller.role is Role.IN_CHARGE or caller.subject == row.recruiter:
        return True
    if await carer_of(connection, row.id, row.recruiter) == caller.subject:
        return True
    since = start_of_india_day(command.told_at) - LONGEST_BACK
    return await has_looked(connection, caller.subject, row.id, since)


async def _is_known(connection: AsyncConnection, contact: Contact, caller: Caller) -> bool:
    """Whether exactly this contact is kept.

    Raises:
        ContactIdTaken: another contact has the id.
    """
    known = await contacts.find(connection, contact.id)
    if known is None:
        return False
    if known != (contact, caller.subject):
        raise ContactIdTaken
    return True
