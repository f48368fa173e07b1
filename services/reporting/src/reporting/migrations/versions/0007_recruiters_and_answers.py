"""Enrolments are counted by recruiter and hour, and answers of opinions by question, from the logs again.

Revision ID: 0007
Revises: 0006
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_STEPS = (
    """
    create table rollup_recruiter (
        campaign text not null,
        area text not null,
        recruiter text not null,
        day date not null,
        hour smallint not null check (hour between 0 and 23),
        partition smallint not null,
        count bigint not null,
        primary key (campaign, area, recruiter, day, hour, partition)
    ) with (fillfactor = 80)
    """,
    """
    create table rollup_answer (
        campaign text not null,
        round text not null,
        area text not null,
        question text not null,
        answer text not null,
        partition smallint not null,
        count bigint not null,
        primary key (campaign, round, area, question, answer, partition)
    ) with (fillfactor = 80)
    """,
    "update consumer_position set rebuild_requested_at = now() where position > 0",
)


def upgrade() -> None:
    for statement in _STEPS:
        op.execute(statement)
