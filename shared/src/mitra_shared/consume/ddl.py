"""Frozen DDL of the consumers' tables for the services' migrations."""

from mitra_shared.consume.tables import add_played_after_v2, create_consumer_v1

__all__ = ["add_played_after_v2", "create_consumer_v1"]
