"""Alembic's entry, on the connection that `mitra_shared.migrating` hands in."""

from mitra_shared.migrating import run_steps
from reporting.storage.tables import metadata

run_steps(metadata)
