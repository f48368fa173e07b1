"""The outermost layer around every route: trace context, bounds, errors nobody foresaw, metrics, access log.

Pure ASGI, and one layer instead of five: each wrapped `send` and each `try` costs on every request.
"""

import asyncio
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mitra_shared.http.limits import LARGEST_BODY, LONGEST_REQUEST, bounded
from mitra_shared.http.problems import INTERNAL, TIMED_OUT, Problem, problem_of
from mitra_shared.telemetry.access import AccessLog
from mitra_shared.telemetry.logs import describe_error
from mitra_shared.telemetry.metrics import HttpMetrics
from mitra_shared.telemetry.trace import continue_trace, current_trace

log = structlog.get_logger(__name__)

PROBES: Final = frozenset({"/health", "/ready", "/metrics"})
"""Asked every few seconds: counted, not logged."""
UNMATCHED: Final = "(none)"
"""Route of a request that fits no route; its path is the caller's own text."""
CLIENT_GONE: Final = 499
"""Status that is counted when the caller hung up before an answer began."""


@dataclass(frozen=True, slots=True)
class EdgeSettings:
    """What the edge of one process does."""

    metrics: HttpMetrics
    access: AccessLog
    anonymous: AbstractSet[str] = field(default_factory=frozenset)
    """Paths without trace, duration or route in the logs: anonymous opinions."""
    largest_body: int = LARGEST_BODY
    longest_request: float = LONGEST_REQUEST


class Edge:
    """The layer."""

    def __init__(self, app: ASGIApp, settings: EdgeSettings) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = perf_counter()
        settings = self.settings
        length = traceparent = None
        for name, value in scope["headers"]:
            if name == b"content-length":
                length = value
            elif name == b"traceparent":
                traceparent = value.decode("latin-1")
        anonymous = scope["path"] in settings.anonymous
        step = None if anonymous else continue_trace(traceparent)
        current_trace.set(step)
        status = CLIENT_GONE
        timer = asyncio.timeout(settings.longest_request)

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                # A streamed answer may go on for any time.
                timer.reschedule(None)
            await send(message)

        try:
            async with timer:
                limited = bounded(scope, receive, length, largest_body=settings.largest_body)
                await self.app(scope, limited, watched)
        except Exception as error:  # noqa: BLE001 - the last place where an error can become an answer
            problem = self._problem(error, scope, timer, anonymous=anonymous)
            # Once an answer has begun, leaving it unfinished is what tells the caller: the server then hangs up.
            if status == CLIENT_GONE:
                await problem.response()(scope, receive, watched)
        finally:
            seconds = perf_counter() - started
            route = getattr(scope.get("route"), "path", UNMATCHED)
            method = scope["method"]
            settings.metrics.observe(method, route, status, seconds)
            if anonymous:
                settings.access.answered_anonymously(status)
            elif route not in PROBES:
                settings.access.answered(method, route, status, seconds, step.trace_id if step else None)

    def _problem(self, error: Exception, scope: Scope, timer: asyncio.Timeout, *, anonymous: bool) -> Problem:
        if isinstance(error, TimeoutError) and timer.expired():
            return TIMED_OUT(
                f"No answer within {self.settings.longest_request:g} seconds",
                headers={"Retry-After": "2"},
                retry_after=2,
            )
        problem = problem_of(error, Request(scope))
        if problem is None:
            # Messages of errors that arose from a request can repeat what a person sent.
            log.error("a request failed", error=describe_error(error, message=False))
            step = None if anonymous else current_trace.get()
            known = {} if step is None else {"trace_id": step.trace_id}
            return INTERNAL(
                "The fault is ours and was logged; nothing is known to be wrong with the request", **known
            )
        if not isinstance(error, Problem) and problem.status >= INTERNAL.status:
            log.warning("a request could not be served", error=describe_error(error, message=False))
        return problem
