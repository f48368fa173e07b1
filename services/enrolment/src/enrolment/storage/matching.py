"""What the matcher keeps: how far it has read the log, keyed hashes to find people by, and who was examined.

A person is found again by hashes under a key of the matcher's own. They go when the person withdraws or is
erased, in the same transaction.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.ids import AreaCode, CampaignId, MitraId, Partition, Position

SHARING_A_KEY: Final = 200
"""People with one key that somebody is held against; a name that more bear in a segment tells nothing."""
_COUNTED: Final = 2_000


class Told(NamedTuple):
    """What the log tells of a person."""

    partition: Partition
    position: Position
    subject: MitraId | None
    type: str


_UNREAD: Final = text(
    """
    select log.partition, log.position, log.subject, log.type
    from matching_position as at cross join lateral (
        select partition, position, subject, type from enrolment_log as entry
        where entry.partition = at.partition and entry.position > at.position
        order by entry.position limit :at_most
    ) as log
    order by log.partition, log.position limit :at_most
    """
)


async def unread(connection: AsyncConnection, *, at_most: int) -> list[Told]:
    """What follows in the log, each partition in order."""
    return [Told(*row) for row in await connection.execute(_UNREAD, {"at_most": at_most})]


async def move_to(connection: AsyncConnection, positions: Mapping[Partition, Position]) -> None:
    """Note how far the log was read."""
    await connection.execute(
        text(
            """
            update matching_position as at set position = new.position
            from unnest(cast(:partitions as smallint[]), cast(:positions as bigint[]))
                as new(partition, position)
            where at.partition = new.partition
            """
        ),
        {"partitions": list(positions), "positions": list(positions.values())},
    )


async def begin_anew_if_changed(connection: AsyncConnection, digest: bytes) -> bool:
    """Whether key or method changed: then all hashes are gone, and the log is read from the start.

    Who was cleared stays cleared, and what was decided stays decided.
    """
    known = (await connection.execute(text("select digest from matching_method"))).scalar_one_or_none()
    if known == digest:
        return False
    await connection.execute(text("delete from matching_key"))
    await connection.execute(text("update matching_position set position = 0"))
    await connection.execute(
        text(
            "insert into matching_method (digest) values (:digest)"
            " on conflict (only_one) do update set digest = excluded.digest"
        ),
        {"digest": digest},
    )
    return known is not None


async def behind(connection: AsyncConnection) -> int:
    """Entries of the log that were not read yet."""
    waiting: int = (
        await connection.execute(
            text(
                "select coalesce(sum(head.position - at.position), 0)"
                " from enrolment_head as head join matching_position as at using (partition)"
            )
        )
    ).scalar_one()
    return waiting


_LIVING: Final = text(
    """
    select id, campaign, constituency, segment, name from mitra
    where id = any(cast(:mitras as uuid[])) and withdrawn_at is null and name is not null
    """
)


async def living(connection: AsyncConnection, mitras: Collection[MitraId]) -> Sequence[Row[Any]]:
    """Those of them who did not withdraw, with sealed names."""
    return (await connection.execute(_LIVING, {"mitras": list(mitras)})).all()


class Key(NamedTuple):
    """A keyed hash of somebody. `is_word`: to be counted, not to be looked up."""

    mitra: MitraId
    key: bytes
    is_word: bool


async def examine(connection: AsyncConnection, people: Sequence[Row[Any]], keys: Sequence[Key]) -> None:
    """Put keys in place of those of before, and note that these people are examined."""
    mitras = [person.id for person in people]
    await connection.execute(
        text("delete from matching_key where mitra = any(cast(:mitras as uuid[]))"), {"mitras": mitras}
    )
    await connection.execute(
        text(
            """
            insert into matching_key (key, mitra, is_word)
            select * from unnest(cast(:keys as bytea[]), cast(:mitras as uuid[]), cast(:words as boolean[]))
            on conflict do nothing
            """
        ),
        {
            "keys": [key.key for key in keys],
            "mitras": [key.mitra for key in keys],
            "words": [key.is_word for key in keys],
        },
    )
    await connection.execute(
        text(
            """
            insert into examined (mitra, campaign, constituency, segment)
            select * from unnest(cast(:mitras as uuid[]), cast(:campaigns as text[]),
                                 cast(:constituencies as text[]), cast(:segments as text[]))
            on conflict (mitra) do nothing
            """
        ),
        {
            "mitras": mitras,
            "campaigns": [person.campaign for person in people],
            "constituencies": [person.constituency for person in people],
            "segments": [person.segment for person in people],
        },
    )


_ON_ONE_PHONE: Final = text(
    """
    select one.id, other.id from mitra as one cross join lateral (
        select id, withdrawn_at from mitra as theirs
        where theirs.campaign = one.campaign and theirs.phone_hash = one.phone_hash
        offset 0
    ) as other
    where one.id = any(cast(:mitras as uuid[])) and other.id <> one.id
      and one.withdrawn_at is null and other.withdrawn_at is null
    """
)
"""`offset 0` keeps apart who withdrew: before Postgres has analyzed the table, an index of those who did not
seems a shorter way to a phone than its own, and is one through the whole campaign."""
_OF_ONE_KEY: Final = text(
    """
    select distinct mine.mitra, theirs.mitra from matching_key as mine cross join lateral (
        select mitra from matching_key as their
        where their.key = mine.key and their.mitra <> mine.mitra order by their.mitra limit :at_most
    ) as theirs
    where mine.mitra = any(cast(:mitras as uuid[])) and not mine.is_word
    """
)


async def on_one_phone(
    connection: AsyncConnection, mitras: Collection[MitraId]
) -> set[tuple[MitraId, MitraId]]:
    """Pairs of these people and others who gave the same phone, the earlier of each pair first."""
    rows = await connection.execute(_ON_ONE_PHONE, {"mitras": list(mitras)})
    return {_ordered(one, other) for one, other in rows}


async def of_one_key(
    connection: AsyncConnection, mitras: Collection[MitraId]
) -> set[tuple[MitraId, MitraId]]:
    """Pairs of these people and others with whom they share a key, the earlier of each pair first."""
    rows = await connection.execute(_OF_ONE_KEY, {"mitras": list(mitras), "at_most": SHARING_A_KEY})
    return {_ordered(one, other) for one, other in rows}


def _ordered(one: UUID, other: UUID) -> tuple[MitraId, MitraId]:
    earlier, later = sorted((one, other))
    return MitraId(earlier), MitraId(later)


_WITH_WORD: Final = text(
    """
    select word.key, word.before, counted.people
    from unnest(cast(:keys as bytea[]), cast(:befores as uuid[])) as word(key, before)
    cross join lateral (
        select count(*) as people from (
            select from matching_key as theirs
            where theirs.key = word.key and theirs.mitra < word.before limit :at_most) as capped
    ) as counted
    """
)


async def with_word(
    connection: AsyncConnection, words: Collection[tuple[bytes, MitraId]]
) -> dict[tuple[bytes, MitraId], int]:
    """How many people who were enrolled before somebody share a word with them."""
    rows = await connection.execute(
        _WITH_WORD,
        {
            "keys": [key for key, _ in words],
            "befores": [before for _, before in words],
            "at_most": _COUNTED,
        },
    )
    return {(row.key, row.before): row.people for row in rows}


_BEFORE: Final = text(
    """
    select somebody.mitra, (
        select count(*) from examined
        where examined.campaign = somebody.campaign and examined.constituency = somebody.constituency
          and examined.mitra < somebody.mitra) as people
    from unnest(cast(:mitras as uuid[]), cast(:campaigns as text[]), cast(:constituencies as text[]))
        as somebody(mitra, campaign, constituency)
    """
)


async def people_before(
    connection: AsyncConnection, somebody: Collection[tuple[MitraId, CampaignId, AreaCode]]
) -> dict[MitraId, int]:
    """How many people of a constituency were enrolled before each."""
    mitras, campaigns, constituencies = zip(*somebody, strict=True)
    rows = await connection.execute(
        _BEFORE, {"mitras": mitras, "campaigns": campaigns, "constituencies": constituencies}
    )
    return {row.mitra: row.people for row in rows}


async def forget_matching(connection: AsyncConnection, mitras: Collection[MitraId], *, erased: bool) -> None:
    """Take away hashes of people who withdraw, and end their open pairs; of the erased, all pairs go."""
    told = {"mitras": list(mitras)}
    for statement in _FORGET_ERASED if erased else _FORGET_WITHDRAWN:
        await connection.execute(statement, told)


_FORGET: Final = (
    text("delete from examined where mitra = any(cast(:mitras as uuid[]))"),
    text("delete from matching_key where mitra = any(cast(:mitras as uuid[]))"),
)
_FORGET_WITHDRAWN: Final = (
    *_FORGET,
    text(
        """
        update likely_duplicate set state = 'gone', ended_at = clock_timestamp()
        where state = 'open'
          and (earlier = any(cast(:mitras as uuid[])) or later = any(cast(:mitras as uuid[])))
        """
    ),
)
_FORGET_ERASED: Final = (
    *_FORGET,
    text(
        """
        delete from likely_duplicate
        where earlier = any(cast(:mitras as uuid[])) or later = any(cast(:mitras as uuid[]))
        """
    ),
)
