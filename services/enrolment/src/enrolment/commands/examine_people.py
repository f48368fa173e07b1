"""Examine whoever the log tells of next: hash what they are found by, open pairs with who is likely the same.

A person is judged by the row as it is now, so reading an entry twice changes nothing. Rows, pairs and the
position in the log are one transaction: a process that is killed leaves nothing by half.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from structlog import get_logger

from enrolment.domain.alike import (
    Commonness,
    Grounds,
    NameSound,
    phone_evidence,
    segment_evidence,
    word_codes,
)
from enrolment.matching.name_keys import NameKeys
from enrolment.storage import likely_duplicates, matching
from enrolment.storage.likely_duplicates import Pair
from enrolment.storage.locks import try_lock_matching
from enrolment.storage.row_security import Work, work_as
from mitra_shared.contracts.events import MitraClearedV1, MitraErasedV1, MitraWithdrawnV1
from mitra_shared.ids import MitraId
from mitra_shared.log import unit_of_work
from mitra_shared.security.sealing import SealError
from mitra_shared.telemetry.logs import describe_error

log = get_logger(__name__)

AT_A_TIME: Final = 500
_GONE: Final = frozenset({MitraWithdrawnV1.__name__, MitraErasedV1.__name__})
_NOTHING_NEW: Final = frozenset({MitraClearedV1.__name__})


class Examined(NamedTuple):
    """What a pass did. `entries` of the log were read."""

    entries: int = 0
    people: int = 0
    opened: int = 0


async def examine_people(engine: AsyncEngine, names: NameKeys, *, at_most: int = AT_A_TIME) -> Examined:
    """Examine a bounded number of people; ask again until no entries are read.

    Raises:
        sqlalchemy.exc.DBAPIError: the database is away; nothing was done.
        SealError: a name cannot be opened.
    """
    async with unit_of_work(engine) as unit:
        connection = unit.connection
        if not await try_lock_matching(connection):
            return Examined()
        await work_as(connection, Work.MATCHER)
        if await matching.begin_anew_if_changed(connection, names.digest):
            log.warning("key or method of the matcher changed: everybody is examined again")
        told = await matching.unread(connection, at_most=at_most)
        if not told:
            return Examined()
        gone = {each.subject for each in told if each.subject and each.type in _GONE}
        subjects = {
            each.subject for each in told if each.subject and each.type not in _GONE | _NOTHING_NEW
        } - gone
        if gone:
            # The withdrawal has taken them away; but what was examined just then may have come after it.
            await matching.forget_matching(connection, gone, erased=False)
        people = await matching.living(connection, subjects) if subjects else []
        opened = await _examine(connection, people, names) if people else 0
        await matching.move_to(connection, {each.partition: each.position for each in told})
    return Examined(len(told), len(people), opened)


async def _examine(connection: AsyncConnection, people: Sequence[Row[Any]], names: NameKeys) -> int:
    rows = {person.id: person for person in people}
    sounds = _opened(people, names)
    keys = [key for person in people for key in names.keys(person, sounds[person.id])]
    await matching.examine(connection, people, keys)
    phones = await matching.on_one_phone(connection, rows)
    candidates = await matching.of_one_key(connection, rows) - phones
    others = {mitra for pair in phones | candidates for mitra in pair} - rows.keys()
    if others:
        more = await matching.living(connection, others)
        rows |= {person.id: person for person in more}
        sounds |= _opened(more, names)
    found: dict[Pair, Grounds] = {}
    for pair in phones:
        evidence = (
            phone_evidence(sounds[pair[0]], sounds[pair[1]], names.thresholds) if _are(rows, pair) else None
        )
        if evidence is not None:
            found[pair] = evidence
    living = [pair for pair in candidates if _are(rows, pair)]
    common = await _commonness(connection, {pair[1] for pair in living}, rows, sounds, names)
    for earlier, later in living:
        if common[later].most(sounds[later]) < names.thresholds.segment:
            continue
        evidence = segment_evidence(sounds[earlier], sounds[later], common[later], names.thresholds)
        if evidence is not None:
            found[earlier, later] = evidence
    return await likely_duplicates.keep_pairs(connection, [person.id for person in people], found)


def _are(rows: Mapping[MitraId, Row[Any]], pair: Pair) -> bool:
    return pair[0] in rows and pair[1] in rows


def _opened(people: Sequence[Row[Any]], names: NameKeys) -> dict[MitraId, NameSound]:
    sounds: dict[MitraId, NameSound] = {}
    for person in people:
        try:
            sounds[person.id] = names.sound(person)
        except SealError as error:
            log.error("a name cannot be opened", mitra=str(person.id), error=describe_error(error))
            raise
    return sounds


async def _commonness(
    connection: AsyncConnection,
    later: set[MitraId],
    rows: Mapping[MitraId, Row[Any]],
    sounds: Mapping[MitraId, NameSound],
    names: NameKeys,
) -> dict[MitraId, Commonness]:
    """How common words are among those who were there before each of the later ones.

    That does not depend on when somebody is examined: so a run from the start finds the same.
    """
    if not later:
        return {}
    words = {
        (mitra, code): names.word(rows[mitra], code) for mitra in later for code in word_codes(sounds[mitra])
    }
    counted = await matching.with_word(connection, [(key, mitra) for (mitra, _), key in words.items()])
    before = await matching.people_before(
        connection, [(mitra, rows[mitra].campaign, rows[mitra].constituency) for mitra in later]
    )
    return {
        mitra: Commonness(
            before[mitra],
            {code: counted[words[mitra, code], mitra] for code in word_codes(sounds[mitra])},
        )
        for mitra in later
    }
