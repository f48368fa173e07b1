"""The record of staff: who was invited, suspended, signed in, and what was refused. Ids, no names.

Codes of people that were refused are here too, with who of the staff helped, if somebody did; and who noted
that a person wants no messages in bulk.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import uuid4

from pydantic_core import to_json
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from mitra_shared.ids import CampaignId, MitraId, StaffId

KEPT: Final = timedelta(days=365)
REFUSALS_A_DAY: Final = 50
"""Of one kind about the same people; more of them tell nothing new and would fill the disk."""


class What(StrEnum):
    """What happened."""

    INVITED = "invited"
    INVITATION_WITHDRAWN = "invitation-withdrawn"
    ACCEPTED = "accepted"
    SIGNED_UP_ANEW = "signed-up-anew"
    REGISTERED = "registered"
    SUSPENDED = "suspended"
    RESTORED = "restored"
    HANDED_OVER = "handed-over"
    ERASED = "erased"
    PEOPLE_HANDED_OVER = "people-handed-over"
    MESSAGES_OFF = "messages-off"
    SIGNED_IN = "signed-in"
    SIGNED_OUT = "signed-out"
    NEW_PASSWORD = "new-password"  # noqa: S105 - a kind of record
    CODES_ON = "codes-on"
    CODES_OFF = "codes-off"
    REFUSED_APPOINTMENT = "refused-appointment"
    REFUSED_INVITATION = "refused-invitation"
    REFUSED_SIGN_IN = "refused-sign-in"
    REFUSED_CODE = "refused-code"
    REFUSED_OWN_PAGE = "refused-own-page"
    REPLAYED = "replayed"


_INSERT: Final = """
    insert into staff_record (id, at, what, actor, staff, campaign, facts)
    select :id, :at, :what, :actor, :staff, :campaign, cast(:facts as json)
"""
_UNLESS_MANY: Final = """
    where (select count(*) from staff_record
           where at > :day_ago and what = :what
           and actor is not distinct from cast(:actor as text)
           and staff is not distinct from cast(:staff as text)
           and facts ->> 'mitra' is not distinct from cast(:mitra as text)) < :most
"""


async def note(
    connection: AsyncConnection,
    what: What,
    at: datetime,
    *,
    actor: StaffId | None = None,
    staff: StaffId | None = None,
    campaign: CampaignId | None = None,
    **facts: Any,
) -> None:
    """Record something that was done, in its own transaction."""
    await connection.execute(text(_INSERT), _values(what, at, actor, staff, campaign, facts))


async def note_refusal(
    connection: AsyncConnection,
    what: What,
    at: datetime,
    *,
    actor: StaffId | None = None,
    staff: StaffId | None = None,
    campaign: CampaignId | None = None,
    mitra: MitraId | None = None,
    **facts: Any,
) -> None:
    """Record something that was refused, if not too much of the kind was in the last day."""
    if mitra is not None:
        facts |= {"mitra": str(mitra)}
    values = _values(what, at, actor, staff, campaign, facts) | {"mitra": facts.get("mitra")}
    bounds = {"day_ago": at - timedelta(days=1), "most": REFUSALS_A_DAY}
    await connection.execute(text(_INSERT + _UNLESS_MANY), values | bounds)


def _values(
    what: What,
    at: datetime,
    actor: StaffId | None,
    staff: StaffId | None,
    campaign: CampaignId | None,
    facts: dict[str, Any],
) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "at": at,
        "what": what.value,
        "actor": actor,
        "staff": staff,
        "campaign": campaign,
        "facts": to_json(facts).decode(),
    }


async def forget_older(connection: AsyncConnection, before: datetime, *, at_most: int) -> int:
    """Delete up to `at_most` records of before that instant. Returns how many."""
    result = await connection.execute(
        text(
            "delete from staff_record where ctid = any(array("
            "select ctid from staff_record where at < :before limit :at_most))"
        ),
        {"before": before, "at_most": at_most},
    )
    return result.rowcount
