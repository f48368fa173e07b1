"""Frozen DDL of the log for the services' migrations."""

from mitra_shared.log.tables import add_rewrite_v2, create_log_v1

__all__ = ["add_rewrite_v2", "create_log_v1"]
