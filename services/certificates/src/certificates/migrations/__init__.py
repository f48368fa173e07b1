"""Alembic migrations of the certificates database, packaged with the service."""
