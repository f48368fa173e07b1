"""Alembic's entry: runs the steps on the connection that `reporting.migrations.run` hands in."""

from alembic import context

from reporting.storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
