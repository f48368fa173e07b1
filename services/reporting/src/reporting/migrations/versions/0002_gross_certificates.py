"""Certificates are counted gross, as decided and promoted; everything is counted again from the logs."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_STEPS = (
    """
    alter table rollup_total
        drop column certificates_issued,
        drop column certificates_waitlisted,
        add column certificates_decided bigint not null default 0,
        add column certificates_never_decided bigint not null default 0,
        add column certificates_promoted bigint not null default 0
    """,
    "update consumer_position set rebuild_requested_at = now() where position > 0",
)


def upgrade() -> None:
    for statement in _STEPS:
        op.execute(statement)
