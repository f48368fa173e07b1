"""Consuming the log `staff`, in a group of its own: what holds up the other logs holds up no suspension."""

import json
from collections.abc import Collection
from typing import Any, Final

from faststream.redis import RedisBroker
from sqlalchemy import text

from mitra_shared.consume.erasing import without
from mitra_shared.consume.feeding import Delivery, Feed, subscriber
from mitra_shared.consume.group import ConsumerGroup
from mitra_shared.contracts.events import StaffLogEvent, StaffStandingV1
from mitra_shared.contracts.topics import STAFF, Topic
from mitra_shared.ids import Partition, StaffId
from mitra_shared.log.append import Place
from mitra_shared.log.unit_of_work import UnitOfWork

# An event that was put away may be played after later ones of the same person: those are the truth.
_KEEP: Final = text(
    """
    insert into staff_standing as known (staff, campaign, state, post, former, ended, name, partition, epoch,
                                         position, replayed)
    select new.*, true from unnest(
        cast(:staff as text[]), cast(:campaign as text[]), cast(:state as text[]), cast(:post as json[]),
        cast(:former as json[]), cast(:ended as json[]), cast(:name as text[]),
        cast(:partition as smallint[]), cast(:epoch as integer[]), cast(:position as bigint[])) as new
    on conflict (staff) do update
    set campaign = excluded.campaign, state = excluded.state, post = excluded.post, former = excluded.former,
        ended = excluded.ended, name = excluded.name, partition = excluded.partition, epoch = excluded.epoch,
        position = excluded.position, replayed = true
    where not known.replayed or (excluded.epoch, excluded.position) > (known.epoch, known.position)
    """
)
_CHANGED: Final = text("update staff_standing_change set version = version + 1 where id = 1")
_LETTERS: Final = text(
    """
    select id, payload from dead_letter
    where topic = 'staff' and strpos(payload, '"name"') > 0
      and exists (select from unnest(cast(:written as text[])) as nameless(staff)
                  where strpos(payload, nameless.staff) > 0)
    for update
    """
)
_SCRUBBED: Final = text("update dead_letter set payload = :payload where id = :id")
_LEFT_OVER: Final = text("delete from staff_standing where partition = :partition and not replayed")
_TO_REPLAY: Final = text("update staff_standing set replayed = false where partition = :partition")


def standing_group(broker: RedisBroker, service: str, *, with_names: bool) -> ConsumerGroup:
    """The group `<service>-staff`; names are kept, sealed, only by who shows them."""

    @subscriber(broker, STAFF)
    async def on_staff(events: list[StaffLogEvent], delivery: Delivery) -> None:
        """Whose tokens count, by person."""
        await keep_standings(events, delivery, with_names=with_names)

    return ConsumerGroup(f"{service}-staff", broker, topics=(STAFF,), forget=expect_again)


async def keep_standings(events: list[StaffLogEvent], delivery: Feed, *, with_names: bool) -> None:
    """Keep the last of each person in a batch."""
    last: dict[StaffId, tuple[StaffStandingV1, Place]] = {
        event.staff: (event, place) for event, place in zip(events, delivery.places, strict=True)
    }
    rows = [_row(event, place, with_names=with_names) for event, place in last.values()]
    await delivery.unit.connection.execute(_KEEP, {name: [row[name] for row in rows] for name in rows[0]})
    await delivery.unit.connection.execute(_CHANGED)
    nameless = [staff for staff, (event, _) in last.items() if event.name is None]
    if nameless:
        await _scrub_letters(delivery.unit, nameless)


async def _scrub_letters(unit: UnitOfWork, nameless: Collection[StaffId]) -> None:
    """Take names of people who have none, or none any more, out of entries that could not be applied."""
    written = [json.dumps(staff) for staff in nameless]
    letters = await unit.connection.execute(_LETTERS, {"written": written})
    scrubbed = [
        {"id": letter.id, "payload": without(letter.payload, "name")}
        for letter in letters
        if _is_of(letter.payload, nameless)
    ]
    if scrubbed:
        await unit.connection.execute(_SCRUBBED, scrubbed)


def _is_of(payload: str, people: Collection[StaffId]) -> bool:
    """Whether it tells of one of these or cannot be read; an id may be a word in entries of others."""
    try:
        told: Any = json.loads(payload)
    except ValueError:
        return True
    return not isinstance(told, dict) or told.get("staff") in people


async def expect_again(unit: UnitOfWork, _topic: Topic, partition: Partition) -> None:
    """A partition begins again: what it told counts until it is told anew.

    Otherwise whoever is suspended could call for as long as the replay takes. What is not told anew was on a
    branch of the log that a restored database has lost, and goes when the partition begins again once more.
    """
    await unit.connection.execute(_LEFT_OVER, {"partition": partition})
    await unit.connection.execute(_TO_REPLAY, {"partition": partition})
    await unit.connection.execute(_CHANGED)


def _row(event: StaffStandingV1, place: Place, *, with_names: bool) -> dict[str, Any]:
    told = event.model_dump(mode="json")
    return {
        "staff": event.staff,
        "campaign": event.campaign,
        "state": event.state,
        "post": None if told["post"] is None else json.dumps(told["post"]),
        "former": json.dumps(told["former"]),
        "ended": json.dumps(told["ended"]),
        "name": event.name if with_names else None,
        "partition": place.partition,
        "epoch": place.epoch,
        "position": place.position,
    }
