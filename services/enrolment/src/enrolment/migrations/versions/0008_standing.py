"""The log `staff`: whose tokens count, by person. Who is there already is told at once, without a name.

The names are sealed with keys that no migration has; the apis tell them at their first start.
"""

import json
from typing import Any, Final
from zlib import crc32

from alembic import op
from sqlalchemy import Connection, text

from mitra_shared.contracts.topics import PARTITIONS, STAFF
from mitra_shared.ids import new_event_id
from mitra_shared.log.ddl import add_rewrite_v2, create_log_v1

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_STANDING: Final = text(
    """
    with told as (select date_trunc('milliseconds', now()) as at)
    select staff.id, staff.campaign, staff.state, told.at as at,
           to_char(told.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at_text,
           held.role, held.area,
           coalesce((select cast(jsonb_agg(distinct jsonb_build_object('role', role, 'area', area)) as text)
                     from staff_grant as ended
                     where ended.staff = staff.id and ended.until is not null
                       and (held.role, held.area) is distinct from (ended.role, ended.area)), '[]') as former,
           coalesce((select cast(json_agg(json_build_object(
                         'session', id,
                         'until', to_char((ended_at + interval '11 minutes') at time zone 'UTC',
                                          'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
                         ) order by ended_at, id) as text)
                     from staff_session
                     where staff_session.staff = staff.id
                       and ended_at > now() - interval '11 minutes'), '[]') as ended
    from told cross join staff left join staff_grant as held on held.staff = staff.id and held.until is null
    order by staff.id
    """
)
_APPEND: Final = text(
    """
    insert into staff_log (partition, position, epoch, event_id, type, key, occurred_at, payload)
    values (:partition, :position, 1, :event_id, 'StaffStandingV1', :key, :at, cast(:payload as json))
    """
)
_MOVE: Final = text("update staff_head set position = :position where partition = :partition")


def upgrade() -> None:
    op.execute("alter table staff add column shown_name text")
    op.execute(
        "comment on column staff.shown_name is 'sealed for reporting, context ''staff-shown:'' and the id'"
    )
    for statement in [*create_log_v1(STAFF), *add_rewrite_v2(STAFF)]:
        op.execute(statement)
    _tell(op.get_bind())


def _tell(connection: Connection) -> None:
    positions: dict[int, int] = {}
    entries: list[dict[str, Any]] = []
    for row in connection.execute(_STANDING):
        partition = crc32(row.id.encode()) % PARTITIONS
        positions[partition] = positions.get(partition, 0) + 1
        event_id = new_event_id()
        told = {
            "event_id": str(event_id),
            "campaign": row.campaign,
            "occurred_at": row.at_text,
            "type": "StaffStandingV1",
            "staff": row.id,
            "state": row.state,
            "post": None if row.role is None else {"role": row.role, "area": row.area},
            "former": json.loads(row.former),
            "ended": json.loads(row.ended),
        }
        entries.append(
            {
                "partition": partition,
                "position": positions[partition],
                "event_id": event_id,
                "key": row.id,
                "at": row.at,
                "payload": json.dumps(told, ensure_ascii=False),
            }
        )
    if entries:
        connection.execute(_APPEND, entries)
        connection.execute(_MOVE, [{"partition": p, "position": n} for p, n in positions.items()])


def downgrade() -> None:
    raise NotImplementedError("migrations run forwards only; restore a backup instead")
