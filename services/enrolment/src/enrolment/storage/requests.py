"""What people asked for: details sealed, deadlines in the open."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from enrolment.domain.rights import AnswerReason, RequestId, RequestKind, RequestState
from mitra_shared.ids import AreaCode, CampaignId, MitraId, StaffId

MOST_LISTED: Final = 200

_COLUMNS: Final = (
    "id, mitra, campaign, constituency, kind, asked_at, due_at, asked_through, state, answered_at,"
    " answered_by, reason"
)
_INSERT: Final = text(
    """
    insert into person_request (id, mitra, campaign, constituency, kind, asked_at, due_at, asked_through,
                                details, state, answered_at, answered_by, reason)
    values (:id, :mitra, :campaign, :constituency, :kind, :asked_at, :due_at, :through, :details, :state,
            :answered_at, :answered_by, :reason)
    """
)
_ANSWER: Final = text(
    """
    update person_request set state = :state, answered_at = :at, answered_by = :by, reason = :reason
    where id = :id and state = 'open'
    """
)
_COUNTS: Final = text(
    """
    select kind, count(*) as open, count(*) filter (where due_at < :now) as overdue, min(asked_at) as oldest,
           min(due_at) as next_due
    from person_request where campaign = :campaign and state = 'open' group by kind order by kind
    """
)


async def keep(
    connection: AsyncConnection,
    request: RequestId,
    person: Row[Any],
    kind: RequestKind,
    *,
    asked_at: datetime,
    due_at: datetime,
    through: str,
    details: str | None = None,
    done_by: str | None = None,
) -> None:
    """Note a request of `person`, a row of `mitra`; with `done_by` it was carried out at once."""
    is_done = done_by is not None
    await connection.execute(
        _INSERT,
        {
            "id": request,
            "mitra": person.id,
            "campaign": person.campaign,
            "constituency": person.constituency,
            "kind": kind.value,
            "asked_at": asked_at,
            "due_at": due_at,
            "through": through,
            "details": details,
            "state": RequestState.ANSWERED.value if is_done else RequestState.OPEN.value,
            "answered_at": asked_at if is_done else None,
            "answered_by": done_by,
            "reason": AnswerReason.DONE.value if is_done else None,
        },
    )


async def of_person(connection: AsyncConnection, mitra: MitraId) -> Sequence[Row[Any]]:
    """All requests of a person, newest first."""
    statement = f"select {_COLUMNS} from person_request where mitra = :mitra order by asked_at desc, id"  # noqa: S608
    return (await connection.execute(text(statement), {"mitra": mitra})).all()


async def open_of_kind(connection: AsyncConnection, mitra: MitraId, kind: RequestKind) -> int:
    """How many requests of a kind a person has open."""
    found = await connection.execute(
        text("select count(*) from person_request where mitra = :mitra and kind = :kind and state = 'open'"),
        {"mitra": mitra, "kind": kind.value},
    )
    return int(found.scalar_one())


async def listed(
    connection: AsyncConnection, campaign: CampaignId, constituency: AreaCode | None, state: RequestState
) -> Sequence[Row[Any]]:
    """Requests of a constituency, or of all; what is due first comes first."""
    of_area = "" if constituency is None else "and constituency = :constituency"
    statement = f"""
        select {_COLUMNS} from person_request
        where campaign = :campaign and state = :state {of_area}
        order by due_at, id limit :most
    """  # noqa: S608
    values = {"campaign": campaign, "constituency": constituency, "state": state.value, "most": MOST_LISTED}
    return (await connection.execute(text(statement), values)).all()


async def find(
    connection: AsyncConnection, request: RequestId, *, for_update: bool = False
) -> Row[Any] | None:
    """One request with its sealed details, locked if asked."""
    lock = "for update" if for_update else ""
    statement = f"select {_COLUMNS}, details from person_request where id = :id {lock}"  # noqa: S608
    return (await connection.execute(text(statement), {"id": request})).one_or_none()


async def answer(
    connection: AsyncConnection,
    request: RequestId,
    state: RequestState,
    reason: AnswerReason,
    by: StaffId,
    at: datetime,
) -> None:
    """Note the answer to an open request."""
    await connection.execute(
        _ANSWER, {"id": request, "state": state.value, "reason": reason.value, "by": by, "at": at}
    )


async def counts(connection: AsyncConnection, campaign: CampaignId, now: datetime) -> Sequence[Row[Any]]:
    """Open requests of a campaign by kind."""
    return (await connection.execute(_COUNTS, {"campaign": campaign, "now": now})).all()


_FORGET: Final = text(
    """
    delete from person_request where id = any(array(
        select id from person_request where state <> 'open' and answered_at < :before
        order by answered_at limit :at_most))
    """
)


async def forget_settled(connection: AsyncConnection, before: datetime, *, at_most: int) -> int:
    """Delete up to `at_most` requests that were settled before that instant. Returns how many."""
    return (await connection.execute(_FORGET, {"before": before, "at_most": at_most})).rowcount
