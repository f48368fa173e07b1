"""Receipts of a sheet let messages to one person go before."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

STATEMENTS = (
    "alter table message add column of_many boolean not null default false",
    "comment on column message.of_many is 'one of many made at once: goes after those that are not'",
    "drop index message_due",
    """
    create index message_due on message (expires_at, of_many, next_at)
        where state = 'waiting' and broadcast is null
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations run forwards only; restore a backup instead")
