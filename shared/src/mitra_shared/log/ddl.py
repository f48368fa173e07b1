"""Frozen DDL of the log for the services' migrations."""

from mitra_shared.log.tables import create_log_v1

__all__ = ["create_log_v1"]
