"""Forget a partition: all that followed from it, so that it can be replayed from the enrolment log.

It is forgotten because an operator wants it rebuilt, or because the enrolment database was restored and the
branch it followed from is lost. The numbers that had been given are kept apart: what the replay does not
give again may be on paper somewhere (`certificates.queries.unconfirmed`). What the quota desk decided is an
input like that log: it is kept, to be applied again at its place.
"""

from typing import Final

from sqlalchemy import text

from mitra_shared.contracts.topics import CERTIFICATES, Topic
from mitra_shared.ids import Partition
from mitra_shared.log import UnitOfWork, reset_log_partition

_KEEP_NUMBERS: Final = text(
    """
    insert into lost_branch (certificate_id, campaign, segment, serial, partition, issued_at)
    select id, campaign, segment, serial, partition, issued_at from certificate
    where partition = :partition and serial is not null
    union all
    select void.certificate_id, void.campaign, void.segment, void.serial, void.partition, c.issued_at
    from void_number as void join certificate as c on c.id = void.certificate_id
    where void.partition = :partition
    on conflict do nothing
    """
)

_TO_APPLY: Final = text(
    """
    update desk_entry set applied_at = null, lapsed = null, outcome = null where partition = :partition
    """
)

_FORGET: Final = tuple(
    text(f"delete from {table} where partition = :partition")  # noqa: S608 - tables of ours
    for table in ("certificate", "void_number", "reservation", "pool", "segment", "campaign")
)


async def forget_partition(unit: UnitOfWork, _: Topic, partition: Partition) -> None:
    """Keep the given numbers apart, delete the rest, and begin the partition of our own log again."""
    for statement in (_KEEP_NUMBERS, _TO_APPLY, *_FORGET):
        await unit.connection.execute(statement, {"partition": partition})
    await reset_log_partition(unit, CERTIFICATES, partition)
