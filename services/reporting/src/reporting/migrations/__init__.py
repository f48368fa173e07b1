"""Alembic migrations of the reporting database, packaged with the service."""
