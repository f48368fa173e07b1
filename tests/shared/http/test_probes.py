import asyncio

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from mitra_shared.database import create_engine
from mitra_shared.http.probes import Check, Heartbeat, Readiness, create_probe_app, database_check
from mitra_shared.telemetry.metrics import ProcessMetrics


def checked(answer: str | Exception | None, *, seconds: float = 0.0, calls: list[int] | None = None) -> Check:
    async def check() -> str | None:
        if calls is not None:
            calls.append(1)
        await asyncio.sleep(seconds)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return check


async def get(readiness: Readiness, path: str) -> httpx.Response:
    app = create_probe_app(readiness, ProcessMetrics())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return await client.get(path)


async def test_a_process_without_checks_is_alive_and_ready() -> None:
    assert (await get(Readiness(), "/health")).json() == {"status": "alive"}
    assert (await get(Readiness(), "/ready")).status_code == 200
    metrics = await get(Readiness(), "/metrics")
    assert "process_resident_memory_bytes" in metrics.text
    assert metrics.headers["content-type"].startswith("text/plain")


async def test_a_process_that_is_not_ready_says_why() -> None:
    readiness = Readiness()
    readiness.add("database", checked(None))
    readiness.add("redis", checked("no poll of Redis for 12.0 s"))
    answer = await get(readiness, "/ready")
    assert answer.status_code == 503
    assert answer.json() == {
        "status": "not ready",
        "checks": {"database": "ok", "redis": "no poll of Redis for 12.0 s"},
        "reasons": {"redis": "no poll of Redis for 12.0 s"},
    }
    assert (await get(readiness, "/health")).status_code == 200


async def test_a_check_that_hangs_or_fails_is_a_reason_without_secrets() -> None:
    readiness = Readiness(check_seconds=0.1)
    readiness.add("slow", checked(None, seconds=10))
    readiness.add("broken", checked(ConnectionError("redis://:hunter2@127.0.0.1")))
    assert await readiness.reasons() == {
        "slow": "no answer within 0.1 s",
        "broken": "the check failed: ConnectionError",
    }


async def test_many_askers_at_once_run_each_check_once() -> None:
    calls: list[int] = []
    readiness = Readiness(cache_seconds=60)
    readiness.add("counted", checked(None, seconds=0.05, calls=calls))
    await asyncio.gather(*(readiness.reasons() for _ in range(20)))
    await readiness.reasons()
    assert len(calls) == 1


async def test_an_answer_is_kept_for_its_time_alone() -> None:
    calls: list[int] = []
    readiness = Readiness(cache_seconds=0)
    readiness.add("counted", checked(None, calls=calls))
    for _ in range(2):
        await readiness.reasons()
    assert len(calls) == 2


async def test_an_asker_that_hangs_up_does_not_spoil_the_answer_of_the_others() -> None:
    readiness = Readiness()
    readiness.add("slow", checked("why", seconds=0.1))
    first, second = (asyncio.create_task(readiness.reasons()) for _ in range(2))
    await asyncio.sleep(0.02)
    first.cancel()
    assert await second == {"slow": "why"}


def test_a_name_is_given_to_one_check() -> None:
    readiness = Readiness()
    readiness.add("database", checked(None))
    with pytest.raises(ValueError, match="already"):
        readiness.add("database", checked(None))


async def test_a_heart_that_has_not_beaten_or_not_lately_is_a_reason() -> None:
    steady, late = Heartbeat("poll of Redis", within=60), Heartbeat("poll of Redis", within=0)
    assert await steady.check() == "no poll of Redis yet"
    for heart in (steady, late):
        heart.beat()
    await asyncio.sleep(0.01)
    assert await steady.check() is None
    assert str(await late.check()).startswith("no poll of Redis for ")


async def test_the_database_check_asks_the_real_database(blank_engine: AsyncEngine) -> None:
    assert await database_check(blank_engine)() is None
    away = create_engine("postgresql://a:b@127.0.0.1:1/c", application="test")
    readiness = Readiness()
    readiness.add("database", database_check(away))
    assert (await readiness.reasons())["database"].startswith("the check failed")
    await away.dispose()
