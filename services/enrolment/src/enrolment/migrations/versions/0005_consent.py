"""Consent with its receipt, messages to people, one-time codes, and what people ask for."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Whoever was enrolled before saw the text of the newest definition loaded until then. A transaction that does
# not name its work sees nobody.
HASHES_OF_BEFORE = (
    "select set_config('mitra.work', 'upkeep', true)",
    """
    update mitra set notice_hash = shown.hash
    from (
        select asked.campaign, asked.notice_version, asked.notice_language, newest.hash
        from (select distinct campaign, notice_version, notice_language from mitra) as asked
        cross join lateral (
            select sha256(convert_to(notice ->> 'text', 'UTF8')) as hash
            from campaign cross join lateral json_array_elements(campaign.definition -> 'notices') as notice
            where campaign.id = asked.campaign and notice ->> 'version' = asked.notice_version
              and notice ->> 'language' = asked.notice_language
            order by campaign.version desc limit 1
        ) as newest
    ) as shown
    where (mitra.campaign, mitra.notice_version, mitra.notice_language)
        = (shown.campaign, shown.notice_version, shown.notice_language)
    """,
    "select set_config('mitra.work', '', true)",
)

STATEMENTS = (
    "alter table mitra add column notice_hash bytea",
    """
    alter table mitra add column consent_manner text not null default 'read'
        constraint mitra_consent_manner check (consent_manner in ('read', 'read_aloud', 'signed_paper'))
    """,
    "alter table mitra add column recruiter_role text",
    "alter table mitra add column receipt_hash bytea",
    "alter table mitra add column corrected_at timestamptz",
    "comment on column mitra.corrected_at is 'language and schemes may differ from the log since then'",
    "comment on column mitra.notice_hash is 'SHA-256 of the text that was shown'",
    "comment on column mitra.receipt_hash is 'keyed hash of the receipt, which follows from the id by a key'",
    "create unique index mitra_receipt on mitra (receipt_hash)",
    *HASHES_OF_BEFORE,
    """
    create table message (
        id uuid primary key,
        recipient uuid not null,
        kind text not null,
        facts jsonb not null,
        send_after timestamptz not null,
        expires_at timestamptz,
        state text not null default 'waiting'
            constraint message_state check (state in ('waiting', 'sent', 'failed', 'dropped')),
        next_at timestamptz not null,
        attempts smallint not null default 0,
        lease uuid,
        lease_until timestamptz,
        ended_at timestamptz,
        why text,
        constraint message_ended check ((state = 'waiting') = (ended_at is null))
    )
    """,
    "create index message_due on message (expires_at, next_at) where state = 'waiting'",
    "create index message_ended on message (ended_at) where state <> 'waiting'",
    """
    create table one_time_code (
        id uuid primary key,
        receipt_hash bytea not null,
        asked_at timestamptz not null,
        expires_at timestamptz not null,
        tries smallint not null default 0,
        used_at timestamptz
    )
    """,
    "create index one_time_code_of on one_time_code (receipt_hash, asked_at)",
    "create index one_time_code_asked_at on one_time_code using brin (asked_at)",
    """
    create table person_session (
        token_hash bytea primary key,
        mitra uuid not null,
        receipt_hash bytea not null,
        expires_at timestamptz not null
    )
    """,
    "create index person_session_mitra on person_session (mitra)",
    """
    create table person_request (
        id uuid primary key,
        mitra uuid not null,
        campaign text not null,
        constituency text not null,
        kind text not null
            constraint person_request_kind
            check (kind in ('withdrawal', 'correction', 'erasure', 'grievance')),
        asked_at timestamptz not null,
        due_at timestamptz not null,
        asked_through text not null,
        details text,
        state text not null default 'open'
            constraint person_request_state check (state in ('open', 'answered', 'refused')),
        answered_at timestamptz,
        answered_by text,
        reason text,
        constraint person_request_answered check ((state = 'open') = (answered_at is null))
    )
    """,
    """
    comment on column person_request.details is
        'JSON sealed with the ring of names, context ''request:'' and the id; null once erased'
    """,
    "create index person_request_mitra on person_request (mitra)",
    """
    create index person_request_open on person_request (campaign, constituency, due_at)
        where state = 'open'
    """,
    """
    create table nominee (
        mitra uuid primary key,
        name text not null,
        phone text not null,
        nominated_at timestamptz not null
    )
    """,
    "comment on column nominee.name is 'sealed, context ''nominee-name:'' and the id of the Mitra'",
    "comment on column nominee.phone is 'sealed, context ''nominee-phone:'' and the id of the Mitra'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("steps are not undone; restore the database instead")
