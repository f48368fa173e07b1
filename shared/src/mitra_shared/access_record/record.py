"""Writing to the record, counting what somebody saw, and forgetting what is older than the law asks for."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.access_record.chain import Look, chained
from mitra_shared.ids import MitraId

KEPT: Final = timedelta(days=366)
"""Records of processing are kept for a year (DPDP Rules, 2025, rule 8)."""

_APPEND: Final = text(
    """
    insert into access_record (seq, at, actor, role, purpose, subject, fields, digest)
    select new.seq, :at, new.actor, new.role, new.purpose, new.subject, cast(new.fields as text[]), new.digest
    from unnest(cast(:seqs as bigint[]), cast(:actors as text[]), cast(:roles as text[]),
                cast(:purposes as text[]), cast(:subjects as uuid[]), cast(:fields as text[]),
                cast(:digests as bytea[]))
        as new(seq, actor, role, purpose, subject, fields, digest)
    """
)


async def record(connection: AsyncConnection, looks: Sequence[Look], at: datetime) -> None:
    """Append `looks`; whoever looks must not be shown anything before this is committed.

    Looks wait for each other from here to the end of the transaction, so do this last.

    Args:
        connection: in the transaction that allows the looks.
        looks: at least one.
        at: when.
    """
    head = (await connection.execute(text("select seq, digest from access_record_head for update"))).one()
    entries = chained(looks, at, after=head.seq, previous=head.digest)
    await connection.execute(
        _APPEND,
        {
            "at": at,
            "seqs": [entry.seq for entry in entries],
            "actors": [entry.look.actor for entry in entries],
            "roles": [entry.look.role for entry in entries],
            "purposes": [entry.look.purpose for entry in entries],
            "subjects": [entry.look.subject for entry in entries],
            # An array of arrays would be flattened by unnest. Names of fields need no quotes.
            "fields": [f"{{{','.join(entry.look.fields)}}}" for entry in entries],
            "digests": [entry.digest for entry in entries],
        },
    )
    await connection.execute(
        text("update access_record_head set seq = :seq, digest = :digest"),
        {"seq": entries[-1].seq, "digest": entries[-1].digest},
    )


async def looks_since(connection: AsyncConnection, actor: str, since: datetime) -> int:
    """How many people `actor` has looked at since then, each counted once."""
    seen: int = (
        await connection.execute(
            text("select count(distinct subject) from access_record where actor = :actor and at >= :since"),
            {"actor": actor, "since": since},
        )
    ).scalar_one()
    return seen


async def has_looked(connection: AsyncConnection, actor: str, subject: MitraId, since: datetime) -> bool:
    """Whether `actor` has looked at that person since then."""
    found = await connection.execute(
        text(
            "select exists (select from access_record"
            " where actor = :actor and at >= :since and subject = :subject)"
        ),
        {"actor": actor, "since": since, "subject": subject},
    )
    return bool(found.scalar_one())


async def forget(connection: AsyncConnection, now: datetime, *, at_most: int) -> int:
    """Delete up to `at_most` of the oldest entries that are past their time. Returns how many.

    The head keeps the digest that the first remaining entry follows upon, so the rest can still be checked.
    """
    floor = (
        await connection.execute(
            text(
                """
                select seq, digest, at from (
                    select seq, digest, at from access_record order by seq limit :at_most
                ) as oldest where at < :before order by seq desc limit 1
                """
            ),
            {"at_most": at_most, "before": now - KEPT},
        )
    ).one_or_none()
    if floor is None:
        return 0
    await connection.execute(
        text("update access_record_head set floor_seq = :seq, floor_digest = :digest, floor_at = :at"),
        {"seq": floor.seq, "digest": floor.digest, "at": floor.at},
    )
    result = await connection.execute(text("delete from access_record where seq <= :seq"), {"seq": floor.seq})
    return result.rowcount
