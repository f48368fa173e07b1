"""Whose tokens count no longer, as the log `staff` tells."""

from alembic import op

from mitra_shared.staff_standing.ddl import create_staff_standing_v1

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in create_staff_standing_v1():
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations run forwards only; restore a backup instead")
