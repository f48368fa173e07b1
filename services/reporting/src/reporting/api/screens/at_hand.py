"""Figures that the database gives, or None while it is away: a page without them is better than none."""

from collections.abc import Awaitable
from typing import TypeVar

from structlog import get_logger

from mitra_shared.database import is_infrastructure

log = get_logger(__name__)

Figures = TypeVar("Figures")


async def if_at_hand(figures: Awaitable[Figures]) -> Figures | None:
    """The figures; None, and a line in the log, while the database cannot be reached."""
    try:
        return await figures
    except Exception as error:
        if not is_infrastructure(error):
            raise
        log.warning("a part of a page cannot be read", error=type(error).__name__)
        return None
