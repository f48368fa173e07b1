"""What a supervisor asks of a process: /health (alive), /ready (able to work, or why not), /metrics.

Readiness is the age of what was done, not a ping: a process registers checks such as 'last commit of this
group' and each says in words why it is not ready.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from pydantic_core import to_json
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mitra_shared.telemetry.metrics import ProcessMetrics

Check = Callable[[], Awaitable[str | None]]
"""Why the process is not ready, or None."""

CHECK_SECONDS: Final = 2.0
CACHE_SECONDS: Final = 0.5


class Readiness:
    """Named checks. Each is bounded in time, and answers are kept for half a second."""

    def __init__(self, *, check_seconds: float = CHECK_SECONDS, cache_seconds: float = CACHE_SECONDS) -> None:
        self._checks: dict[str, Check] = {}
        self._check_seconds = check_seconds
        self._cache_seconds = cache_seconds
        self._answer: tuple[float, dict[str, str]] | None = None
        self._running: asyncio.Task[dict[str, str]] | None = None

    def add(self, name: str, check: Check) -> None:
        """Register a check under a name that is new."""
        if name in self._checks:
            raise ValueError(f"there is a check {name!r} already")
        self._checks[name] = check
        self._answer = None

    @property
    def names(self) -> tuple[str, ...]:
        """The checks there are."""
        return tuple(self._checks)

    async def reasons(self) -> dict[str, str]:
        """Why the process is not ready, by check; empty: it is ready."""
        if self._answer is not None and time.monotonic() < self._answer[0]:
            return self._answer[1]
        if self._running is None:
            self._running = asyncio.create_task(self._ask(), name="readiness")
        # Shielded: one prober that hangs up does not take the answer from the others.
        return await asyncio.shield(self._running)

    async def _ask(self) -> dict[str, str]:
        try:
            answers = await asyncio.gather(*(self._one(check) for check in self._checks.values()))
            reasons = {name: why for name, why in zip(self._checks, answers, strict=True) if why is not None}
            self._answer = (time.monotonic() + self._cache_seconds, reasons)
            return reasons
        finally:
            self._running = None

    async def _one(self, check: Check) -> str | None:
        try:
            async with asyncio.timeout(self._check_seconds):
                return await check()
        except TimeoutError:
            return f"no answer within {self._check_seconds:g} s"
        except Exception as error:  # noqa: BLE001 - whatever a check raises is why the process is not ready
            # Only the type: messages can hold addresses with passwords.
            return f"the check failed: {type(error).__name__}"


def database_check(engine: AsyncEngine) -> Check:
    """Ready while the database answers a query."""

    async def check() -> str | None:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
        return None

    return check


class Heartbeat:
    """Remembers when a loop last got through; its `check` says how long ago that is, if too long.

    Not one beat yet means not ready.
    """

    def __init__(self, what: str, *, within: float) -> None:
        """Watch `what` (in words, as in `poll of Redis`), which should happen every `within` seconds."""
        self._what = what
        self._within = within
        self._last: float | None = None

    def beat(self) -> None:
        """It happened now."""
        self._last = time.monotonic()

    @property
    def age(self) -> float | None:
        """Seconds since it last happened; None: never."""
        return None if self._last is None else time.monotonic() - self._last

    async def check(self) -> str | None:
        """A readiness check."""
        age = self.age
        if age is None:
            return f"no {self._what} yet"
        return f"no {self._what} for {age:.1f} s" if age > self._within else None


def probe_routes(readiness: Readiness, registry: CollectorRegistry) -> list[Route]:
    """The three routes, outside the OpenAPI document."""

    async def health(_request: Request) -> Response:
        return Response(b'{"status":"alive"}', media_type="application/json")

    async def ready(_request: Request) -> Response:
        reasons = await readiness.reasons()
        body = {
            "status": "not ready" if reasons else "ready",
            "checks": {name: reasons.get(name, "ok") for name in readiness.names},
            "reasons": reasons,
        }
        return Response(to_json(body), 503 if reasons else 200, media_type="application/json")

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    return [
        Route(path, endpoint, methods=["GET"], include_in_schema=False)
        for path, endpoint in (("/health", health), ("/ready", ready), ("/metrics", metrics))
    ]


def create_probe_app(readiness: Readiness, metrics: ProcessMetrics) -> Starlette:
    """What relays and consumers serve: the probes alone."""
    return Starlette(routes=probe_routes(readiness, metrics.registry))
