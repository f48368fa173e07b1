"""Alembic's entry: runs the steps on the connection that `enrolment.migrations.run` hands in."""

from alembic import context

from enrolment.storage.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
