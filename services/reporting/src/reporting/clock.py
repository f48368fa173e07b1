"""The clock of the service's processes; whatever tells time takes one, so that tests can set it."""

from datetime import UTC, datetime


def system_clock() -> datetime:
    """The present instant."""
    return datetime.now(UTC)
