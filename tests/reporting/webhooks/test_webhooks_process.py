"""The real process: it serves probes, sends, and may be killed while it does."""

import asyncio
from pathlib import Path

import httpx

from tests.reporting.field import Field
from tests.reporting.reporting_api import WEBHOOK_KEYS, eventually
from tests.reporting.test_processes import process
from tests.reporting.webhooks.receiver import Receiver, answer, never
from tests.reporting.webhooks.sending import Sending
from tests.servers import Database


async def test_a_process_killed_while_it_sends_leaves_the_message_to_the_next(
    reporting_database: Database, sending: Sending, receiver: Receiver, field: Field, tmp_path: Path
) -> None:
    settings = {
        "database_url": reporting_database.url,
        "webhook_keys": WEBHOOK_KEYS,
        "webhook_allow": "127.0.0.0/8",
    }
    webhook, secret = await sending.subscribe(receiver.url)
    receiver.usual = never
    killed = tmp_path / "killed"
    killed.mkdir()
    dying = asyncio.create_task(_run_until_killed(receiver, killed, settings))
    await dying
    # As if the lease had run out.
    await sending.run("update webhook set lease_until = now()")
    receiver.usual = answer(204)
    async with process("webhooks", tmp_path, **settings) as (_, url), httpx.AsyncClient() as client:
        await eventually(lambda: len(receiver.received) == 2, 60)
        first, second = receiver.received
        assert (first.id, first.body) == (second.id, second.body)
        second.verified_by(secret)
        await field.apply([field.enrolled("S11-AC017")])
        await eventually(lambda: len(receiver.received) == 3, 60)
        assert receiver.received[2].areas["IN"]["enrolled"] == 1
        async with asyncio.timeout(60):
            while not (await sending.attempts(webhook))[:1] or (await sending.webhook(webhook)).message_id:  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(0.05)
        assert (await client.get(f"{url}/ready")).json()["checks"] == {"database": "ok", "sender": "ok"}
        metrics = (await client.get(f"{url}/metrics")).text
        assert 'mitra_webhook_attempts_total{outcome="delivered"} 2.0' in metrics
        assert 'mitra_webhooks{state="active"} 1.0' in metrics


async def _run_until_killed(receiver: Receiver, directory: Path, settings: dict[str, str]) -> None:
    try:
        async with process("webhooks", directory, **settings) as (running, _):
            await eventually(lambda: len(receiver.received) == 1, 60)
            running.kill()
            await running.wait()
    except AssertionError:
        assert running.returncode == -9
