"""Invitations: a post that waits for whoever holds the secret. Only its hash is kept."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from enrolment.domain.staff import LOGINS_TRIED, Post
from mitra_shared.ids import AreaCode, CampaignId, StaffId
from mitra_shared.security.tokens import Role


class Invitation(NamedTuple):
    """One invitation, whatever became of it."""

    id: UUID
    campaign: CampaignId
    post: Post
    replaces: StaffId | None
    invited_by: StaffId
    invited_at: datetime
    expires_at: datetime
    withdrawn_at: datetime | None
    accepted_at: datetime | None
    accepted_by: StaffId | None

    def is_open(self, now: datetime) -> bool:
        """Whether it can be accepted."""
        return self.withdrawn_at is None and self.accepted_at is None and now < self.expires_at


_SELECT: Final = """
    select id, campaign, role, area, replaces, invited_by, invited_at, expires_at, withdrawn_at, accepted_at,
           accepted_by
    from staff_invitation
"""


def _invitation(row: Row[Any]) -> Invitation:
    number, campaign, role, area, *rest = list(row)
    return Invitation(number, campaign, Post(Role(role), AreaCode(area)), *rest)


async def insert(connection: AsyncConnection, invitation: Invitation, secret_hash: bytes) -> None:
    """Keep a new one."""
    await connection.execute(
        text(
            """
            insert into staff_invitation (id, campaign, role, area, replaces, secret_hash, invited_by,
                                          invited_at, expires_at, logins_refused)
            values (:id, :campaign, :role, :area, :replaces, :secret_hash, :invited_by, :invited_at,
                    :expires_at, 0)
            """
        ),
        {
            "id": invitation.id,
            "campaign": invitation.campaign,
            "role": invitation.post.role.value,
            "area": invitation.post.area,
            "replaces": invitation.replaces,
            "secret_hash": secret_hash,
            "invited_by": invitation.invited_by,
            "invited_at": invitation.invited_at,
            "expires_at": invitation.expires_at,
        },
    )


async def find(connection: AsyncConnection, invitation: UUID) -> Invitation | None:
    """The invitation of that id, locked until the end of the transaction."""
    row = (
        await connection.execute(text(f"{_SELECT} where id = :id for update"), {"id": invitation})
    ).one_or_none()
    return None if row is None else _invitation(row)


async def find_by_secret(
    connection: AsyncConnection, secret_hash: bytes, *, for_update: bool = False
) -> Invitation | None:
    """The invitation whose secret has that hash."""
    lock = "for update" if for_update else ""
    row = (
        await connection.execute(text(f"{_SELECT} where secret_hash = :hash {lock}"), {"hash": secret_hash})
    ).one_or_none()
    return None if row is None else _invitation(row)


async def open_ones(
    connection: AsyncConnection,
    campaign: CampaignId,
    roles: Collection[Role],
    area: AreaCode | None,
    now: datetime,
) -> list[Invitation]:
    """What can still be accepted, oldest first: of these roles and, if one is given, of that area."""
    rows = await connection.execute(
        text(
            f"""
            {_SELECT} where accepted_at is null and withdrawn_at is null and expires_at > :now
            and campaign = :campaign and role = any(:roles)
            and (cast(:area as text) is null or area = :area) order by invited_at, id
            """
        ),
        {"now": now, "campaign": campaign, "roles": [role.value for role in roles], "area": area},
    )
    return [_invitation(row) for row in rows]


async def waiting_for(connection: AsyncConnection, campaign: CampaignId, post: Post, now: datetime) -> int:
    """How many are invited to a post, beyond those who hold it."""
    number: int = (
        await connection.execute(
            text(
                "select count(*) from staff_invitation where accepted_at is null and withdrawn_at is null"
                " and expires_at > :now and replaces is null"
                " and (campaign, role, area) = (:campaign, :role, :area)"
            ),
            {"now": now, "campaign": campaign, "role": post.role.value, "area": post.area},
        )
    ).scalar_one()
    return number


async def withdraw(connection: AsyncConnection, invitation: UUID, at: datetime) -> None:
    """Take it back."""
    await connection.execute(
        text("update staff_invitation set withdrawn_at = :at where id = :id"), {"id": invitation, "at": at}
    )


async def accept(connection: AsyncConnection, invitation: UUID, by: StaffId, at: datetime) -> None:
    """It has served."""
    await connection.execute(
        text("update staff_invitation set accepted_at = :at, accepted_by = :by where id = :id"),
        {"id": invitation, "by": by, "at": at},
    )


async def count_refused_login(connection: AsyncConnection, invitation: UUID, at: datetime) -> None:
    """A login was tried that is taken; after some of them the invitation is void."""
    await connection.execute(
        text(
            """
            update staff_invitation set logins_refused = logins_refused + 1,
                   withdrawn_at = case when logins_refused + 1 >= cast(:most as integer)
                                       then cast(:at as timestamptz) end
            where id = :id and accepted_at is null and withdrawn_at is null
            """
        ),
        {"id": invitation, "at": at, "most": LOGINS_TRIED},
    )


async def forget_older(connection: AsyncConnection, before: datetime, *, at_most: int) -> int:
    """Delete up to `at_most` invitations that ran out before that instant. Returns how many."""
    result = await connection.execute(
        text(
            "delete from staff_invitation where ctid = any(array("
            "select ctid from staff_invitation where expires_at < :before limit :at_most))"
        ),
        {"before": before, "at_most": at_most},
    )
    return result.rowcount
