"""Who came to programmes, and what was talked about there."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    alter table programme
        add column discussions integer not null default 0 check (discussions >= 0),
        add column attendance integer check (attendance >= 0),
        add column topics jsonb,
        add column discussed_by text,
        add column discussed_at timestamptz,
        add constraint programme_discussed check (
            num_nulls(attendance, topics, discussed_by, discussed_at)
                = case when discussions = 0 then 4 else 0 end)
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations run forwards only; restore a backup instead")
