"""Who is to be erased and when, who was, and how far what carries their names is written anew."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from enrolment.domain.retention import NOTICE, OVERDUE, Why
from mitra_shared.ids import CampaignId, EventId, MitraId, Partition

_PLAN: Final = text(
    """
    update mitra set erase_at = :at, erasure_why = :why, erasure_noticed_at = :noticed_at where id = :mitra
    """
)


async def plan(
    connection: AsyncConnection, mitra: MitraId, why: Why, *, at: datetime, noticed_at: datetime
) -> None:
    """Have somebody erased at `at`, who is told of it in the same transaction."""
    await connection.execute(_PLAN, {"mitra": mitra, "why": why.value, "at": at, "noticed_at": noticed_at})


_AT_THE_END: Final = text(
    """
    update mitra set erase_at = least(erase_at, :at),
                     erasure_why = case when erase_at <= :at then erasure_why else 'campaign_ended' end
    where id = any(array(
        select id from mitra
        where campaign = :campaign and erased_at is null and (erase_at is null or erase_at > :at)
        order by id limit :at_most for update skip locked))
    """
)


async def plan_at_the_end(
    connection: AsyncConnection, campaign: CampaignId, at: datetime, *, at_most: int
) -> int:
    """Have those of a campaign erased at its end who are not to be before. Returns how many, at the most."""
    planned = await connection.execute(_AT_THE_END, {"campaign": campaign, "at": at, "at_most": at_most})
    return planned.rowcount


_TO_TELL: Final = text(
    """
    update mitra set erasure_noticed_at = :now, erase_at = greatest(erase_at, :earliest)
    where id = any(array(
        select id from mitra
        where erased_at is null and erase_at <= :earliest and erasure_noticed_at is null
        order by erase_at limit :at_most for update skip locked))
    returning id, erase_at
    """
)


async def take_untold(
    connection: AsyncConnection, now: datetime, *, at_most: int
) -> Sequence[tuple[MitraId, datetime]]:
    """Note that those are told now whose time is near. Returns them with the moment of their erasure."""
    rows = await connection.execute(_TO_TELL, {"now": now, "earliest": now + NOTICE, "at_most": at_most})
    return [(row.id, row.erase_at) for row in rows]


_DUE: Final = text(
    """
    select id, campaign, constituency, segment, partition, recruiter, basis, phone_hash, withdrawn_at,
           erasure_why, erasure_noticed_at
    from mitra
    where erased_at is null and erase_at <= :now and erasure_noticed_at <= :told_before
    order by erase_at, id limit :at_most for update skip locked
    """
)


async def take_due(connection: AsyncConnection, now: datetime, *, at_most: int) -> Sequence[Row[Any]]:
    """The rows of those who are to be erased now, locked until the end of the transaction."""
    rows = await connection.execute(_DUE, {"now": now, "told_before": now - NOTICE, "at_most": at_most})
    return rows.all()


class Erased(NamedTuple):
    """What the ledger keeps of an erasure."""

    mitra: MitraId
    campaign: CampaignId
    partition: Partition
    why: str
    noticed_at: datetime | None
    event_id: EventId


_ENTER: Final = text(
    """
    insert into erasure (mitra, campaign, partition, why, noticed_at, erased_at, event_id)
    select new.mitra, new.campaign, new.partition, new.why, new.noticed_at, :at, new.event_id
    from unnest(cast(:mitras as uuid[]), cast(:campaigns as text[]), cast(:partitions as smallint[]),
                cast(:whys as text[]), cast(:noticed as timestamptz[]), cast(:event_ids as uuid[]))
        as new(mitra, campaign, partition, why, noticed_at, event_id)
    """
)


async def enter(connection: AsyncConnection, erased: Sequence[Erased], at: datetime) -> None:
    """Write erasures into the ledger."""
    await connection.execute(
        _ENTER,
        {
            "mitras": [each.mitra for each in erased],
            "campaigns": [each.campaign for each in erased],
            "partitions": [each.partition for each in erased],
            "whys": [each.why for each in erased],
            "noticed": [each.noticed_at for each in erased],
            "event_ids": [each.event_id for each in erased],
            "at": at,
        },
    )


_UNWRITTEN: Final = text(
    """
    select e.mitra, e.partition, cast(h.rewrite as text) as asked
    from erasure as e join enrolment_head as h using (partition)
    where e.completed_at is null and e.written_anew_at is null limit :at_most
    """
)


async def unwritten(connection: AsyncConnection, *, at_most: int) -> Sequence[Row[Any]]:
    """Erasures whose streams are not known to be written anew, with the word that their heads ask for."""
    return (await connection.execute(_UNWRITTEN, {"at_most": at_most})).all()


async def mark_written(connection: AsyncConnection, mitras: Collection[UUID], at: datetime) -> None:
    """Note that the streams hold nothing of these people any more."""
    await connection.execute(
        text("update erasure set written_anew_at = :at where mitra = any(:mitras)"),
        {"mitras": list(mitras), "at": at},
    )


async def incomplete(connection: AsyncConnection, *, at_most: int) -> Sequence[UUID]:
    """People whose streams are written anew, while Redis' file and freed space may still hold something."""
    found = await connection.execute(
        text(
            "select mitra from erasure where completed_at is null and written_anew_at is not null"
            " limit :at_most"
        ),
        {"at_most": at_most},
    )
    return found.scalars().all()


async def mark_complete(connection: AsyncConnection, mitras: Collection[UUID], at: datetime) -> None:
    """Note that nothing is left to do for these people."""
    await connection.execute(
        text("update erasure set completed_at = :at where mitra = any(:mitras)"),
        {"mitras": list(mitras), "at": at},
    )


_ENTRY: Final = "mitra, campaign, why, noticed_at, erased_at, event_id"


async def unfiled(connection: AsyncConnection, *, at_most: int) -> Sequence[Any]:
    """Entries of the ledger that the file apart from the backups does not hold yet, locked."""
    rows = await connection.execute(
        text(
            f"select {_ENTRY} from erasure where filed_at is null"  # noqa: S608 - columns of ours
            " order by erased_at, mitra limit :at_most for update"
        ),
        {"at_most": at_most},
    )
    return [tuple(row) for row in rows]


async def mark_filed(connection: AsyncConnection, mitras: Collection[UUID], at: datetime) -> None:
    """Note that the file holds these."""
    await connection.execute(
        text("update erasure set filed_at = :at where mitra = any(:mitras)"),
        {"mitras": list(mitras), "at": at},
    )


async def whole_ledger(connection: AsyncConnection) -> Sequence[Any]:
    """Every entry, oldest first."""
    rows = await connection.execute(
        text(f"select {_ENTRY} from erasure order by erased_at, mitra")  # noqa: S608 - columns of ours
    )
    return [tuple(row) for row in rows]


class Filed(Protocol):
    """An erasure as the file holds it."""

    @property
    def mitra(self) -> MitraId:
        """Who was erased."""

    @property
    def why(self) -> Why:
        """Why."""

    @property
    def noticed_at(self) -> datetime | None:
        """When the person was told."""


_AGAIN: Final = text(
    """
    select m.id, m.campaign, m.constituency, m.segment, m.partition, m.recruiter, m.basis, m.phone_hash,
           m.withdrawn_at, filed.why as erasure_why, filed.noticed_at as erasure_noticed_at
    from unnest(cast(:mitras as uuid[]), cast(:whys as text[]), cast(:noticed as timestamptz[]))
        as filed(mitra, why, noticed_at)
    join mitra as m on m.id = filed.mitra
    where m.erased_at is null order by m.id for update of m
    """
)


async def take_again(connection: AsyncConnection, filed: Sequence[Filed]) -> Sequence[Row[Any]]:
    """The rows of those of `filed` who are there and not erased, locked, as `take_due` gives them."""
    rows = await connection.execute(
        _AGAIN,
        {
            "mitras": [each.mitra for each in filed],
            "whys": [each.why.value for each in filed],
            "noticed": [each.noticed_at for each in filed],
        },
    )
    return rows.all()


async def known(connection: AsyncConnection, mitras: Collection[MitraId]) -> int:
    """How many of these people this database knows, erased or not."""
    found = await connection.execute(
        text("select count(*) from mitra where id = any(:mitras)"), {"mitras": list(mitras)}
    )
    number: int = found.scalar_one()
    return number


class Late(NamedTuple):
    """How many people wait beyond their time."""

    overdue: int
    """To be erased."""
    unfinished: int
    """Erased, while a stream or a file may still hold something."""


_LATE: Final = text(
    """
    select (select count(*) from mitra where erased_at is null and erase_at < :since) as overdue,
           (select count(*) from erasure where completed_at is null and erased_at < :since)
           + (select count(*) from staff where erasure_completed_at is null and erased_at < :since)
               as unfinished
    """
)


async def late(connection: AsyncConnection, now: datetime) -> Late:
    """Who waits beyond their time by more than `OVERDUE`."""
    row = (await connection.execute(_LATE, {"since": now - OVERDUE})).one()
    return Late(row.overdue, row.unfinished)


_TOLD: Final = text(
    """
    select m.id, m.campaign, m.constituency, m.erasure_why, m.erase_at, m.erasure_noticed_at, m.erased_at,
           e.completed_at
    from mitra as m left join erasure as e on e.mitra = m.id where m.id = :mitra
    """
)


async def find(connection: AsyncConnection, mitra: MitraId) -> Row[Any] | None:
    """How far the erasure of a person is."""
    return (await connection.execute(_TOLD, {"mitra": mitra})).one_or_none()


async def forget_records(connection: AsyncConnection, before: datetime, *, at_most: int) -> int:
    """Delete entries of the ledger from before that instant that are complete. Returns how many."""
    deleted = await connection.execute(
        text(
            """
            delete from erasure where mitra = any(array(
                select mitra from erasure where erased_at < :before and completed_at is not null
                order by erased_at limit :at_most))
            """
        ),
        {"before": before, "at_most": at_most},
    )
    return deleted.rowcount
