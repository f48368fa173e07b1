"""Why paper was printed again is one of a list: words of somebody's own could tell of a person.

Revision ID: 0007
Revises: 0006
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("update print_sheet set reason = 'other' where reason is not null")
    op.execute(
        """
        alter table print_sheet add check
            (reason in ('misprinted', 'torn', 'lost', 'never_arrived', 'other'))
        """
    )
