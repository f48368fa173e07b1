"""Likely duplicates: keyed hashes to find them by, who was examined and cleared, pairs and decisions."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

STATEMENTS = (
    # The matcher reads people of all areas, and changes none.
    """
    create policy mitra_is_matched on mitra for select
        using (current_setting('mitra.work', true) = 'matcher')
    """,
    """
    create table matching_key (
        key bytea not null,
        mitra uuid not null,
        is_word boolean not null,
        primary key (key, mitra)
    )
    """,
    "create index matching_key_of_mitra on matching_key (mitra)",
    "comment on column matching_key.key is 'keyed hash of an area and how words of a name sound'",
    "comment on column matching_key.is_word is 'counted, to know how common a word is; not looked up'",
    """
    create table examined (
        mitra uuid primary key,
        campaign text not null,
        constituency text not null,
        segment text not null,
        examined_at timestamptz not null default clock_timestamp(),
        cleared_at timestamptz
    )
    """,
    "create index examined_of_constituency on examined (campaign, constituency, mitra)",
    "create index examined_uncleared on examined (campaign, mitra) where cleared_at is null",
    "comment on table examined is 'living people that the matcher has looked at'",
    """
    create table likely_duplicate (
        id uuid primary key,
        campaign text not null,
        earlier uuid not null,
        later uuid not null,
        constituency text not null,
        other_constituency text not null,
        evidence text not null
            constraint likely_duplicate_evidence
            check (evidence in ('phone_and_name', 'phone_and_similar_name', 'segment_and_name')),
        state text not null default 'open'
            constraint likely_duplicate_state check (state in ('open', 'merged', 'different', 'gone')),
        opened_at timestamptz not null default clock_timestamp(),
        ended_at timestamptz,
        constraint likely_duplicate_once unique (earlier, later),
        constraint likely_duplicate_in_order check (earlier < later),
        constraint likely_duplicate_ended check ((state = 'open') = (ended_at is null))
    )
    """,
    "create index likely_duplicate_of_later on likely_duplicate (later)",
    "create index likely_duplicate_of_constituency on likely_duplicate (campaign, constituency, state)",
    "comment on column likely_duplicate.constituency is 'of the later one: its in-charge decides'",
    """
    create table duplicate_decision (
        id uuid primary key,
        pair uuid not null references likely_duplicate (id) on delete cascade,
        decision text not null
            constraint duplicate_decision_kind check (decision in ('merge', 'different', 'reopen')),
        reason text,
        kept uuid,
        decided_by text not null,
        decided_at timestamptz not null,
        constraint duplicate_decision_whole check (
            (decision = 'different') = (reason is not null) and (decision = 'merge') = (kept is not null))
    )
    """,
    "create index duplicate_decision_of_pair on duplicate_decision (pair, decided_at)",
    """
    create table matching_position (
        partition smallint primary key,
        position bigint not null
    )
    """,
    "insert into matching_position select partition, 0 from enrolment_head",
    """
    create table matching_method (
        only_one boolean primary key default true check (only_one),
        digest bytea not null
    )
    """,
    "comment on column matching_method.digest is 'of key, method and thresholds the keys were made with'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations run forwards only; restore a backup instead")
