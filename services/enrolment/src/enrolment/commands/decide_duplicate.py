"""Decide about two people who are likely one: merge them, call them different, or ask again.

A merge withdraws one of the two in the same transaction, as every withdrawal is, so that certificates and
counts follow. It is not taken back: who was withdrawn by mistake is enrolled again.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from enrolment.commands.look_at_duplicate import PairNotFound, find_pair
from enrolment.commands.withdraw_mitra import record_withdrawal
from enrolment.domain.duplicates import Decision, DifferentBecause, PairId, may_keep
from enrolment.messages.kinds import Message, MessageKind
from enrolment.messages.outbox import enqueue
from enrolment.storage import likely_duplicates, merged, mitras
from enrolment.storage.locks import lock_matching, lock_people
from enrolment.storage.row_security import Work, act_as, working_as
from mitra_shared.database import retrying
from mitra_shared.ids import CampaignId, MitraId
from mitra_shared.log import unit_of_work
from mitra_shared.log.unit_of_work import UnitOfWork
from mitra_shared.security.tokens import Caller


class DecidedAlready(Exception):
    """Another decision stands."""


class NotYoursToWithdraw(Exception):
    """The one to be withdrawn is not of the pair, or of another constituency."""


@dataclass(frozen=True, slots=True)
class DecideDuplicate:
    """What an in-charge decides. `keep` belongs to a merge, `reason` to two who are different."""

    pair: PairId
    campaign: CampaignId
    caller: Caller
    decision: Decision
    asked_at: datetime
    keep: MitraId | None = None
    reason: DifferentBecause | None = None
    traceparent: str | None = None


async def decide_duplicate(command: DecideDuplicate, engine: AsyncEngine) -> Row[Any]:
    """Decide; the same decision again changes nothing. Returns the pair as it stands.

    Raises:
        PairNotFound: nothing that is the caller's to decide, or one of the two is gone.
        DecidedAlready: another decision stands.
        NotYoursToWithdraw: the caller may not withdraw that person.
        sqlalchemy.exc.DBAPIError: the database is away; asking again is safe.
    """
    return await retrying(lambda: _decide(command, engine))


async def _decide(command: DecideDuplicate, engine: AsyncEngine) -> Row[Any]:
    async with unit_of_work(engine) as unit:
        connection = unit.connection
        await act_as(connection, command.caller, command.campaign, command.asked_at)
        pair = await find_pair(connection, command.pair, command.campaign, command.caller)
        if command.decision is Decision.REOPEN:
            # Whoever is cleared in this moment must see that a pair is open, or have been cleared before.
            await lock_matching(connection)
        # People before the pair, as a withdrawal locks them.
        people = await _locked(connection, pair)
        pair = await find_pair(connection, command.pair, command.campaign, command.caller, for_update=True)
        if _stands(pair, command):
            return pair
        if pair.state != ("different" if command.decision is Decision.REOPEN else "open"):
            raise DecidedAlready
        await likely_duplicates.decide(
            connection,
            command.pair,
            command.decision,
            reason=command.reason,
            kept=command.keep,
            by=command.caller.subject,
            at=command.asked_at,
        )
        if command.decision is Decision.MERGE:
            await _withdraw_other(unit, pair, people, command)
        decided = await likely_duplicates.find(connection, command.pair)
        if decided is None:
            raise PairNotFound
    return decided


async def _locked(connection: AsyncConnection, pair: Row[Any]) -> dict[MitraId, Row[Any] | None]:
    """Both rows, without names. One may be of another constituency: whoever is to stay must not leave now."""
    async with working_as(connection, Work.UPKEEP):
        return {
            mitra: await mitras.find(connection, mitra, for_update=True)
            for mitra in sorted((pair.earlier, pair.later))
        }


def _stands(pair: Row[Any], command: DecideDuplicate) -> bool:
    """Whether this is decided already, in these words."""
    match command.decision:
        case Decision.MERGE:
            return bool(pair.state == "merged" and pair.kept == command.keep)
        case Decision.DIFFERENT:
            return bool(pair.state == "different" and pair.reason == command.reason)
        case Decision.REOPEN:
            return bool(pair.state == "open" and pair.decision == Decision.REOPEN)


async def _withdraw_other(
    unit: UnitOfWork, pair: Row[Any], people: dict[MitraId, Row[Any] | None], command: DecideDuplicate
) -> None:
    kept = command.keep
    if kept is None or not may_keep(
        kept, pair.earlier, pair.later, constituency=pair.constituency, other=pair.other_constituency
    ):
        raise NotYoursToWithdraw
    withdrawn, stays = people[pair.later if kept == pair.earlier else pair.earlier], people[kept]
    if withdrawn is None or stays is None or (withdrawn.withdrawn_at or stays.withdrawn_at) is not None:
        raise PairNotFound
    # What follows is the person's, and holds for the enrolment that stays, wherever it is.
    async with working_as(unit.connection, Work.UPKEEP):
        await lock_people(unit.connection, [withdrawn.id])
        await merged.merge(unit.connection, withdrawn.id, kept)
        if withdrawn.messages_off_at is not None:
            await mitras.set_messages_off(unit.connection, kept, withdrawn.messages_off_at)
        # The other receipt leads nowhere once that enrolment is erased, so the person is sent this one again.
        await enqueue(unit.connection, [Message(kept, MessageKind.RECEIPT, command.asked_at)])
    await record_withdrawal(
        unit,
        withdrawn,
        command.asked_at,
        command.traceparent,
        command.caller.subject,
        as_duplicate=True,
    )
