"""What the tests of certificates look at."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.certificates.enrolment_log import EnrolmentLog

Look = Callable[..., Awaitable[list[tuple[Any, ...]]]]


@pytest.fixture
def log() -> EnrolmentLog:
    return EnrolmentLog()


@pytest.fixture
def look(certificates_engine: AsyncEngine) -> Look:
    """Rows of a query on the certificates database."""

    async def rows(query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        async with certificates_engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(query), parameters)]

    return rows
