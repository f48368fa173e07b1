"""Broadcasts: their text, audience and progress, the pace they keep, and people who want none."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

STATEMENTS = (
    "alter table mitra add column messages_off_at timestamptz",
    "comment on column mitra.messages_off_at is 'since when the person wants no messages in bulk'",
    """
    create table broadcast (
        id uuid primary key,
        campaign text not null,
        author text not null,
        idempotency_key text not null,
        constituency text,
        area text not null,
        constituencies text[],
        segment text,
        language text,
        texts jsonb not null,
        digest text not null,
        ever_enrolled jsonb not null,
        not_before timestamptz,
        state text not null default 'draft'
            constraint broadcast_state
            check (state in ('draft', 'approved', 'preparing', 'sending', 'done', 'cancelled')),
        created_at timestamptz not null,
        approved_at timestamptz,
        approved_by text,
        expires_at timestamptz,
        cancelled_at timestamptz,
        cancelled_by text,
        prepared_to uuid,
        prepared integer not null default 0,
        finished_at timestamptz,
        outcome jsonb,
        constraint broadcast_once unique (campaign, author, idempotency_key),
        constraint broadcast_approved
            check (state in ('draft', 'cancelled') or (approved_at is not null and expires_at is not null)),
        constraint broadcast_finished
            check (finished_at is null or (state in ('done', 'cancelled') and outcome is not null))
    )
    """,
    "create index broadcast_of_campaign on broadcast (campaign, created_at)",
    "create index broadcast_unfinished on broadcast (approved_at) where finished_at is null",
    "comment on column broadcast.constituency is 'whose in-charge it belongs to; null: of headquarters'",
    "comment on column broadcast.constituencies is 'of the audience; null: all'",
    "comment on column broadcast.segment is 'of the audience; null: all'",
    "comment on column broadcast.language is 'of the audience; null: all'",
    "comment on column broadcast.digest is 'SHA-256 of what is sent to whom'",
    "comment on column broadcast.ever_enrolled is 'in the audience, by language, at the draft'",
    "comment on column broadcast.prepared_to is 'the last person looked at'",
    "comment on column broadcast.outcome is 'of its messages, once finished'",
    """
    create table broadcast_pace (
        campaign text primary key,
        tokens double precision not null,
        filled_at timestamptz not null
    )
    """,
    "comment on table broadcast_pace is 'a token bucket for all processes that send'",
    """
    alter table message add column broadcast uuid,
        add constraint message_of_broadcast check ((kind = 'broadcast') = (broadcast is not null))
    """,
    # Messages in bulk stand in indexes of their own: what is due at once is found past any number of them.
    "drop index message_due",
    """
    create index message_due on message (expires_at, next_at) where state = 'waiting' and broadcast is null
    """,
    """
    create index message_of_broadcast_due on message (broadcast, next_at)
        where state = 'waiting' and broadcast is not null
    """,
    "create index message_of_broadcast_count on message (broadcast, state) where broadcast is not null",
    """
    create unique index message_once_in_broadcast on message (recipient, broadcast)
        where broadcast is not null
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations run forwards only; restore a backup instead")
