"""What the quota desk gives to areas beside their quotas, and keeps of them.

Revision ID: 0005
Revises: 0004
"""

from alembic import op

from mitra_shared.contracts.topics import PARTITIONS

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        f"""
        create table places_beside (
            partition smallint not null check (partition between 0 and {PARTITIONS - 1}),
            campaign text not null,
            area text not null,
            raised bigint not null,
            reserved bigint not null,
            version bigint not null,
            primary key (partition, campaign, area)
        )
        """
    )
    op.execute("create index ix_places_beside_version on places_beside (version)")
