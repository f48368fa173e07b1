"""A dead letter that was played in the end tells between which events that was.

Revision ID: 0003
Revises: 0002
"""

from alembic import op

from mitra_shared.consume.ddl import add_played_after_v2

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in add_played_after_v2():
        op.execute(statement)
