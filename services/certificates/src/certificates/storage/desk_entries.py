"""What the quota desk decided, as it is kept: an input of the register that survives a rebuild."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple, assert_never
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from certificates.domain.certificate import Cause
from certificates.domain.desk import (
    CorrectName,
    Decision,
    GrantPlace,
    RaiseQuota,
    ReissueCertificate,
    ReleasePlaces,
    ReservePlaces,
)
from certificates.storage.registers import Scope
from mitra_shared.ids import AreaCode, CampaignId, Epoch, EventId, Partition, Position, StaffId
from mitra_shared.log import Place
from mitra_shared.security.tokens import Role


class Outcome(NamedTuple):
    """What came of a decision.

    Attributes:
        places: that were raised, set aside, given back or given out.
        issued: how many certificates were issued on it.
        serial: the number that a single certificate has now, if the decision was about one.
        revision: the revision of that certificate.
    """

    places: int | None = None
    issued: int = 0
    serial: int | None = None
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class DeskEntry:
    """A decision with who and why.

    Attributes:
        after: the entry of the enrolment log that it was taken after.
        request: keyed digest of the request; None once the name in it was forgotten.
        lapsed: why a replay could not carry it out again.
    """

    id: UUID
    after: Place
    campaign: CampaignId
    constituency: AreaCode
    decision: Decision
    request: bytes | None
    reason: str
    decided_by: StaffId
    role: Role
    decided_at: datetime
    applied_at: datetime | None = None
    lapsed: str | None = None
    outcome: Outcome | None = None
    number: int | None = None
    segment: AreaCode | None = None
    """Of the certificate in question, where it is there."""

    @property
    def scope(self) -> Scope:
        """Whose register it is folded into."""
        return Scope(self.after.partition, self.campaign)

    @property
    def cause(self) -> Cause:
        """What follows from it follows from this."""
        return Cause(EventId(self.id), self.after.position, self.decided_at)


_KINDS: Final[dict[type[Any], str]] = {
    RaiseQuota: "raise",
    ReservePlaces: "reserve",
    ReleasePlaces: "release",
    GrantPlace: "grant",
    ReissueCertificate: "reissue",
    CorrectName: "correct",
}


def kind_of(decision: Decision) -> str:
    """The word that a kind of decision is stored and shown as."""
    return _KINDS[type(decision)]


def _decision(row: Row[Any]) -> Decision:
    match row.kind:
        case "raise":
            return RaiseQuota(row.area, row.places)
        case "reserve":
            return ReservePlaces(row.area, row.programme, row.places)
        case "release":
            return ReleasePlaces(row.area, row.programme)
        case "grant":
            return GrantPlace(row.certificate_id, row.programme)
        case "reissue":
            return ReissueCertificate(row.certificate_id, row.serial)
        case "correct":
            return CorrectName(row.certificate_id, row.holder_name)
        case kind:
            assert_never(kind)


_COLUMNS: Final = """
    e.id, e.number, e.partition, e.campaign, e.constituency, e.after_epoch, e.after_position, e.kind, e.area,
    e.certificate_id, e.programme, e.serial, e.places, e.holder_name, e.request, e.reason, e.decided_by,
    e.decided_role, e.decided_at, e.applied_at, e.lapsed, e.outcome, c.segment
"""


def _entry(row: Row[Any]) -> DeskEntry:
    return DeskEntry(
        id=row.id,
        after=Place(Partition(row.partition), Epoch(row.after_epoch), Position(row.after_position)),
        campaign=row.campaign,
        constituency=row.constituency,
        decision=_decision(row),
        request=row.request,
        reason=row.reason,
        decided_by=row.decided_by,
        role=Role(row.decided_role),
        decided_at=row.decided_at,
        applied_at=row.applied_at,
        lapsed=row.lapsed,
        outcome=None if row.outcome is None else Outcome(**row.outcome),
        number=row.number,
        segment=row.segment,
    )


_FIND: Final = text(
    f"""
    select {_COLUMNS} from desk_entry as e left join certificate as c on c.id = e.certificate_id
    where e.id = :id
    """  # noqa: S608 - columns of ours
)


async def find_entry(connection: AsyncConnection, entry_id: UUID) -> DeskEntry | None:
    """The entry of that id."""
    row = (await connection.execute(_FIND, {"id": entry_id})).one_or_none()
    return None if row is None else _entry(row)


_LIST: Final = text(
    f"""
    select {_COLUMNS} from desk_entry as e left join certificate as c on c.id = e.certificate_id
    where e.number > :after and e.campaign = coalesce(cast(:campaign as text), e.campaign)
      and e.constituency = coalesce(cast(:constituency as text), e.constituency)
    order by e.number limit :most
    """  # noqa: S608 - columns of ours
)


async def list_entries(
    connection: AsyncConnection,
    *,
    campaign: CampaignId | None,
    constituency: AreaCode | None,
    after: int,
    most: int,
) -> Sequence[DeskEntry]:
    """The record, oldest first; None: of all campaigns, of all constituencies."""
    rows = await connection.execute(
        _LIST, {"campaign": campaign, "constituency": constituency, "after": after, "most": most}
    )
    return [_entry(row) for row in rows]


_DUE: Final = text(
    f"""
    select {_COLUMNS}
    from unnest(cast(:partitions as smallint[]), cast(:epochs as integer[]), cast(:positions as bigint[]))
        as reached(partition, epoch, position)
    join desk_entry as e on e.partition = reached.partition and e.applied_at is null
        and (e.after_epoch, e.after_position) <= (reached.epoch, reached.position)
    left join certificate as c on c.id = e.certificate_id
    order by e.partition, e.after_epoch, e.after_position, e.number
    """  # noqa: S608 - columns of ours
)


async def due_entries(connection: AsyncConnection, reached: Iterable[Place]) -> Sequence[DeskEntry]:
    """What is to be applied again up to these places, one for each partition, in order."""
    partitions, epochs, positions = (list(column) for column in zip(*reached, strict=True))
    rows = await connection.execute(
        _DUE, {"partitions": partitions, "epochs": epochs, "positions": positions}
    )
    return [_entry(row) for row in rows]


_IS_REPLAYING: Final = text(
    """
    select exists (select from desk_entry where partition = :partition and applied_at is null)
        or exists (
            select from consumer_restart as began,
                regexp_match(began.stood_at, cast(:topic as text) || '[^ ]* at (\\d+)-(\\d+)') as stood
            where began."group" = :group and began.partition = :partition
              and (cast(stood[1] as bigint), cast(stood[2] as bigint)) > (:epoch, :position)
        )
    """
)


async def is_replaying(connection: AsyncConnection, group: str, topic: str, place: Place) -> bool:
    """Whether a consumer that began a partition again is, at `place`, not yet where it stood, nor beyond.

    What were decided before that would be decided on a part of what there is, and change what follows.
    """
    replaying: bool = (
        await connection.execute(_IS_REPLAYING, {"group": group, "topic": topic, **place._asdict()})
    ).scalar_one()
    return replaying


_ADD: Final = text(
    """
    insert into desk_entry (id, partition, campaign, constituency, after_epoch, after_position, kind, area,
                            certificate_id, programme, serial, places, holder_name, request, reason,
                            decided_by, decided_role, decided_at, applied_at, outcome)
    values (:id, :partition, :campaign, :constituency, :after_epoch, :after_position, :kind, :area,
            :certificate_id, :programme, :serial, :places, :holder_name, :request, :reason,
            :decided_by, :decided_role, :decided_at, :decided_at, cast(:outcome as json))
    on conflict (id) do nothing
    """
)


async def add_entry(connection: AsyncConnection, entry: DeskEntry, outcome: Outcome) -> DeskEntry | None:
    """Keep a decision that was carried out now. Returns it as it was kept; None if its id is in use."""
    details = dict.fromkeys(("area", "certificate_id", "programme", "serial", "places", "holder_name"))
    added = await connection.execute(
        _ADD,
        {
            "id": entry.id,
            "partition": entry.after.partition,
            "campaign": entry.campaign,
            "constituency": entry.constituency,
            "after_epoch": entry.after.epoch,
            "after_position": entry.after.position,
            "kind": kind_of(entry.decision),
            **details,
            **entry.decision._asdict(),
            "request": entry.request,
            "reason": entry.reason,
            "decided_by": entry.decided_by,
            "decided_role": entry.role.value,
            "decided_at": entry.decided_at,
            "outcome": _as_json(outcome),
        },
    )
    return await find_entry(connection, entry.id) if added.rowcount else None


_APPLIED: Final = text(
    """
    update desk_entry set applied_at = clock_timestamp(), lapsed = null, outcome = cast(:outcome as json)
    where id = :id
    """
)

_LAPSED: Final = text(
    """
    update desk_entry
    set applied_at = clock_timestamp(), lapsed = :why, outcome = null,
        holder_name = case when exists (
            select from certificate where certificate.id = desk_entry.certificate_id and state = 'revoked'
        ) then null else holder_name end
    where id = :id
    """
)


async def mark_applied(connection: AsyncConnection, entry_id: UUID, outcome: Outcome) -> None:
    """Note that a decision was carried out again."""
    await connection.execute(_APPLIED, {"id": entry_id, "outcome": _as_json(outcome)})


async def mark_lapsed(connection: AsyncConnection, entry_id: UUID, why: str) -> None:
    """Note that a decision could not be carried out again; a name of somebody who withdrew is forgotten."""
    await connection.execute(_LAPSED, {"id": entry_id, "why": why[:500]})


def _as_json(outcome: Outcome) -> str:
    return json.dumps(outcome._asdict())


class Held(NamedTuple):
    """Where the enrolment log is applied up to, held until the end of the transaction."""

    place: Place
    rebuild_requested: bool
    now: datetime
    """Read once the row was held, so that what is decided later has a later time."""


_HOLD: Final = text(
    """
    with held as materialized (
        select epoch, position, rebuild_requested_at is not null as rebuild_requested from consumer_position
        where "group" = :group and topic = :topic and partition = :partition for update
    )
    select epoch, position, rebuild_requested, clock_timestamp() as now from held
    """
)


async def hold_place(
    connection: AsyncConnection, group: str, topic: str, partition: Partition
) -> Held | None:
    """Hold the position of the consumer: nothing is applied meanwhile. None before it ever began."""
    held = await connection.execute(_HOLD, {"group": group, "topic": topic, "partition": partition})
    row = held.one_or_none()
    if row is None:
        return None
    return Held(Place(partition, row.epoch, row.position), row.rebuild_requested, row.now)
