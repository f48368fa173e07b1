"""Programmes as they are kept, with how many certificates were handed over at each."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from certificates.domain.discussion import Discussion
from certificates.storage.requests import Request
from mitra_shared.contracts.events import ProgrammeFigures
from mitra_shared.ids import AreaCode, CampaignId, Partition, StaffId

ProgrammeKind = Literal["launch", "discussion"]


@dataclass(frozen=True, slots=True)
class Programme:
    """A programme. `handed_over`: certificates recorded for it so far; `figures`: as last reported."""

    id: UUID
    partition: Partition
    campaign: CampaignId
    constituency: AreaCode
    kind: ProgrammeKind
    place: str
    held_on: date
    planned_by: StaffId
    planned_at: datetime
    reports: int
    reported_by: StaffId | None
    reported_at: datetime | None
    figures: ProgrammeFigures | None
    handed_over: int
    discussions: int = 0
    """How often something of `discussion` was told."""
    discussed_by: StaffId | None = None
    discussed_at: datetime | None = None
    discussion: Discussion | None = None

    @property
    def told_last(self) -> tuple[StaffId | None, datetime | None]:
        """Who reported or corrected any of it last, and when."""
        if self.reported_at is None or self.discussed_at is None or self.discussed_at < self.reported_at:
            return self.reported_by, self.reported_at
        return self.discussed_by, self.discussed_at


_FIELDS: Final = """
    p.id, p.partition, p.campaign, p.constituency, p.kind, p.place, p.held_on, p.planned_by, p.planned_at,
    p.reports, p.reported_by, p.reported_at, p.presented, p.beneficiaries,
    p.discussions, p.discussed_by, p.discussed_at, p.attendance, p.topics,
    (select count(*) from hand_over as given where given.programme = p.id) as handed_over
"""
_FOUND: Final = text(f"select {_FIELDS} from programme as p where p.id = :id")  # noqa: S608 - columns of ours
_LOCKED: Final = text(f"select {_FIELDS} from programme as p where p.id = :id for update of p")  # noqa: S608
_OF_CONSTITUENCY: Final = text(
    f"""
    select {_FIELDS} from programme as p
    where p.constituency = :constituency and p.campaign = coalesce(:campaign, p.campaign)
    order by p.held_on desc, p.id limit :most
    """  # noqa: S608 - columns of ours
)
_ASKED: Final = text(
    f"""
    select {_FIELDS}, p.request from programme as p
    where p.planned_by = :caller and p.idempotency_key = :key
    """  # noqa: S608 - columns of ours
)
_INSERT: Final = text(
    """
    insert into programme (id, partition, campaign, constituency, kind, place, held_on, planned_by,
                           planned_at, idempotency_key, request)
    values (:id, :partition, :campaign, :constituency, :kind, :place, :held_on, :by, :at, :key, :request)
    """
)
_REPORT: Final = text(
    """
    update programme
    set reports = reports + 1, presented = :presented, beneficiaries = :beneficiaries, reported_by = :by,
        reported_at = :at
    where id = :id
    """
)
_DISCUSS: Final = text(
    """
    update programme
    set discussions = discussions + 1, attendance = :attendance, topics = cast(:topics as jsonb),
        discussed_by = :by, discussed_at = :at
    where id = :id
    """
)
_TOPICS: Final = text(
    """
    select topic ->> 'id' from campaign_words
    cross join lateral json_array_elements(coalesce(definition -> 'topics', '[]')) as topic
    where campaign = :campaign
    """
)
_AMONG: Final = text(
    """
    select id from programme
    where id = any(:ids) and campaign = :campaign and constituency = :constituency
    """
)


def _programme(row: Row[Any]) -> Programme:
    figures = (
        ProgrammeFigures(presented=row.presented, beneficiaries=row.beneficiaries) if row.reports else None
    )
    discussion = Discussion(row.attendance, row.topics) if row.discussions else None
    told = (row.discussions, row.discussed_by, row.discussed_at, discussion)
    fields: tuple[Any, ...] = (*row[:12], figures, row.handed_over, *told)
    return Programme(*fields)


async def find(connection: AsyncConnection, programme: UUID) -> Programme | None:
    """The programme of that id."""
    row = (await connection.execute(_FOUND, {"id": programme})).one_or_none()
    return None if row is None else _programme(row)


async def lock(connection: AsyncConnection, programme: UUID) -> Programme | None:
    """The programme of that id, which nobody else changes until the end of the transaction."""
    row = (await connection.execute(_LOCKED, {"id": programme})).one_or_none()
    return None if row is None else _programme(row)


async def asked_before(connection: AsyncConnection, request: Request) -> tuple[bytes, Programme] | None:
    """The programme that was planned with the key of a request, and the digest of that request."""
    row = (await connection.execute(_ASKED, {"caller": request.caller, "key": request.key})).one_or_none()
    return None if row is None else (row.request, _programme(row))


async def of_constituency(
    connection: AsyncConnection, constituency: AreaCode, campaign: CampaignId | None, most: int
) -> Sequence[Programme]:
    """Programmes of a constituency, the latest first."""
    rows = await connection.execute(
        _OF_CONSTITUENCY, {"constituency": constituency, "campaign": campaign, "most": most}
    )
    return [_programme(row) for row in rows]


async def insert(connection: AsyncConnection, programme: Programme, request: Request) -> None:
    """Write a programme."""
    await connection.execute(
        _INSERT,
        {
            "id": programme.id,
            "partition": programme.partition,
            "campaign": programme.campaign,
            "constituency": programme.constituency,
            "kind": programme.kind,
            "place": programme.place,
            "held_on": programme.held_on,
            "by": programme.planned_by,
            "at": programme.planned_at,
            "key": request.key,
            "request": request.digest,
        },
    )


async def report(
    connection: AsyncConnection, programme: UUID, figures: ProgrammeFigures, by: StaffId, at: datetime
) -> None:
    """Write what is said of a programme."""
    await connection.execute(_REPORT, {"id": programme, **figures.model_dump(), "by": by, "at": at})


async def discuss(
    connection: AsyncConnection, programme: UUID, discussion: Discussion, by: StaffId, at: datetime
) -> None:
    """Write who came and what was talked about."""
    told = {"attendance": discussion.attendance, "topics": json.dumps(dict(discussion.topics))}
    await connection.execute(_DISCUSS, {"id": programme, **told, "by": by, "at": at})


async def topics(connection: AsyncConnection, campaign: CampaignId) -> Collection[str]:
    """Topics of the newest definition; an older one may have none."""
    return set((await connection.execute(_TOPICS, {"campaign": campaign})).scalars())


async def among(
    connection: AsyncConnection, ids: Collection[UUID], campaign: CampaignId, constituency: AreaCode
) -> Collection[UUID]:
    """Those of these programmes that the constituency has."""
    rows = await connection.execute(
        _AMONG, {"ids": list(ids), "campaign": campaign, "constituency": constituency}
    )
    return set(rows.scalars())
