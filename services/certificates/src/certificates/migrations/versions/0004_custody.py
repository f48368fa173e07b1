"""Print sheets and the press that makes them, where each paper is, and the programmes it is handed over at.

Revision ID: 0004
Revises: 0003
"""

from alembic import op

from mitra_shared.contracts.topics import PARTITIONS

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_PARTITION = f"partition smallint not null check (partition between 0 and {PARTITIONS - 1})"

_STATEMENTS = [
    "alter table certificate add column recruiter text",
    f"""
    create table print_sheet (
        id uuid primary key,
        {_PARTITION},
        campaign text not null,
        constituency text not null,
        segment text not null,
        reason text,
        made_by text not null,
        made_at timestamptz not null,
        idempotency_key text not null,
        request bytea not null,
        count integer not null check (count > 0),
        remaining integer not null check (remaining >= 0),
        printed_at timestamptz,
        printed_by text,
        printed integer check (printed >= 0),
        dispatched_at timestamptz,
        dispatched_by text,
        dispatched integer check (dispatched >= 0),
        constraint print_sheet_request unique (made_by, idempotency_key),
        check (num_nulls(printed_at, printed_by, printed) in (0, 3)),
        check (num_nulls(dispatched_at, dispatched_by, dispatched) in (0, 3)),
        check (dispatched_at is null or printed_at is not null)
    )
    """,
    "create index print_sheet_of_segment on print_sheet (campaign, segment, made_at)",
    """
    create table sheet_member (
        sheet uuid not null references print_sheet (id),
        place integer not null check (place > 0),
        credential uuid not null references credential (id),
        reprint boolean not null,
        rendered boolean not null default false,
        failed text,
        primary key (sheet, place),
        constraint sheet_member_of_sheet unique (sheet, credential),
        check (not rendered or failed is null)
    )
    """,
    """
    create unique index sheet_member_once on sheet_member (credential) where not reprint and failed is null
    """,
    "create index sheet_member_of_credential on sheet_member (credential)",
    """
    create table press_job (
        sheet uuid primary key references print_sheet (id),
        stage text not null check (
            stage in ('waiting', 'opening', 'typesetting', 'ready', 'gone', 'empty', 'failed')),
        asked_at timestamptz not null,
        prepared integer not null default 0,
        total integer not null,
        attempts integer not null default 0,
        worker uuid,
        lease_until timestamptz,
        rendering uuid,
        sealed_key text,
        bytes bigint not null default 0,
        expires_at timestamptz,
        trouble text,
        check ((stage in ('opening', 'typesetting')) = (worker is not null and lease_until is not null)),
        check ((stage = 'ready') = (num_nulls(rendering, sealed_key, expires_at) = 0))
    )
    """,
    """
    create index press_job_to_do on press_job (asked_at) where stage in ('waiting', 'opening', 'typesetting')
    """,
    # A revoked certificate is in no rendering from the same moment on: the key of each that it is in is
    # dropped, and one that is being made begins again without it.
    """
    create function drop_renderings() returns trigger language plpgsql as $$
    begin
        update press_job
        set stage = case stage when 'ready' then 'gone' else 'waiting' end,
            worker = null, lease_until = null, rendering = null, sealed_key = null, expires_at = null,
            bytes = 0, attempts = 0
        where stage in ('opening', 'typesetting', 'ready')
          and sheet in (select member.sheet from sheet_member as member where member.credential = new.id);
        return null;
    end
    $$
    """,
    """
    create trigger credential_leaves_renderings after update of revoked_at on credential
    for each row when (old.revoked_at is null and new.revoked_at is not null)
    execute function drop_renderings()
    """,
    f"""
    create table custody (
        credential uuid primary key references credential (id),
        {_PARTITION},
        campaign text not null,
        segment text not null,
        printed_at timestamptz not null,
        printed_sheet uuid not null references print_sheet (id),
        dispatched_at timestamptz,
        dispatched_sheet uuid references print_sheet (id),
        check ((dispatched_at is null) = (dispatched_sheet is null))
    )
    """,
    "create index custody_of_segment on custody (campaign, segment)",
    "create index custody_printed_sheet on custody (printed_sheet)",
    "create index custody_dispatched_sheet on custody (dispatched_sheet)",
    f"""
    create table programme (
        id uuid primary key,
        {_PARTITION},
        campaign text not null,
        constituency text not null,
        kind text not null check (kind in ('launch', 'discussion')),
        place text not null,
        held_on date not null,
        planned_by text not null,
        planned_at timestamptz not null,
        idempotency_key text not null,
        request bytea not null,
        reports integer not null default 0 check (reports >= 0),
        presented integer check (presented >= 0),
        beneficiaries integer check (beneficiaries >= 0),
        reported_by text,
        reported_at timestamptz,
        constraint programme_request unique (planned_by, idempotency_key),
        check (num_nulls(presented, beneficiaries, reported_by, reported_at)
               = case when reports = 0 then 4 else 0 end)
    )
    """,
    "create index programme_of_constituency on programme (campaign, constituency, held_on)",
    f"""
    create table hand_over (
        record uuid primary key,
        credential uuid not null references credential (id),
        {_PARTITION},
        campaign text not null,
        segment text not null,
        programme uuid references programme (id),
        handed_by text not null,
        device_at timestamptz not null,
        recorded_at timestamptz not null,
        scanned boolean not null,
        was_printed boolean not null,
        constraint hand_over_once unique (credential)
    )
    """,
    "create index hand_over_of_segment on hand_over (campaign, segment)",
    "create index hand_over_at_programme on hand_over (programme) where programme is not null",
]


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
