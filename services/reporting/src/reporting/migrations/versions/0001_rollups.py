"""The first tables: positions of the consumers, leaves in total and by day, known campaigns, the version."""

from alembic import op

from mitra_shared.consume.ddl import create_consumer_v1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    """
    create table rollup_total (
        campaign text not null,
        area text not null,
        partition smallint not null,
        enrolled bigint not null default 0,
        withdrawn bigint not null default 0,
        beneficiaries bigint not null default 0,
        admirers bigint not null default 0,
        certificates_issued bigint not null default 0,
        certificates_waitlisted bigint not null default 0,
        certificates_revoked bigint not null default 0,
        opinions bigint not null default 0,
        version bigint not null,
        primary key (campaign, area, partition)
    ) with (fillfactor = 70)
    """,
    "create index ix_rollup_total_version on rollup_total (version)",
    """
    create table rollup_day (
        campaign text not null,
        day date not null,
        area text not null,
        metric text not null,
        partition smallint not null,
        topic text not null,
        count bigint not null,
        primary key (campaign, day, area, metric, partition)
    ) with (fillfactor = 70)
    """,
    """
    create table rollup_version (
        id integer primary key check (id = 1),
        version bigint not null
    ) with (fillfactor = 10)
    """,
    "insert into rollup_version (id, version) values (1, 0)",
    """
    create table campaign_known (
        partition smallint not null,
        campaign text not null,
        definition_version integer not null,
        definition text not null,
        version bigint not null,
        primary key (partition, campaign)
    )
    """,
    "create index ix_campaign_known_version on campaign_known (version)",
)


def upgrade() -> None:
    for statement in (*create_consumer_v1(), *_TABLES):
        op.execute(statement)
