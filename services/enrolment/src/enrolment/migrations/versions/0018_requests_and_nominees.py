"""The rule of areas for what people asked for, held by the database; whom they named staff never see."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_OF_STAFF = """(
    exists (
        select from staff_grant as held
        where held.staff = current_setting('mitra.staff', true)
            and held.campaign = person_request.campaign and held.area = person_request.constituency
            and held.role in ('in_charge', 'co_in_charge') and held.until is null
    )
    or exists (
        select from token_grant as held
        where held.staff = current_setting('mitra.staff', true)
            and held.campaign = person_request.campaign and held.area = person_request.constituency
    )
)"""
_READING = "current_setting('mitra.work', true) in ('own-data', 'upkeep', 'audit')"
_OWN_DATA = "current_setting('mitra.work', true) = 'own-data'"
_UPKEEP = "current_setting('mitra.work', true) = 'upkeep'"
_IN_OWN_NAME = "person_request.{column} = current_setting('mitra.staff', true)"
_ASKED = _IN_OWN_NAME.format(column="asked_through")
_ANSWERED = _IN_OWN_NAME.format(column="answered_by")

ROWS = (
    "alter table person_request enable row level security",
    "alter table person_request force row level security",
    f"create policy request_is_seen on person_request for select using ({_READING} or {_OF_STAFF})",
    f"""
    create policy request_is_noted on person_request for insert
        with check ({_OWN_DATA} or ({_ASKED} and {_OF_STAFF}))
    """,
    f"""
    create policy request_is_answered on person_request for update
        using ({_UPKEEP} or {_OF_STAFF}) with check ({_UPKEEP} or ({_ANSWERED} and {_OF_STAFF}))
    """,
    "alter table nominee enable row level security",
    "alter table nominee force row level security",
    f"create policy nominee_is_seen on nominee for select using ({_READING})",
    f"create policy nominee_is_named on nominee for insert with check ({_OWN_DATA})",
    f"create policy nominee_is_replaced on nominee for update using ({_OWN_DATA}) with check ({_OWN_DATA})",
    f"create policy nominee_is_forgotten on nominee for delete using ({_UPKEEP})",
)


def upgrade() -> None:
    for statement in ROWS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations run forwards only; restore a backup instead")
