"""Outreach: meetings held and people met, by day, segment and member of staff."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    create table outreach_report (
        campaign text not null,
        staff text not null,
        segment text not null,
        day date not null,
        constituency text not null,
        meetings smallint not null,
        people_met integer not null,
        reports integer not null,
        reported_at timestamptz not null,
        primary key (campaign, staff, segment, day),
        constraint outreach_report_counts check (meetings >= 0 and people_met >= 0 and reports > 0)
    )
    """,
    """
    create index outreach_report_of_constituency
        on outreach_report (campaign, constituency, day, segment, staff)
    """,
    "comment on column outreach_report.reports is 'how often the figures were told'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations run forwards only; restore a backup instead")
