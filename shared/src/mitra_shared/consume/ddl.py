"""Frozen DDL of the consumers' tables for the services' migrations."""

from mitra_shared.consume.tables import create_consumer_v1

__all__ = ["create_consumer_v1"]
