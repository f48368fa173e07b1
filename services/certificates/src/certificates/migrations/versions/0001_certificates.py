"""Certificates, pools with their guard, the certificates log and the consumer's tables.

Revision ID: 0001
Revises: None
"""

from alembic import op

from mitra_shared.consume.ddl import create_consumer_v1
from mitra_shared.contracts.topics import CERTIFICATES, PARTITIONS
from mitra_shared.log.ddl import create_log_v1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_PARTITION = f"partition smallint not null check (partition between 0 and {PARTITIONS - 1})"

_TABLES = [
    f"""
    create table campaign (
        {_PARTITION},
        campaign text not null,
        version integer not null check (version > 0),
        issue_on text not null check (issue_on in ('enrolled', 'cleared')),
        frozen boolean not null,
        level text not null check (level in ('segment', 'constituency')),
        primary key (partition, campaign)
    )
    """,
    f"""
    create table segment (
        {_PARTITION},
        campaign text not null,
        segment text not null,
        constituency text not null,
        state text not null,
        pool text not null,
        last_serial integer not null default 0 check (last_serial >= 0),
        primary key (partition, campaign, segment)
    ) with (fillfactor = 50)
    """,
    f"""
    create table pool (
        {_PARTITION},
        campaign text not null,
        area text not null,
        quota integer not null check (quota >= 0),
        taken integer not null check (taken >= 0),
        ceiling integer not null,
        primary key (partition, campaign, area),
        constraint pool_not_oversold check (taken <= ceiling),
        constraint pool_ceiling_covers_quota check (ceiling >= quota)
    ) with (fillfactor = 50)
    """,
    f"""
    create table certificate (
        id uuid primary key,
        {_PARTITION},
        campaign text not null,
        constituency text not null,
        segment text not null,
        pool text not null,
        mitra_id uuid not null,
        holder_name text,
        enrolled_at timestamptz not null,
        enrolled_position bigint not null check (enrolled_position > 0),
        state text not null,
        queue_position bigint check (queue_position > 0),
        serial integer check (serial > 0),
        issued_at timestamptz,
        revoked_at timestamptz,
        constraint certificate_of_mitra unique (mitra_id),
        constraint certificate_number unique (campaign, segment, serial),
        constraint certificate_state check (
            case state
                when 'held' then serial is null
                when 'waitlisted' then serial is null and queue_position is not null
                when 'issued' then serial is not null and queue_position is not null
                when 'revoked' then revoked_at is not null and holder_name is null
                else false
            end
            and (serial is null) = (issued_at is null)
        )
    )
    """,
    """
    create index certificate_queue
    on certificate (partition, campaign, pool, queue_position, enrolled_position)
    where state in ('held', 'waitlisted')
    """,
    f"""
    create table lost_branch (
        certificate_id uuid not null,
        campaign text not null,
        segment text not null,
        serial integer not null,
        {_PARTITION},
        issued_at timestamptz not null,
        recorded_at timestamptz not null default now(),
        primary key (certificate_id, campaign, segment, serial)
    )
    """,
]

_ADDED = "select partition, campaign, pool, 1 as places from after_rows where state = 'issued'"
_REMOVED = "select partition, campaign, pool, -1 as places from before_rows where state = 'issued'"


def _keep_taken(operation: str, moved: str, transition: str) -> list[str]:
    """A statement-level trigger: `taken` follows the issued certificates, whoever writes them and how."""
    name = f"certificate_places_after_{operation}"
    return [
        f"""
        create function {name}() returns trigger language plpgsql as $$
        declare
            homeless integer;
        begin
            with moved as (
                select partition, campaign, pool, sum(places) as places
                from ({moved}) as issued
                group by partition, campaign, pool
                having sum(places) <> 0
            ), kept as (
                update pool
                set taken = pool.taken + moved.places,
                    ceiling = case when moved.places < 0
                        then greatest(pool.quota, pool.taken + moved.places) else pool.ceiling end
                from moved
                where pool.partition = moved.partition and pool.campaign = moved.campaign
                  and pool.area = moved.pool
                returning 1
            )
            select (select count(*) from moved) - (select count(*) from kept) into homeless;
            if homeless > 0 then
                raise foreign_key_violation
                    using message = 'certificates are issued from a pool that does not exist',
                          constraint = 'certificate_pool', table = 'certificate';
            end if;
            return null;
        end
        $$
        """,  # noqa: S608 - statements of ours
        f"""
        create trigger {name} after {operation} on certificate referencing {transition}
        for each statement execute function {name}()
        """,
    ]


def _keep_last_serial(operation: str) -> list[str]:
    """A statement-level trigger: the last number of a segment follows those that are given."""
    name = f"certificate_numbers_after_{operation}"
    return [
        f"""
        create function {name}() returns trigger language plpgsql as $$
        begin
            update segment
            set last_serial = given.serial
            from (
                select partition, campaign, segment, max(serial) as serial
                from after_rows where serial is not null
                group by partition, campaign, segment
            ) as given
            where segment.partition = given.partition and segment.campaign = given.campaign
              and segment.segment = given.segment and segment.last_serial < given.serial;
            return null;
        end
        $$
        """,  # noqa: S608 - statements of ours
        f"""
        create trigger {name} after {operation} on certificate referencing new table as after_rows
        for each statement execute function {name}()
        """,
    ]


def upgrade() -> None:
    for statement in [
        *create_log_v1(CERTIFICATES),
        *create_consumer_v1(),
        *_TABLES,
        *_keep_taken("insert", _ADDED, "new table as after_rows"),
        *_keep_taken(
            "update",
            f"{_ADDED} union all {_REMOVED}",
            "old table as before_rows new table as after_rows",
        ),
        *_keep_taken("delete", _REMOVED, "old table as before_rows"),
        *_keep_last_serial("insert"),
        *_keep_last_serial("update"),
    ]:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead: the log may not be dropped")
