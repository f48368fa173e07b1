"""Alembic migrations of the enrolment database, packaged with the service."""
