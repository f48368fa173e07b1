"""Frozen DDL of the standing of staff for the services' migrations."""

from mitra_shared.staff_standing.tables import create_staff_standing_v1

__all__ = ["create_staff_standing_v1"]
