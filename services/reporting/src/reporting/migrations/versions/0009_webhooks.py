"""Webhooks: endpoints, their secrets, what was attempted.

Revision ID: 0009
Revises: 0008
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_STEPS = (
    """
    create table webhook (
        id text primary key,
        campaign text not null,
        url text not null,
        within text not null,
        levels text[] not null,
        events text[] not null,
        description text not null,
        created_by text not null,
        created_at timestamptz not null,
        idempotency_key text not null,
        request_digest text not null,
        revision bigint not null default 0,
        paused boolean not null default false,
        next_at timestamptz not null,
        failures integer not null default 0,
        failing_since timestamptz,
        disabled_at timestamptz,
        disabled_why text,
        told_version bigint not null,
        told_area text,
        snapshot_from bigint,
        told_releases jsonb not null default '{}',
        told_at timestamptz,
        test_id text,
        lease text,
        lease_until timestamptz,
        message_id text,
        message_type text,
        message text,
        message_then jsonb,
        unique (campaign, created_by, idempotency_key)
    )
    """,
    """
    create table webhook_secret (
        webhook text not null references webhook (id) on delete cascade,
        number integer not null,
        sealed text not null,
        expires_at timestamptz,
        primary key (webhook, number)
    )
    """,
    """
    create table webhook_attempt (
        id bigint generated always as identity primary key,
        webhook text not null references webhook (id) on delete cascade,
        message_id text not null,
        message_type text not null,
        at timestamptz not null,
        milliseconds integer not null,
        status smallint,
        error text
    )
    """,
    "create index ix_webhook_attempt_webhook on webhook_attempt (webhook, id)",
)


def upgrade() -> None:
    for statement in _STEPS:
        op.execute(statement)
