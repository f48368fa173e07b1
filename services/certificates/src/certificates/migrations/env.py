"""Alembic's entry, on the connection that `mitra_shared.migrating` hands in."""

from certificates.storage.tables import metadata
from mitra_shared.migrating import run_steps

run_steps(metadata)
