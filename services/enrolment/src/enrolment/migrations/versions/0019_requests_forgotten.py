"""Requests of people are forgotten in time: found by when they were settled, and by the upkeep alone."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

STATEMENTS = (
    "create index person_request_settled on person_request (answered_at) where state <> 'open'",
    # Also where code forgets to look: what is open is never deleted.
    """
    create policy request_is_forgotten on person_request for delete
        using (current_setting('mitra.work', true) = 'upkeep' and state <> 'open')
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations run forwards only; restore a backup instead")
