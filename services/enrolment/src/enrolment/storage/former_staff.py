"""Former staff: whose time is over, and taking what is personal out of accounts, sessions and the log.

The id stays, with posts, records and counts under it: it names nobody once the name is gone.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from enrolment.storage.staff_log import SESSIONS_FOR
from mitra_shared.contracts.topics import partition_of
from mitra_shared.ids import CampaignId, Partition, StaffId

_DUE: Final = text(
    """
    select staff.id, staff.campaign
    from staff
    join campaign on campaign.id = staff.campaign and campaign.current
    cross join lateral (
        select max(until) as until, count(*) filter (where until is null) as held
        from staff_grant where staff_grant.staff = staff.id) as posts
    where staff.erased_at is null
      and num_nonnulls(staff.name, staff.shown_name, staff.phone, staff.email, staff.login_hash) > 0
      and (cast(:only as text) is null or staff.id = :only)
      and least(case when staff.state = 'suspended' then staff.suspended_at end,
                case when posts.held = 0 then coalesce(posts.until, staff.created_at) end)
          <= cast(:now as timestamptz) - make_interval(days => coalesce(
                 cast(campaign.definition -> 'retention' ->> 'days_after_withdrawal' as integer), :days))
    order by staff.id limit 1
    """
)
_ACCOUNT: Final = text(
    """
    update staff set name = null, shown_name = null, phone = null, email = null, login_hash = null,
        issuer = null, subject = null, password = null, password_set_at = null, totp = null,
        totp_confirmed_at = null, totp_step = null, erased_at = :at
    where id = :staff
    """
)
_FAILURES: Final = text(
    "delete from sign_in_failure where key = (select login_hash from staff where id = :staff)"
)
_CODES: Final = text("delete from staff_recovery_code where staff = :staff")
_SESSIONS: Final = text("delete from staff_session where staff = :staff and ended_at <= :since")
_LAST_SESSIONS: Final = text(
    """
    update staff_session set device = '00000000-0000-0000-0000-000000000000', device_name = '',
        token_hash = '', salt = ''
    where staff = :staff
    """
)
_LOG: Final = text(
    """
    update staff_log set payload = cast(cast(payload as jsonb) - 'name' as json)
    where partition = :partition and key = :staff and payload ->> 'name' is not null
    """
)
_INCOMPLETE: Final = text(
    """
    select id from staff where erased_at is not null and erasure_completed_at is null
    order by id limit :at_most
    """
)
_WORDS: Final = text(
    "select partition, cast(rewrite as text) as asked from staff_head where partition = any(:partitions)"
)
_COMPLETE: Final = text("update staff set erasure_completed_at = :at where id = any(cast(:people as text[]))")


class Former(NamedTuple):
    """Somebody whose time is over."""

    staff: StaffId
    campaign: CampaignId


async def due(
    connection: AsyncConnection, now: datetime, *, days: int, only: StaffId | None = None
) -> Former | None:
    """One of those who were out for as long as their campaign keeps what is personal; `only`: if it is them.

    Args:
        connection: to read with.
        now: the present.
        days: how long campaigns that say nothing keep it.
        only: whom to look at.
    """
    row = (await connection.execute(_DUE, {"now": now, "days": days, "only": only})).one_or_none()
    return None if row is None else Former(row.id, row.campaign)


async def scrub(connection: AsyncConnection, staff: StaffId, at: datetime) -> None:
    """Empty the account, whose row is locked and whose sessions have ended.

    Sessions whose tokens may not have expired stay without anything of device or token, as the log tells of
    them until then.
    """
    await connection.execute(_FAILURES, {"staff": staff})
    await connection.execute(_ACCOUNT, {"staff": staff, "at": at})
    await connection.execute(_CODES, {"staff": staff})
    await connection.execute(_SESSIONS, {"staff": staff, "since": at - SESSIONS_FOR})
    await connection.execute(_LAST_SESSIONS, {"staff": staff})


async def scrub_log(connection: AsyncConnection, staff: StaffId) -> None:
    """Take the name out of all that the log told of somebody."""
    await connection.execute(_LOG, {"partition": partition_of(staff), "staff": staff})


async def incomplete(connection: AsyncConnection, *, at_most: int) -> Sequence[StaffId]:
    """Who is erased, while a stream, Redis' file or freed space may still hold something."""
    return [StaffId(row.id) for row in await connection.execute(_INCOMPLETE, {"at_most": at_most})]


async def words_asked(connection: AsyncConnection, people: Collection[StaffId]) -> dict[Partition, str]:
    """The words that the heads of these people's partitions ask for."""
    partitions = sorted({partition_of(staff) for staff in people})
    rows = await connection.execute(_WORDS, {"partitions": partitions})
    return {Partition(row.partition): row.asked for row in rows}


async def mark_complete(connection: AsyncConnection, people: Collection[StaffId], at: datetime) -> None:
    """Note that nothing is left to do for these people."""
    await connection.execute(_COMPLETE, {"people": list(people), "at": at})


_ENTRY: Final = "select id, campaign, erased_at from staff where erased_at is not null"


async def unfiled(connection: AsyncConnection, *, at_most: int) -> Sequence[Any]:
    """Who is erased, with campaign and moment, and not in the file apart from the backups yet; locked."""
    rows = await connection.execute(
        text(f"{_ENTRY} and erasure_filed_at is null order by erased_at, id limit :at_most for update"),
        {"at_most": at_most},
    )
    return [tuple(row) for row in rows]


async def mark_filed(connection: AsyncConnection, people: Collection[StaffId], at: datetime) -> None:
    """Note that the file tells of these."""
    await connection.execute(
        text("update staff set erasure_filed_at = :at where id = any(cast(:people as text[]))"),
        {"people": list(people), "at": at},
    )


async def whole_ledger(connection: AsyncConnection) -> Sequence[Any]:
    """Everybody who is erased, as `unfiled` has them."""
    rows = await connection.execute(text(f"{_ENTRY} order by erased_at, id"))
    return [tuple(row) for row in rows]
