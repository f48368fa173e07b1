"""Every look at a name stands in the access record.

Revision ID: 0005
Revises: 0004
"""

from alembic import op

from mitra_shared.access_record.tables import CREATE_V1

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in CREATE_V1:
        op.execute(statement)
