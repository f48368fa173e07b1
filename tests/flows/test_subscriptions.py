"""A subscriber that comes back as a browser does, while everything it depends on is restarted."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from uuid import uuid4

import httpx

from tests.flows.story import LiveEvent, Story, person, until

SEGMENT = "S11-AC017"
RECONNECT_SECONDS = 0.2


async def test_a_subscriber_that_comes_back_sees_every_count_through_restarts_of_everything(
    tale: Story,
) -> None:
    stack = tale.stack
    async with aclosing(followed(tale)) as shown:
        await enrolled_and_shown(tale, shown, 1)
        for process in stack.of("reporting"):
            stack.kill(process)
        await enrolled_and_shown(tale, shown, 2)
        stack.redis.kill()
        await enrolled_and_shown(tale, shown, 3)
        stack.postgres.kill()
        await enrolled_and_shown(tale, shown, 4)


async def enrolled_and_shown(tale: Story, shown: AsyncIterator[int], number: int) -> None:
    """The `number`-th person is enrolled; the feed comes to show so many and never goes back."""
    body, key = person(SEGMENT), str(uuid4())
    answer = await until(lambda: tale.ask_to_enrol(body, key=key), lambda answer: answer.status_code != 503)
    assert answer.status_code == 201, answer.text
    async with asyncio.timeout(60):
        async for count in shown:
            assert count <= number
            if count == number:
                return
    raise AssertionError("the feed ended")


async def followed(tale: Story) -> AsyncGenerator[int]:
    """How many are enrolled in the segment, at every event that tells; reconnects with the last id seen."""
    last: str | None = None
    counts = [0]
    (api,) = tale.stack.of("reporting", "api")
    while True:
        # Whatever stands in front of the api asks it whether it is ready.
        await until(lambda: tale.stack.why_not_ready(api), lambda why: not why)
        try:
            async with tale.live(last) as events:
                async for event in events:
                    last = event.id or last
                    for count in told_of(event):
                        assert count >= counts[-1], "the feed went back"
                        counts.append(count)
                        yield count
        except httpx.TransportError:
            # What a browser does: wait a little, and come back with the last id.
            await asyncio.sleep(RECONNECT_SECONDS)


def told_of(event: LiveEvent) -> list[int]:
    """What an event tells of the segment."""
    return [area["enrolled"] for area in event.data["areas"] if area["area"] == SEGMENT]
