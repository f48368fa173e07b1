"""Checks of the consumer groups: where they stand, what they put away, and who is silent."""

from collections import Counter
from datetime import timedelta
from typing import Final

from mitra_shared.ops.audit.report import Check
from mitra_shared.ops.audit.scene import Letter, Scene, Standing
from mitra_shared.ops.audit.sources import LISTENS, LOGS
from mitra_shared.ops.audit.streams_seen import Place, key_of, places

SILENT_AFTER: Final = timedelta(minutes=10)
"""A living group is recorded about every minute."""

UNREGISTERED_AFTER: Final = timedelta(hours=24)


async def check_positions(scene: Scene, check: Check) -> None:
    """Every group stands on an entry of its logs that still is what the group applied."""
    for group, topics in LISTENS.items():
        standings = scene.standings[group]
        if not standings:
            if group == "credentials" and await _is_signed(scene):
                check.wrong("credentials are signed, and their group has no position", group)
            else:
                check.note(f"{group} has never run")
            continue
        for place in set(standings) - set(places(topics)):
            check.wrong("a group has a position where it has nothing to read", f"{group} in {key_of(place)}")
        for place in places(topics):
            standing = standings.get(place)
            if standing is None:
                check.wrong("a group has no position in a partition", f"{group} in {key_of(place)}")
                continue
            if standing.rebuild_requested:
                check.note(
                    f"{group} is asked to rebuild partition {place[1]} ({place[0]}), and has not begun"
                )
            behind = scene.heads[place].position - standing.position
            check.numbers[f"{group} behind {place[0]}"] += max(0, behind)
        await _compare(scene, check, group)


async def _is_signed(scene: Scene) -> bool:
    (row,) = await scene.certificates.rows("select exists (select from credential)")
    return bool(row[0])


async def _compare(scene: Scene, check: Check, group: str) -> None:
    for topic in LISTENS[group]:
        of_topic = {
            place: standing for place, standing in scene.standings[group].items() if place[0] == topic
        }
        rows = await scene.keeper(topic).rows(
            f"""
            select log.partition, log.epoch, log.event_id from {topic}_log as log
            join unnest($1::smallint[], $2::bigint[]) as stood(partition, position)
              using (partition, position)
            """,  # noqa: S608 - a topic's name is ours
            [partition for _, partition in of_topic],
            [standing.position for standing in of_topic.values()],
        )
        logged = {(topic, row["partition"]): (row["epoch"], row["event_id"]) for row in rows}
        for place, standing in of_topic.items():
            what = _objection(standing, scene.heads[place].position, logged.get(place))
            if what is not None:
                where = f"{group} at {standing.epoch}-{standing.position} of {key_of(place)}"
                check.wrong(what, f"{where}, head at {scene.heads[place].position}")


def _objection(standing: Standing, head: int, logged: tuple[int, object] | None) -> str | None:
    if standing.position == 0:
        return None if standing.event_id is None else "a group stands before the first entry and names one"
    if standing.position > head:
        return "a group is ahead of its log"
    if logged != (standing.epoch, standing.event_id):
        return "a group stands on an entry that its log does not have"
    return None


async def check_letters(scene: Scene, check: Check) -> None:
    """Nothing waits as a dead letter; what was put away is what the log says at that place."""
    for group, letters in scene.letters.items():
        states = Counter(letter.state for letter in letters)
        check.numbers.update({f"{group} {state}": count for state, count in states.items()})
        for letter in letters:
            where = f"{group}/{letter.id}, {key_of((letter.topic, letter.partition))} at {letter.position}"
            if letter.state == "poison":
                check.wrong("an event could not be applied", f"{where}: {letter.error}")
            elif letter.state == "parked":
                check.wrong("an event is parked behind an earlier one", f"{where}, Mitra {letter.subject}")
            elif letter.state == "redrive":
                check.wrong("an event waits to be played again", where)
            if letter.position > scene.position(group, (letter.topic, letter.partition)):
                check.wrong("a letter is of an event that the group has not reached", where)
        if states["discarded"]:
            check.note(
                f"{group}: {states['discarded']} events were discarded by an operator and have no effect"
            )
        await _compare_letters(scene, check, group, letters)


async def _compare_letters(scene: Scene, check: Check, group: str, letters: list[Letter]) -> None:
    for topic in LISTENS[group]:
        of_topic = [letter for letter in letters if letter.topic == topic]
        if not of_topic:
            continue
        rows = await scene.keeper(topic).rows(
            f"""
            select letter.id from unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::uuid[])
                as letter(id, partition, position, event_id)
            left join {topic}_log as log using (partition, position, event_id) where log.position is null
            """,  # noqa: S608 - a topic's name is ours
            [letter.id for letter in of_topic],
            [letter.partition for letter in of_topic],
            [letter.position for letter in of_topic],
            [letter.event_id for letter in of_topic],
        )
        for row in rows:
            check.wrong("a letter is of an event that its log does not have", f"{group}/{row['id']}")


async def check_groups(scene: Scene, check: Check) -> None:
    """Who reads which log. A silent group is no mistake: it is told, because trimming waits for it.

    Nor is a place on a lost branch one, until the group has told its new place.
    """
    for topic in LOGS:
        rows = await scene.keeper(topic).rows(
            f"""
            select "group", now() - max(seen_at) as silent,
                   array_agg(partition order by partition)
                       filter (where position > (select position from {topic}_head as head
                                                 where head.partition = seen.partition
                                                   and head.epoch <= seen.epoch)) as ahead
            from {topic}_group as seen group by "group" order by "group"
            """  # noqa: S608 - a topic's name is ours
        )
        check.numbers[f"groups of {topic}"] = len(rows)
        for row in rows:
            for partition in row["ahead"] or ():
                place: Place = (topic, partition)
                check.wrong("a registered group is ahead of its log", f"{row['group']} in {key_of(place)}")
            if row["silent"] > UNREGISTERED_AFTER:
                check.note(f"{row['group']} has not read {topic} for {row['silent']}: it will replay the log")
            elif row["silent"] > SILENT_AFTER:
                check.note(f"{row['group']} is silent on {topic} for {row['silent']}: trimming waits for it")
