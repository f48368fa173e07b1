"""The outermost layer around every route: trace context, bounds, errors nobody foresaw, metrics, access log.

Pure ASGI, and one layer instead of five: each wrapped `send` and each `try` costs on every request.
"""

import asyncio
import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mitra_shared.http.answers import problem_of
from mitra_shared.http.deadlines import Deadlines
from mitra_shared.http.limits import LARGEST_BODY, LONGEST_REQUEST, bounded
from mitra_shared.http.problems import Problem, timed_out
from mitra_shared.telemetry.access import AccessLog
from mitra_shared.telemetry.logs import describe_error
from mitra_shared.telemetry.metrics import HttpMetrics
from mitra_shared.telemetry.trace import TraceContext, continue_trace, current_trace

log = structlog.get_logger(__name__)

PROBES: Final = frozenset({"/health", "/ready", "/metrics"})
"""Asked every few seconds: counted, not logged."""
UNMATCHED: Final = "(none)"
"""Route of a request that fits no route; its path is the caller's own text."""
CLIENT_GONE: Final = 499
"""Status that is counted when the caller hung up before an answer began."""
_SERVER_ERROR: Final = 500
_SEGMENT: Final = re.compile(r"\{[^/]*\}")
_Bounds = tuple[int, Deadlines]
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Upload:
    """The bounds of a path that takes files: bytes, and seconds from the head to the start of the answer."""

    largest_body: int
    longest_request: float
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class EdgeSettings:
    """What the edge of one process does."""

    metrics: HttpMetrics
    access: AccessLog
    anonymous: AbstractSet[str] = field(default_factory=frozenset)
    """Paths without trace, duration or route in the logs: anonymous opinions."""
    largest_body: int = LARGEST_BODY
    longest_request: float = LONGEST_REQUEST
    uploads: Mapping[str, Upload] = field(default_factory=dict)
    """Paths that files are sent to, which may be larger or smaller and take longer; `{…}` is one segment."""


class Edge:
    """The layer."""

    def __init__(self, app: ASGIApp, settings: EdgeSettings) -> None:
        self.app = app
        self.settings = settings
        self.deadlines = Deadlines(settings.longest_request)
        # All deadlines of one list are equally long, so each upload has a list of its own.
        self.uploads: dict[tuple[str, str], _Bounds] = {}
        self.shaped: dict[str, list[tuple[re.Pattern[str], _Bounds]]] = {}
        for path, upload in settings.uploads.items():
            bounds = (upload.largest_body, Deadlines(upload.longest_request))
            if "{" in path:
                shape = re.compile("[^/]+".join(re.escape(part) for part in _SEGMENT.split(path)))
                self.shaped.setdefault(upload.method, []).append((shape, bounds))
            else:
                self.uploads[upload.method, path] = bounds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = perf_counter()
        length, step = self._read_head(scope)
        outside = current_trace.set(step)
        largest, deadlines = self._bounds_of(scope)
        task = deadlines.begin()
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if not status:
                status = message["status"]
                # A streamed answer may go on for any time.
                deadlines.end(task)
            await send(message)

        problem: Problem | None = None
        try:
            limited = bounded(scope, receive, length, largest_body=largest)
            await self.app(scope, limited, watched)
        except asyncio.CancelledError:
            if not deadlines.expired(task):
                raise
            problem = timed_out(deadlines.seconds)
        except ClientDisconnect:
            status = status or CLIENT_GONE
        except Exception as error:  # noqa: BLE001 - the last place where an error can become an answer
            problem = problem_of(error)
            _tell(error, problem)
        finally:
            deadlines.end(task)
            # An answer that has begun is left unfinished: the server hangs up, and the caller knows.
            if problem is not None and not status:
                await problem.response()(scope, receive, watched)
            self._account(scope, status or CLIENT_GONE, perf_counter() - started, step)
            # Whoever called in the same task, as a test does, goes on outside of this request.
            current_trace.reset(outside)

    def _bounds_of(self, scope: Scope) -> _Bounds:
        upload = self.uploads.get((scope["method"], scope["path"]))
        if upload is not None:
            return upload
        for shape, bounds in self.shaped.get(scope["method"], ()):
            if shape.fullmatch(scope["path"]):
                return bounds
        return self.settings.largest_body, self.deadlines

    def _read_head(self, scope: Scope) -> tuple[bytes | None, TraceContext | None]:
        """The announced length of the body, and the step of the trace."""
        length = traceparent = None
        for name, value in scope["headers"]:
            if name == b"content-length":
                length = value
            elif name == b"traceparent":
                traceparent = value.decode("latin-1")
        return length, None if scope["path"] in self.settings.anonymous else continue_trace(traceparent)

    def _account(self, scope: Scope, status: int, seconds: float, step: TraceContext | None) -> None:
        route: str = getattr(scope.get("route"), "path", UNMATCHED)
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        self.settings.metrics.observe(method, route, status, seconds)
        if step is None:
            self.settings.access.answered_anonymously(status)
        elif scope["path"] not in PROBES:
            self.settings.access.answered(method, route, status, seconds, step.trace_id)


def _tell(error: Exception, problem: Problem) -> None:
    """Log an error that nobody raised for the caller to see."""
    if isinstance(error, Problem) or problem.status < _SERVER_ERROR:
        return
    # Messages of errors that arose from a request can repeat what a person sent.
    told = describe_error(error, message=False)
    if problem.status == _SERVER_ERROR:
        log.error("a request failed", error=told)
    else:
        log.warning("a request could not be served", error=told)
