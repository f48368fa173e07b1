"""The heads of our logs tell when their streams have to be written anew.

Revision ID: 0006
Revises: 0005
"""

from alembic import op

from mitra_shared.contracts.topics import CERTIFICATES, CUSTODY
from mitra_shared.log.ddl import add_rewrite_v2

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for topic in (CERTIFICATES, CUSTODY):
        for statement in add_rewrite_v2(topic):
            op.execute(statement)
