"""Contacts, outreach, attendance and topics of programmes are counted.

Revision ID: 0011
Revises: 0010
"""

from alembic import op

from mitra_shared.contracts.topics import PARTITIONS

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_STEPS = (
    """
    alter table rollup_total
        add column programmes_attendance bigint not null default 0,
        add column meetings_held bigint not null default 0,
        add column people_met bigint not null default 0
    """,
    """
    create table rollup_fieldwork (
        campaign text not null,
        area text not null,
        staff text not null,
        day date not null,
        metric text not null,
        partition smallint not null,
        count bigint not null,
        primary key (campaign, area, staff, day, metric, partition)
    ) with (fillfactor = 80)
    """,
    f"""
    create table rollup_round (
        partition smallint not null check (partition between 0 and {PARTITIONS - 1}),
        campaign text not null,
        area text not null,
        round text not null,
        attempted bigint not null,
        reached bigint not null,
        version bigint not null,
        primary key (partition, campaign, area, round)
    ) with (fillfactor = 80)
    """,
    "create index ix_rollup_round_version on rollup_round (version)",
    """
    create table round_open (
        campaign text not null primary key,
        round text,
        version bigint not null
    )
    """,
)


def upgrade() -> None:
    for statement in _STEPS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations run forwards only; restore a backup instead")
