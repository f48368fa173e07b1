"""Alembic's entry, on the connection that `mitra_shared.migrating` hands in."""

from enrolment.storage.rights_tables import METADATA
from mitra_shared.migrating import run_steps

run_steps(METADATA)
