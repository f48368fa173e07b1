"""A correction stands in the log, so that row and log say the same.

Revision ID: 0007
Revises: 0006
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("comment on column mitra.corrected_at is 'of the last MitraCorrected in the log'")


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
