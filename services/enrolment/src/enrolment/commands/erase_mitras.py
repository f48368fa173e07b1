"""Erase those whose time has come: everything in one transaction, so that a person is whole or erased.

What carries copies follows: the relay writes the streams anew, and `commands.complete_erasures` sees to the
rest.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from enrolment.problems import ERASED_SINCE, as_text
from enrolment.storage import erasures, mitras
from enrolment.storage.broadcast_messages import forget_recipients
from enrolment.storage.contacts import forget_contacts
from enrolment.storage.erasures import Erased
from enrolment.storage.forgetting import forget_rights
from enrolment.storage.locks import lock_people, try_lock_upkeep
from enrolment.storage.matching import forget_matching
from enrolment.storage.merged import forget_merged
from enrolment.storage.row_security import Work, work_as
from enrolment.storage.scrubbing import scrub, scrub_people
from mitra_shared.contracts.event import MitraEvent
from mitra_shared.contracts.events import MitraErasedV1, MitraWithdrawnV1
from mitra_shared.contracts.topics import ENROLMENT
from mitra_shared.ids import new_event_id
from mitra_shared.log import unit_of_work
from mitra_shared.log.append import Emitted, append
from mitra_shared.log.rewrite import ask_for_rewrite

_GONE: Final = ERASED_SINCE(
    "Somebody was enrolled under this key and has been erased since, on request or because the time was over."
    " Do not send this again, under no key."
)
"""In place of the answer that the enrolment was given."""

PEOPLE_AT_A_TIME: Final = 200
"""Erased together; bounds how long the heads of their partitions are held."""


async def erase_mitras(engine: AsyncEngine, now: datetime, *, at_most: int = PEOPLE_AT_A_TIME) -> int:
    """Erase a bounded number of people who are due. Returns how many; ask again until 0.

    Raises:
        sqlalchemy.exc.DBAPIError: the database is away; nobody is erased by half.
    """
    async with unit_of_work(engine) as unit:
        if not await try_lock_upkeep(unit.connection):
            return 0
        await work_as(unit.connection, Work.UPKEEP)
        people = await erasures.take_due(unit.connection, now, at_most=at_most)
        if people:
            await erase(unit.connection, people, now)
    return len(people)


async def erase(connection: AsyncConnection, people: Sequence[Row[Any]], now: datetime) -> None:
    """Erase these people, whose rows are locked; the last thing in a transaction."""
    mitras_erased = [person.id for person in people]
    await lock_people(connection, mitras_erased)
    await forget_matching(connection, mitras_erased, erased=True)
    # Also what was not counted: a count told beside the erasure would say for ever who was called when.
    await forget_contacts(connection, mitras_erased)
    await forget_merged(connection, mitras_erased)
    await scrub(connection, people, status=_GONE.status, body=as_text(_GONE))
    events: list[MitraEvent] = []
    withdrawn: list[int] = []
    erased: list[Erased] = []
    for person in people:
        if person.withdrawn_at is None:
            withdrawn.append(len(events))
            events.append(MitraWithdrawnV1(basis=person.basis, **_about(person, now)))
        event = MitraErasedV1(**_about(person, now))
        events.append(event)
        erased.append(
            Erased(
                person.id,
                person.campaign,
                person.partition,
                person.erasure_why,
                person.erasure_noticed_at,
                event.event_id,
            )
        )
    places = await append(connection, ENROLMENT, [Emitted(event, None) for event in events])
    for index in withdrawn:
        await mitras.mark_withdrawn(connection, events[index].mitra_id, now, places[index])
    await forget_rights(connection, mitras_erased)
    await forget_recipients(connection, mitras_erased, now)
    await scrub_people(connection, mitras_erased, now)
    await erasures.enter(connection, erased, now)
    await ask_for_rewrite(connection, ENROLMENT, {person.partition for person in people})


def _about(person: Row[Any], now: datetime) -> dict[str, Any]:
    return {
        "event_id": new_event_id(),
        "campaign": person.campaign,
        "occurred_at": now,
        "mitra_id": person.id,
        "constituency": person.constituency,
        "segment": person.segment,
    }
