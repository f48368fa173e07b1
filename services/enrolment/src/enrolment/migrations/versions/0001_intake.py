"""The intake: people, outcomes, campaigns, opinions, and the logs of enrolments and opinions."""

from alembic import op

from mitra_shared.contracts.topics import ENROLMENT, OPINIONS
from mitra_shared.log.ddl import create_log_v1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    """
    create table campaign (
        id text not null,
        version integer not null check (version > 0),
        definition json not null,
        defined_at timestamptz not null,
        current boolean not null,
        primary key (id, version)
    )
    """,
    "create unique index campaign_one_current on campaign (id) where current",
    """
    create table mitra (
        id uuid primary key,
        campaign text not null,
        constituency text not null,
        segment text not null,
        partition smallint not null,
        recruiter text not null,
        basis text not null,
        schemes text[] not null,
        language text not null,
        name text,
        phone text,
        phone_hash bytea,
        slot smallint check (slot >= 0),
        notice_version text not null,
        notice_language text not null,
        enrolled_at timestamptz not null,
        withdrawn_at timestamptz,
        withdrawal_epoch integer,
        withdrawal_position bigint,
        constraint mitra_one_person_per_slot unique (campaign, phone_hash, slot),
        constraint mitra_slot_until_withdrawn check ((withdrawn_at is null) = (slot is not null))
    )
    """,
    "comment on column mitra.name is 'sealed, context ''name:'' and the id; null once erased'",
    "comment on column mitra.phone is 'sealed, context ''phone:'' and the id; null once erased'",
    "comment on column mitra.phone_hash is 'keyed hash of campaign and phone'",
    "comment on column mitra.slot is 'place on the phone; null once withdrawn, so that it is free again'",
    """
    create table outcome (
        caller text not null,
        idempotency_key text not null,
        digest bytea not null,
        status smallint not null,
        body json not null,
        created_at timestamptz not null,
        primary key (caller, idempotency_key)
    )
    """,
    "create index outcome_created_at on outcome using brin (created_at)",
    """
    create table duplicate_answer (
        caller text not null,
        day date not null,
        answered integer not null,
        refused integer not null,
        primary key (caller, day)
    )
    """,
    """
    create table duplicate_record (
        id uuid primary key,
        caller text not null,
        campaign text not null,
        idempotency_key text not null,
        answered_at timestamptz not null
    )
    """,
    "create index duplicate_record_answered_at on duplicate_record using brin (answered_at)",
    """
    create table opinion_pool (
        id uuid primary key,
        campaign text not null,
        round text not null,
        constituency text not null,
        segment text not null,
        day date not null,
        answers json not null
    )
    """,
    "create index opinion_pool_waiting on opinion_pool (campaign, round, segment)",
    """
    create table opinion_submission (
        id uuid primary key,
        day date not null
    )
    """,
    "create index opinion_submission_day on opinion_submission using brin (day)",
    """
    create table opinion_dropped (
        campaign text not null,
        round text not null,
        constituency text not null,
        sheets integer not null check (sheets > 0),
        primary key (campaign, round, constituency)
    )
    """,
)


def upgrade() -> None:
    for topic in (ENROLMENT, OPINIONS):
        for statement in create_log_v1(topic):
            op.execute(statement)
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the first step has nothing before it; drop the database instead")
