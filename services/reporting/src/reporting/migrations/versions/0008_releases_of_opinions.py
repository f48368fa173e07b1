"""Releases of opinions: blocks of answers, shown once and for good.

Revision ID: 0008
Revises: 0007
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_STEPS = (
    """
    create table opinion_release (
        campaign text not null,
        round text not null,
        number integer not null check (number > 0),
        made_at timestamptz not null,
        closing boolean not null,
        primary key (campaign, round, number)
    )
    """,
    """
    create table opinion_block (
        campaign text not null,
        round text not null,
        area text not null,
        question text not null,
        release integer not null,
        answer text not null,
        counted bigint not null check (counted >= 0),
        shown bigint not null check (shown >= 0),
        primary key (campaign, round, area, question, release, answer),
        foreign key (campaign, round, release) references opinion_release (campaign, round, number)
    )
    """,
)


def upgrade() -> None:
    for statement in _STEPS:
        op.execute(statement)
