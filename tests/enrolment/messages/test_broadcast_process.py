"""The real process, killed while a gateway holds what it was given, and started again into a freeze."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.clock import INDIA
from tests.enrolment.intake_api import LOOKUP_KEY, PEOPLE_URL, PHONE_KEYS, TestClock, running_api
from tests.enrolment.live_process import LiveProcess, live_process
from tests.enrolment.messages.broadcasting import FAST, Bulk
from tests.enrolment.messages.gateway_server import GatewayServer, answer, gateway_server, silence
from tests.servers import Database


@asynccontextmanager
async def sending(place: Path, database: Database, gateway: GatewayServer) -> AsyncIterator[LiveProcess]:
    """`python -m enrolment messages`, started and ended beside the loop in which the gateway answers."""
    await asyncio.to_thread(place.mkdir)
    process = live_process(
        "messages",
        place,
        database_url=database.url,
        MITRA_PHONE_KEYS=PHONE_KEYS,
        MITRA_LOOKUP_KEY=LOOKUP_KEY,
        MITRA_PEOPLE_URL=PEOPLE_URL,
        MITRA_MESSAGE_GATEWAY="http",
        MITRA_MESSAGE_GATEWAY_URL=gateway.url,
        MITRA_MESSAGE_GATEWAY_SECRET="secret",
    )
    running = await asyncio.to_thread(process.__enter__)
    try:
        yield running
    finally:
        await asyncio.to_thread(process.__exit__, None, None, None)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while True:
            if await holds():
                return
            await asyncio.sleep(0.05)


async def test_a_process_killed_in_mid_send_loses_nobody_and_a_freeze_is_kept_to_without_a_restart(
    campaign_engine: AsyncEngine, enrolment_database: Database, tmp_path: Path
) -> None:
    now = datetime.now(INDIA)
    by_day = {
        f"quiet_{name}": (now + timedelta(hours=hours)).time()
        for name, hours in (("from", 12), ("until", 13))
    }
    limits = FAST | by_day
    async with running_api(campaign_engine, clock=TestClock()) as api, gateway_server() as gateway:
        bulk = Bulk(api, TestClock())
        await bulk.define(messages=limits)
        withdrew, off, *_ = await bulk.enrol(*range(5))
        await bulk.approved()

        def posted() -> Counter[str]:
            return Counter(each.body["id"] for each in gateway.posted if each.body["kind"] == "broadcast")

        async def all_are_posted() -> bool:
            return len(posted()) == 5

        gateway.usual = silence
        async with sending(tmp_path / "first", enrolment_database, gateway) as first:
            await until(all_are_posted)
            first.running.kill()
            await asyncio.to_thread(first.running.wait)
        assert await bulk.outcomes() == {("waiting", None): 5}
        held = posted()
        gateway.usual = answer(202)
        await api.post(f"/v1/mitras/{withdrew}/withdrawal")
        await api.post(f"/v1/mitras/{off}/messages-off")
        # As if the minute of their leases were over.
        await bulk.change("update message set lease_until = now() where state = 'waiting'")
        await bulk.define(messages=limits, issuing={"frozen": True})
        async with sending(tmp_path / "second", enrolment_database, gateway) as second:

            async def is_frozen() -> bool:
                async with httpx.AsyncClient(trust_env=False) as client:
                    return 'held{why="frozen"} 1.0' in (await client.get(f"{second.url}/metrics")).text

            async def are_sent() -> bool:
                return (await bulk.outcomes()).get(("sent", None)) == 3

            await until(is_frozen)
            assert posted() == held
            await bulk.define(messages=limits)
            await until(are_sent)
            assert await asyncio.to_thread(second.stop) == 0
        assert posted().keys() == held.keys()
        assert posted().total() == held.total() + 3
        assert await bulk.outcomes() == {("sent", None): 3, ("dropped", "no longer wanted"): 2}
