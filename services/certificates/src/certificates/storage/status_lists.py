"""How status lists are kept: which are due to be made again, who is revoked on one, and its newest token."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


class Due(NamedTuple):
    """A list that is locked to be made again, and how many changes it will show."""

    number: int
    changes: int


@dataclass(frozen=True, slots=True)
class PublishedList:
    """A list as it is served: a VC-JWT. `changes` tells one version of a list from the next."""

    token: str
    published_at: datetime


_DUE: Final = text(
    """
    select number, changes from status_list
    where changes <> published or published_at < :older_than
    order by number limit 1 for update skip locked
    """
)
_REVOKED: Final = text(
    """
    select status_index from credential
    where status_list = :number and revoked_at is not null
    order by status_index
    """
)
_PUBLISH: Final = text(
    """
    update status_list set published = :changes, published_at = :now, revoked = :revoked, token = :token
    where number = :number
    """
)
_FIND: Final = text(
    "select token, published_at from status_list where number = :number and token is not null"
)


async def lock_due(connection: AsyncConnection, now: datetime, renew_after: timedelta) -> Due | None:
    """One list that changed since it was published, or is older than `renew_after`; None: all are fresh."""
    row = (await connection.execute(_DUE, {"older_than": now - renew_after})).one_or_none()
    return None if row is None else Due(*row)


async def revoked_places(connection: AsyncConnection, number: int) -> Sequence[int]:
    """The indices of all that are revoked on a list."""
    return (await connection.execute(_REVOKED, {"number": number})).scalars().all()


async def publish(connection: AsyncConnection, due: Due, *, token: str, revoked: int, now: datetime) -> None:
    """Put a newly signed list in the place of the last one."""
    values = {"number": due.number, "changes": due.changes, "token": token, "revoked": revoked, "now": now}
    await connection.execute(_PUBLISH, values)


async def find_list(connection: AsyncConnection, number: int) -> PublishedList | None:
    """The newest version of a list; None where no such list was ever published."""
    row = (await connection.execute(_FIND, {"number": number})).one_or_none()
    return None if row is None else PublishedList(*row)
