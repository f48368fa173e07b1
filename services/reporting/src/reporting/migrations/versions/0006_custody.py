"""Certificates on paper and programmes are counted, from the log of custody.

Revision ID: 0006
Revises: 0004
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        alter table rollup_total
            add column certificates_printed bigint not null default 0,
            add column certificates_dispatched bigint not null default 0,
            add column certificates_handed_over bigint not null default 0,
            add column programmes_held bigint not null default 0,
            add column programmes_presented bigint not null default 0,
            add column programmes_beneficiaries bigint not null default 0
        """
    )
