"""Making one thing while the one before is worked on: computing goes on while the database is waited for."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TypeVar

Made = TypeVar("Made")


async def one_ahead(make: Callable[[], Awaitable[Made | None]]) -> AsyncGenerator[Made, None]:
    """What `make` makes, until it makes None; the next one while one is worked on, and no more than that.

    To be closed (`contextlib.aclosing`): what is being made then is given up.
    """
    upcoming = asyncio.ensure_future(make())
    try:
        while (made := await upcoming) is not None:
            upcoming = asyncio.ensure_future(make())
            yield made
    finally:
        upcoming.cancel()
        # Nobody needs it any more; what it may have failed of meets whoever goes on.
        await asyncio.gather(upcoming, return_exceptions=True)
