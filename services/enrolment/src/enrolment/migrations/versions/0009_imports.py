"""Imports of sheets: the file while it is needed, its rows with what became of each, and consent on paper."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = (
    """
    create table sheet_import (
        id uuid primary key,
        campaign text not null,
        constituency text not null,
        staff text not null,
        role text not null,
        session text,
        state text not null check (state in ('uploading', 'uploaded', 'mapped', 'previewed', 'accepted',
            'done', 'stopped', 'unreadable', 'expired')),
        why text,
        digest bytea,
        bytes bigint not null default 0,
        sheet integer,
        layout text,
        mapping jsonb,
        preview integer not null default 0,
        rows integer not null default 0,
        faulty integer not null default 0,
        complaints jsonb not null default '{}',
        outcomes jsonb not null default '{}',
        uploaded_at timestamptz not null,
        accepted_at timestamptz,
        continues_at timestamptz,
        finished_at timestamptz,
        leased_by uuid,
        leased_until timestamptz,
        constraint sheet_import_finished_has_no_lease check (finished_at is null or leased_by is null)
    )
    """,
    "comment on column sheet_import.digest is 'keyed hash of the file'",
    "comment on column sheet_import.layout is 'names of sheets and headings, sealed'",
    "create index sheet_import_of_staff on sheet_import (staff, uploaded_at)",
    "create index sheet_import_waiting on sheet_import (uploaded_at) where finished_at is null",
    "create index sheet_import_of_file on sheet_import (digest) where digest is not null",
    """
    create table sheet_import_file (
        import uuid not null references sheet_import (id) on delete cascade,
        part integer not null,
        sealed bytea not null,
        primary key (import, part)
    )
    """,
    """
    create table sheet_import_row (
        import uuid not null references sheet_import (id) on delete cascade,
        row integer not null,
        sealed text,
        phone_hash bytea,
        complaints jsonb,
        outcome text check (outcome in ('enrolled', 'enrolled_before', 'refused', 'not_tried')),
        primary key (import, row),
        constraint sheet_import_row_enrolled_has_nothing_left check (
            outcome is null or outcome not in ('enrolled', 'enrolled_before')
            or num_nonnulls(sealed, phone_hash, complaints) = 0)
    )
    """,
    "comment on column sheet_import_row.sealed is 'the cells; null once enrolled, erased or forgotten'",
    "comment on column sheet_import_row.phone_hash is 'keyed hash of campaign and phone'",
    """
    create index sheet_import_row_of_phone on sheet_import_row (phone_hash) where phone_hash is not null
    """,
    """
    create table paper_consent (
        mitra uuid primary key,
        import uuid not null,
        collected_on date not null,
        collected_by text not null
    )
    """,
    "comment on table paper_consent is 'of people enrolled from paper; collected_by is sealed'",
)

_AT_WORK = "current_setting('mitra.work', true) in ('imports', 'upkeep', 'audit')"
_MINE = """(
    sheet_import.staff = current_setting('mitra.staff', true) and (
        exists (
            select from staff_grant as held
            where held.staff = sheet_import.staff and held.campaign = sheet_import.campaign
                and held.area = sheet_import.constituency
                and held.role in ('in_charge', 'co_in_charge') and held.until is null
        )
        or exists (
            select from token_grant as held
            where held.staff = sheet_import.staff and held.campaign = sheet_import.campaign
                and held.area = sheet_import.constituency
        )
    )
)"""


def _rules() -> list[str]:
    statements = [
        f"""
        create policy sheet_import_is_seen on sheet_import
            using ({_AT_WORK} or {_MINE}) with check ({_AT_WORK} or {_MINE})
        """,
        """
        create policy paper_consent_is_seen on paper_consent
            using (current_setting('mitra.work', true) in ('imports', 'own-data', 'upkeep', 'audit'))
        """,
    ]
    # What belongs to an import is seen by who sees the import.
    statements += [
        f"create policy {table}_is_seen on {table} using ({_AT_WORK} or exists ("
        f" select from sheet_import where sheet_import.id = {table}.import))"
        for table in ("sheet_import_file", "sheet_import_row")
    ]
    for table in ("sheet_import", "sheet_import_file", "sheet_import_row", "paper_consent"):
        statements += [
            f"alter table {table} enable row level security",
            f"alter table {table} force row level security",
        ]
    return statements


def upgrade() -> None:
    for statement in (*TABLES, *_rules()):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations run forwards only; restore a backup instead")
