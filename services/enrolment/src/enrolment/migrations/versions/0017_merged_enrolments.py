"""Merged enrolments: which one stays instead, and in which rounds its person was reached under another.

And when the erasure of somebody of staff was filed in the ledger apart from the backups.
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_OF_STAFF = """(
    exists (
        select from staff_grant as held
        where held.staff = current_setting('mitra.staff', true)
            and held.campaign = reached_elsewhere.campaign and held.area = reached_elsewhere.constituency
            and held.role in ('in_charge', 'co_in_charge') and held.until is null
    )
    or exists (
        select from token_grant as held
        where held.staff = current_setting('mitra.staff', true)
            and held.campaign = reached_elsewhere.campaign and held.area = reached_elsewhere.constituency
    )
)"""
_READING = "current_setting('mitra.work', true) in ('own-data', 'upkeep', 'audit')"
_UPKEEP = "current_setting('mitra.work', true) = 'upkeep'"

TABLES = (
    "alter table mitra add column merged_into uuid",
    "comment on column mitra.merged_into is 'the enrolment of the same person that stays instead'",
    "create index mitra_merged_into on mitra (merged_into) where merged_into is not null",
    """
    create table reached_elsewhere (
        mitra uuid not null,
        round text not null,
        campaign text not null,
        constituency text not null,
        primary key (mitra, round)
    )
    """,
    """
    comment on table reached_elsewhere is
        'rounds in which somebody was reached under an enrolment that was merged with this one'
    """,
    """
    alter table staff
        add column erasure_filed_at timestamptz,
        add constraint staff_filed_once_erased check (erasure_filed_at is null or erased_at is not null)
    """,
    "comment on column staff.erasure_filed_at is 'the ledger apart from the backups tells of the erasure'",
)

MERGED_BEFORE = (
    "select set_config('mitra.work', 'upkeep', true)",
    """
    with recursive made as (
        select case when decision.kept = pair.earlier then pair.later else pair.earlier end as away,
               decision.kept
        from likely_duplicate as pair
        join duplicate_decision as decision on decision.pair = pair.id and decision.decision = 'merge'
        where pair.state = 'merged'
    ), chain as (
        select away, kept from made
        union
        select chain.away, made.kept from chain join made on made.away = chain.kept
    )
    update mitra set merged_into = chain.kept
    from chain
    where mitra.id = chain.away and mitra.erased_at is null
        and not exists (select from made where made.away = chain.kept)
    """,
    """
    insert into reached_elsewhere (mitra, round, campaign, constituency)
    select distinct kept.id, contact.round, kept.campaign, kept.constituency
    from mitra as away
    join contact on contact.mitra = away.id join mitra as kept on kept.id = away.merged_into
    where contact.outcome in ('reached', 'asked_to_stop') and kept.erased_at is null
    """,
    "select set_config('mitra.work', '', true)",
)

ROWS = (
    "alter table reached_elsewhere enable row level security",
    "alter table reached_elsewhere force row level security",
    f"""
    create policy reached_elsewhere_is_seen on reached_elsewhere
        for select using ({_READING} or {_OF_STAFF})
    """,
    f"create policy reached_elsewhere_is_noted on reached_elsewhere for insert with check ({_UPKEEP})",
    f"create policy reached_elsewhere_is_forgotten on reached_elsewhere for delete using ({_UPKEEP})",
)


def upgrade() -> None:
    for statement in (*TABLES, *MERGED_BEFORE, *ROWS):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations run forwards only; restore a backup instead")
