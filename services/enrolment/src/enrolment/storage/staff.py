"""Staff: accounts, and the posts they hold and held. Whose tokens count is told by `staff_log`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import uuid4

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from enrolment.domain.staff import Post
from mitra_shared.ids import AreaCode, CampaignId, StaffId
from mitra_shared.security.tokens import Role


class Account(NamedTuple):
    """A member of staff with the post held now. Name, phone and e-mail are sealed."""

    id: StaffId
    campaign: CampaignId
    name: str | None
    phone: str | None
    email: str | None
    login_hash: bytes | None
    password: str | None
    totp: str | None
    totp_is_on: bool
    totp_step: int | None
    is_suspended: bool
    is_erased: bool
    post: Post | None


class Credentials(NamedTuple):
    """What somebody signs in with from now on. Name, phone and e-mail sealed."""

    name: str
    shown_name: str
    """The name once more, for those who show staff to their in-charge."""
    phone: str | None
    email: str | None
    login_hash: bytes
    password: str


_ACCOUNT: Final = """
    select staff.id, staff.campaign, name, phone, email, login_hash, password, totp,
           totp_confirmed_at is not null as totp_is_on, totp_step, state = 'suspended' as is_suspended,
           erased_at is not null as is_erased,
           role, area
    from staff left join staff_grant held on held.staff = staff.id and held.until is null
"""


def _account(row: Row[Any]) -> Account:
    *facts, role, area = list(row)
    return Account._make([*facts, None if role is None else Post(Role(role), AreaCode(area))])


async def _one(connection: AsyncConnection, where: str, lock: str = "", **values: Any) -> Account | None:
    row = (await connection.execute(text(f"{_ACCOUNT} where {where} {lock}"), values)).one_or_none()
    return None if row is None else _account(row)


async def find(connection: AsyncConnection, staff: StaffId, *, for_update: bool = False) -> Account | None:
    """The account of that id, locked until the end of the transaction if asked."""
    lock = "for update of staff" if for_update else ""
    return await _one(connection, "staff.id = :id", lock, id=staff)


async def find_by_login(
    connection: AsyncConnection, login_hash: bytes, *, for_update: bool = False
) -> Account | None:
    """The account that signs in with that login."""
    lock = "for update of staff" if for_update else ""
    return await _one(connection, "login_hash = :hash", lock, hash=login_hash)


async def find_many(connection: AsyncConnection, people: Sequence[StaffId]) -> list[Account]:
    """The accounts of those ids that there are, locked until the end of the transaction."""
    rows = await connection.execute(
        text(f"{_ACCOUNT} where staff.id = any(:ids) order by staff.id for update of staff"),
        {"ids": list(people)},
    )
    return [_account(row) for row in rows]


async def crowded(
    connection: AsyncConnection, campaign: CampaignId, limits: Mapping[Role, int]
) -> tuple[Post, int] | None:
    """A post that more people hold than its role has room for, and how many may."""
    row = (
        await connection.execute(
            text(
                """
                select role, area, room from staff_grant
                join unnest(cast(:roles as text[]), cast(:rooms as integer[])) as bound(role, room)
                    using (role)
                where campaign = :campaign and until is null
                group by role, area, room having count(*) > room order by role, area limit 1
                """
            ),
            {
                "campaign": campaign,
                "roles": [role.value for role in limits],
                "rooms": list(limits.values()),
            },
        )
    ).one_or_none()
    return None if row is None else (Post(Role(row.role), AreaCode(row.area)), row.room)


async def page(
    connection: AsyncConnection, campaign: CampaignId, *, post: Post | None, after: str, at_most: int
) -> list[Account]:
    """Accounts of a campaign in the order of their ids: all of them, or those who hold a post."""
    rows = await connection.execute(
        text(
            f"""
            {_ACCOUNT} where staff.campaign = :campaign and staff.id > :after
            and (cast(:role as text) is null or (role = :role and area = :area))
            order by staff.id limit :at_most
            """
        ),
        {
            "campaign": campaign,
            "after": after,
            "at_most": at_most,
            "role": None if post is None else post.role.value,
            "area": None if post is None else post.area,
        },
    )
    return [_account(row) for row in rows]


async def last_post(connection: AsyncConnection, staff: StaffId) -> Post | None:
    """The post that somebody holds or, if none, held last."""
    row = (
        await connection.execute(
            text(
                "select role, area from staff_grant where staff = :staff"
                " order by until is null desc, until desc limit 1"
            ),
            {"staff": staff},
        )
    ).one_or_none()
    return None if row is None else Post(Role(row.role), AreaCode(row.area))


async def insert(
    connection: AsyncConnection, staff: StaffId, campaign: CampaignId, given: Credentials, at: datetime
) -> None:
    """A new account. Raises an integrity error of `staff_login` if the login is taken."""
    await connection.execute(
        text(
            """
            insert into staff (id, campaign, name, shown_name, phone, email, login_hash, issuer, subject,
                               password, password_set_at, state, created_at)
            values (:id, :campaign, :name, :shown_name, :phone, :email, :login_hash, 'mitra', :subject,
                    :password, :at, 'active', :at)
            """
        ),
        {"id": staff, "campaign": campaign, "subject": str(uuid4()), "at": at, **given._asdict()},
    )


async def set_credentials(
    connection: AsyncConnection, staff: StaffId, given: Credentials, at: datetime
) -> None:
    """Begin the login of an account anew, without a second factor."""
    await connection.execute(
        text(
            """
            update staff set name = :name, shown_name = :shown_name, phone = :phone, email = :email,
                   login_hash = :login_hash, password = :password, password_set_at = :at, totp = null,
                   totp_confirmed_at = null
            where id = :id
            """
        ),
        {"id": staff, "at": at, **given._asdict()},
    )
    await connection.execute(text("delete from staff_recovery_code where staff = :id"), {"id": staff})


async def show_names(connection: AsyncConnection, shown: Mapping[StaffId, str]) -> None:
    """Keep names, sealed for those who show staff to their in-charge."""
    await connection.execute(
        text(
            """
            update staff set shown_name = new.name
            from unnest(cast(:people as text[]), cast(:names as text[])) as new(id, name)
            where staff.id = new.id
            """
        ),
        {"people": list(shown), "names": list(shown.values())},
    )


async def set_password(
    connection: AsyncConnection, staff: StaffId, password: str, at: datetime | None
) -> None:
    """Keep another hash. `at`: when the person changed it; None if only its cost did."""
    await connection.execute(
        text(
            "update staff set password = :password,"
            " password_set_at = coalesce(:at, password_set_at) where id = :id"
        ),
        {"id": staff, "password": password, "at": at},
    )


async def grant(
    connection: AsyncConnection,
    staff: Sequence[StaffId],
    campaign: CampaignId,
    posts: Sequence[Post],
    at: datetime,
    by: StaffId,
) -> None:
    """Begin one grant for each of `staff`, who hold none now."""
    await connection.execute(
        text(
            """
            insert into staff_grant (id, staff, campaign, role, area, since, granted_by)
            select gen_random_uuid(), new.staff, :campaign, new.role, new.area, :at, :by
            from unnest(cast(:staff as text[]), cast(:roles as text[]), cast(:areas as text[]))
                as new(staff, role, area)
            """
        ),
        {
            "staff": list(staff),
            "roles": [post.role.value for post in posts],
            "areas": [post.area for post in posts],
            "campaign": campaign,
            "at": at,
            "by": by,
        },
    )


async def end_grants(
    connection: AsyncConnection, staff: Sequence[StaffId], at: datetime, by: StaffId
) -> None:
    """End what `staff` hold now; `tell_standing` has their tokens refused."""
    await connection.execute(
        text(
            "update staff_grant set until = greatest(:at, since), ended_by = :by"
            " where staff = any(:staff) and until is null"
        ),
        {"staff": list(staff), "at": at, "by": by},
    )


async def people_in(connection: AsyncConnection, campaign: CampaignId, post: Post) -> int:
    """How many hold a post."""
    number: int = (
        await connection.execute(
            text(
                "select count(*) from staff_grant where until is null"
                " and (campaign, role, area) = (:campaign, :role, :area)"
            ),
            {"campaign": campaign, "role": post.role.value, "area": post.area},
        )
    ).scalar_one()
    return number


async def set_suspension(
    connection: AsyncConnection, staff: StaffId, at: datetime | None, by: StaffId | None
) -> None:
    """Suspend from `at` on, or (None) no longer."""
    await connection.execute(
        text(
            "update staff set state = case when cast(:at as timestamptz) is null then 'active'"
            " else 'suspended' end, suspended_at = :at, suspended_by = :by where id = :id"
        ),
        {"id": staff, "at": at, "by": by},
    )
