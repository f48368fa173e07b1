"""Alembic's entry: runs the steps on the connection that `certificates.migrations.run` hands in."""

from alembic import context

from certificates.storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
