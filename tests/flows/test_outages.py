"""What goes on, and what is said, while a part of the whole is away."""

import asyncio
from functools import partial
from typing import Any
from uuid import uuid4

import httpx

from mitra_shared.ops.service_process import ServiceProcess
from mitra_shared.security.tokens import Role
from tests.flows.logs import rows
from tests.flows.story import Story, person, quota, until

SEGMENT = "S11-AC017"
OF_EVERY_CONSTITUENCY = ("S11-AC017", "S11-AC033", "S24-AC036")
TAKEN_OVER_SECONDS = 60
"""About five where the machine is idle."""


async def reasons(tale: Story, process: ServiceProcess) -> str:
    """All that /ready says is wrong, in one string; empty if the process is ready."""
    return ", ".join(f"{name}: {why}" for name, why in (await tale.stack.why_not_ready(process)).items())


async def test_stopping_all_of_certificates_leaves_intake_untouched(tale: Story) -> None:
    stopped = tale.stack.of("certificates")
    await tale.stack.down(stopped)
    try:
        enrolled = [await tale.enrol(SEGMENT) for _ in range(5)]
        rollup = await tale.rollup(SEGMENT, enrolled[-1])
        assert (rollup["enrolled"], rollup["certificates_issued"]) == (5, 0)
        for process in (*tale.stack.of("enrolment"), *tale.stack.of("reporting")):
            await until(partial(reasons, tale, process), lambda why: not why)
    finally:
        tale.stack.up(stopped)
    await tale.stack.ready()
    await tale.becomes("waitlisted", SEGMENT, enrolled[-1]["mitra_id"])
    await until(lambda: tale.rollup(SEGMENT), lambda seen: seen["certificates_issued"] == 3)


async def test_without_redis_intake_goes_on_and_everybody_says_what_is_missing(tale: Story) -> None:
    before = await tale.enrol(SEGMENT)
    await tale.rollup(SEGMENT, before)
    tale.stack.held.add(tale.stack.redis)
    tale.stack.redis.kill()
    try:
        enrolled = [await tale.enrol(SEGMENT) for _ in range(5)]
        for service, kind in (
            ("enrolment", "relay"),
            ("certificates", "consumer"),
            ("reporting", "consumer"),
        ):
            for process in tale.stack.of(service, kind):
                await until(partial(reasons, tale, process), lambda why: "ConnectionError" in why)
        for process in tale.stack.of("enrolment", "api"):
            await until(partial(reasons, tale, process), lambda why: not why)
        shown = await tale.rollup(SEGMENT)
        assert shown["enrolled"] == 1
        shown = await until(lambda: _shown(tale, "IN"), lambda shown: shown["lag"]["reason"] is not None)
        assert (shown["lag"]["events"], shown["lag"]["reason"]) == (None, "Redis cannot be reached")
    finally:
        await tale.stack.launch(tale.stack.redis)
        tale.stack.held.discard(tale.stack.redis)
    await until(lambda: tale.rollup(SEGMENT), lambda seen: seen["enrolled"] == 6)
    await tale.becomes("waitlisted", SEGMENT, enrolled[-1]["mitra_id"])
    await tale.stack.ready()


async def _shown(tale: Story, area: str) -> dict[str, Any]:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(
            f"{tale.reporting}/v1/rollups/{area}", headers=tale.bearer(Role.HEADQUARTERS)
        )
    shown: dict[str, Any] = answer.json()
    return shown


async def test_without_postgres_the_answer_is_503_and_when_to_ask_again(tale: Story) -> None:
    await tale.rollup(SEGMENT, await tale.enrol(SEGMENT))
    body, key = person(SEGMENT), str(uuid4())
    tale.stack.held.add(tale.stack.postgres)
    tale.stack.postgres.kill()
    try:
        refused = await tale.ask_to_enrol(body, key=key)
        assert (refused.status_code, refused.json()["type"]) == (503, "urn:mitra:problem:unavailable")
        assert int(refused.headers["Retry-After"]) > 0
        for process in tale.stack.services.values():
            await until(partial(reasons, tale, process), lambda why: "database" in why)
        shown = await until(lambda: _shown(tale, SEGMENT), lambda shown: shown["trouble"] is not None)
        assert (shown["rollup"]["enrolled"], shown["trouble"]) == (1, "the database cannot be reached")
    finally:
        await tale.stack.launch(tale.stack.postgres)
        tale.stack.held.discard(tale.stack.postgres)
    again = await until(lambda: tale.ask_to_enrol(body, key=key), lambda answer: answer.status_code != 503)
    assert again.status_code == 201, again.text
    await until(lambda: tale.rollup(SEGMENT), lambda seen: seen["enrolled"] == 2)
    await tale.stack.ready()


async def test_a_stopped_owner_is_replaced_and_does_no_harm_when_it_wakes(tale: Story) -> None:
    await tale.define(goals=quota(100))
    await _everywhere_issued(tale, number=1)
    number = 1
    for stopped in tale.stack.of("certificates", "consumer"):
        tale.stack.pause(stopped)
        try:
            number += 1
            async with asyncio.timeout(TAKEN_OVER_SECONDS):
                await _everywhere_issued(tale, number)
        finally:
            tale.stack.resume(stopped)
        # It wakes up in the belief that the partitions are still its own.
        number += 1
        await _everywhere_issued(tale, number)
        await tale.stack.ready()
    for table in ("consumer_restart", "dead_letter"):
        assert not await rows(tale.stack.engines["certificates"], f"select * from {table}")  # noqa: S608


async def _everywhere_issued(tale: Story, number: int) -> None:
    """Somebody is enrolled in each constituency, and gets the certificate of that number."""
    enrolled = {segment: (await tale.enrol(segment))["mitra_id"] for segment in OF_EVERY_CONSTITUENCY}
    for segment, mitra in enrolled.items():
        issued = await tale.becomes("issued", segment, mitra)
        assert issued["number"] == f"{segment}-{number:04d}"
