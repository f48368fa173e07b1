"""The access record, and the rule of areas held by the database: who sees and who writes which people."""

from alembic import op

from mitra_shared.access_record.tables import CREATE_V1

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TOKEN_GRANT = (
    """
    create table token_grant (
        staff text not null,
        campaign text not null,
        area text not null,
        since timestamptz not null,
        primary key (staff, campaign, area)
    )
    """,
    "comment on table token_grant is 'areas that tokens minted by operators were seen to allow'",
)

_HELD = """(
    exists (
        select from staff_grant as held
        where held.staff = {staff} and held.campaign = mitra.campaign and held.area = mitra.constituency
            and held.role in ('in_charge', 'co_in_charge') and held.until is null
    )
    or exists (
        select from token_grant as held
        where held.staff = {staff} and held.campaign = mitra.campaign and held.area = mitra.constituency
    )
)"""
_BY_STAFF = _HELD.format(staff="current_setting('mitra.staff', true)")
_BY_RECRUITER = _HELD.format(staff="mitra.recruiter")
_AT_WORK = "current_setting('mitra.work', true) in ({works})"
_READING = _AT_WORK.format(works="'intake', 'own-data', 'messages', 'upkeep', 'audit'")
_CHANGING = _AT_WORK.format(works="'own-data', 'upkeep'")

ROWS = (
    "alter table mitra enable row level security",
    # The service owns its tables, and owners are above the rules unless this is said.
    "alter table mitra force row level security",
    f"create policy mitra_is_seen on mitra for select using ({_READING} or {_BY_STAFF})",
    f"create policy mitra_is_enrolled on mitra for insert with check {_BY_RECRUITER}",
    f"""
    create policy mitra_is_changed on mitra for update
        using ({_CHANGING} or {_BY_STAFF}) with check ({_CHANGING} or {_BY_STAFF})
    """,
)


def upgrade() -> None:
    for statement in (*CREATE_V1, *TOKEN_GRANT, *ROWS):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations run forwards only; restore a backup instead")
