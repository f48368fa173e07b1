"""Erasure: when somebody is to be erased, who was, and the way from answers to duplicates to people."""

from alembic import op

from mitra_shared.contracts.topics import ENROLMENT, OPINIONS
from mitra_shared.log.ddl import add_rewrite_v2

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    alter table mitra
        add column erase_at timestamptz,
        add column erasure_why text check (erasure_why in ('withdrawn', 'asked', 'campaign_ended')),
        add column erasure_noticed_at timestamptz,
        add column erased_at timestamptz,
        add constraint mitra_erasure_has_a_reason check ((erase_at is null) = (erasure_why is null)),
        add constraint mitra_erased_is_withdrawn check (erased_at is null or withdrawn_at is not null),
        add constraint mitra_erased_has_nothing_left check (
            erased_at is null or num_nonnulls(name, phone, phone_hash, slot) = 0)
    """,
    "comment on column mitra.erase_at is 'not before this, and 48 hours after the notice'",
    "create index mitra_to_erase on mitra (erase_at) where erase_at is not null and erased_at is null",
    # The rows of people are seen by who says what for.
    "select set_config('mitra.work', 'upkeep', true)",
    """
    update mitra set erase_at = withdrawn_at + interval '30 days', erasure_why = 'withdrawn'
    where withdrawn_at is not null
    """,
    "alter table duplicate_record add column phone_hash bytea",
    "comment on column duplicate_record.phone_hash is 'keyed hash of campaign and phone; null once erased'",
    """
    create index duplicate_record_of_phone on duplicate_record (phone_hash) where phone_hash is not null
    """,
    """
    create table erasure (
        mitra uuid primary key,
        campaign text not null,
        partition smallint not null,
        why text not null,
        noticed_at timestamptz,
        erased_at timestamptz not null,
        event_id uuid not null,
        filed_at timestamptz,
        written_anew_at timestamptz,
        completed_at timestamptz,
        constraint erasure_in_order check (completed_at is null or written_anew_at is not null)
    )
    """,
    "create index erasure_unfinished on erasure (partition) where completed_at is null",
    "create index erasure_erased_at on erasure (erased_at)",
)


def upgrade() -> None:
    for topic in (ENROLMENT, OPINIONS):
        for statement in add_rewrite_v2(topic):
            op.execute(statement)
    for statement in STATEMENTS:
        op.execute(statement)
