"""Credentials and their status lists, what the quota desk decided, and the log of custody.

Revision ID: 0003
Revises: 0002
"""

from alembic import op

from mitra_shared.contracts.topics import CUSTODY, PARTITIONS
from mitra_shared.log.ddl import create_log_v1

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_PARTITION = f"partition smallint not null check (partition between 0 and {PARTITIONS - 1})"

_STATEMENTS = [
    """
    alter table certificate
        add column language text not null default 'en' check (language in ('en', 'hi', 'ur')),
        add column revision integer not null default 1 check (revision > 0)
    """,
    """
    alter table pool
        add column raised integer not null default 0 check (raised >= 0),
        add column reserved integer not null default 0 check (reserved >= 0)
    """,
    f"""
    create table reservation (
        {_PARTITION},
        campaign text not null,
        area text not null,
        programme uuid not null,
        places integer not null check (places > 0),
        primary key (partition, campaign, area, programme)
    )
    """,
    """
    create table campaign_words (
        campaign text primary key,
        version integer not null check (version > 0),
        definition json not null
    )
    """,
    f"""
    create table desk_entry (
        id uuid primary key,
        number bigint generated always as identity unique,
        {_PARTITION},
        campaign text not null,
        constituency text not null,
        after_epoch integer not null,
        after_position bigint not null check (after_position >= 0),
        kind text not null,
        area text,
        certificate_id uuid,
        programme uuid,
        serial integer check (serial > 0),
        places integer check (places > 0),
        holder_name text,
        request bytea,
        reason text not null check (length(reason) between 3 and 500),
        decided_by text not null,
        decided_role text not null,
        decided_at timestamptz not null,
        applied_at timestamptz,
        lapsed text,
        outcome json,
        constraint desk_entry_kind check (
            case kind
                when 'raise' then area is not null and places is not null
                when 'reserve' then area is not null and programme is not null and places is not null
                when 'release' then area is not null and programme is not null
                when 'grant' then certificate_id is not null and programme is not null
                when 'reissue' then certificate_id is not null and serial is not null
                when 'correct' then certificate_id is not null
                else false
            end
        )
    )
    """,
    "create index desk_entry_to_apply on desk_entry (partition) where applied_at is null",
    "create index desk_entry_of_certificate on desk_entry (certificate_id) where certificate_id is not null",
    f"""
    create table void_number (
        campaign text not null,
        segment text not null,
        serial integer not null check (serial > 0),
        {_PARTITION},
        certificate_id uuid not null,
        voided_at timestamptz not null,
        primary key (campaign, segment, serial)
    )
    """,
    f"""
    create table credential (
        id uuid primary key,
        certificate_id uuid not null,
        {_PARTITION},
        campaign text not null,
        constituency text not null,
        segment text not null,
        revision integer not null check (revision > 0),
        serial integer not null check (serial > 0),
        format smallint not null,
        key_id text not null,
        facts text,
        jwt_signature bytea,
        cose_signature bytea,
        status_list integer not null check (status_list >= 0),
        status_index integer not null check (status_index >= 0),
        signed_at timestamptz not null,
        revoked_at timestamptz,
        revoked_for text check (revoked_for in ('withdrawn', 'superseded')),
        constraint credential_of_certificate unique (certificate_id, revision, serial),
        constraint credential_place unique (status_list, status_index),
        constraint credential_state check (
            (revoked_at is null) = (revoked_for is null)
            and case when revoked_at is null
                then facts is not null and length(jwt_signature) = 64 and length(cose_signature) = 64
                else facts is null and jwt_signature is null and cose_signature is null
            end
        )
    )
    """,
    "create index credential_revoked on credential (status_list, status_index) where revoked_at is not null",
    "create index credential_revoked_at on credential (revoked_at) where revoked_at is not null",
    "create sequence status_number minvalue 0 start 0",
    """
    create table status_list (
        number integer primary key check (number >= 0),
        changes bigint not null default 1 check (changes > 0),
        published bigint not null default 0,
        published_at timestamptz,
        revoked integer,
        token text
    )
    """,
]


def upgrade() -> None:
    for statement in [*create_log_v1(CUSTODY), *_STATEMENTS]:
        op.execute(statement)
