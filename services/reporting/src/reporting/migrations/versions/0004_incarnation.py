"""Rollups tell of which incarnation of the database they are, so that a restore is noticed in any case.

Revision ID: 0004
Revises: 0003
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "alter table rollup_version add column whole_since bigint not null default 0,"
        " add column incarnation text not null default ''"
    )
