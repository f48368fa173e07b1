"""What people are told about their erasure: the border between the commands and whoever sends messages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection
from structlog import get_logger

from mitra_shared.ids import MitraId

log: Final = get_logger(__name__)


class Notices(Protocol):
    """Enqueues messages in the caller's transaction; nothing personal is kept with them."""

    async def erasure_planned(
        self, connection: AsyncConnection, people: Sequence[tuple[MitraId, datetime]], at: datetime
    ) -> None:
        """Tell each of these people, from `at` on, that they are erased at that moment."""


class NoticesToOperators:
    """Tells the operators whom they have to tell, by id: there is no gateway to phones yet."""

    async def erasure_planned(
        self, _: AsyncConnection, people: Sequence[tuple[MitraId, datetime]], at: datetime
    ) -> None:
        """Log each of them; of a transaction that is rolled back afterwards too."""
        for mitra, due_at in people:
            log.warning(
                "somebody has to be told of an erasure",
                alert="erasure-notice",
                mitra=str(mitra),
                due_at=due_at.isoformat(),
                at=at.isoformat(),
            )
