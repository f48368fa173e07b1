"""W3C trace context: where a request came from, carried from the API through log and streams to consumers.

Only the `traceparent` header is used. The current one is a context variable; the unit of work writes it
beside each event of a traced topic, and log lines show its trace id.
"""

import re
from contextvars import ContextVar
from secrets import token_hex
from typing import Final, NamedTuple

_PATTERN: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?", re.ASCII
)
_NO_TRACE: Final = "0" * 32
_NO_SPAN: Final = "0" * 16
_LONGEST: Final = 256


class TraceContext(NamedTuple):
    """One step of a trace."""

    trace_id: str
    """32 hexadecimal digits."""
    span_id: str
    """16 hexadecimal digits."""
    flags: str = "01"

    @property
    def traceparent(self) -> str:
        """The header value, 55 ASCII characters."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"

    def child(self) -> "TraceContext":
        """A next step of the same trace."""
        return TraceContext(self.trace_id, token_hex(8), self.flags)


current_trace: ContextVar[TraceContext | None] = ContextVar("current_trace", default=None)
"""The step that the running task belongs to; None outside of any, and always for opinions."""


def new_trace() -> TraceContext:
    """The first step of a fresh trace."""
    digits = token_hex(24)
    return TraceContext(digits[:32], digits[32:])


def parse_traceparent(header: str | None) -> TraceContext | None:
    """The step a `traceparent` header names; None if there is none, or none that W3C allows."""
    if header is None or len(header) > _LONGEST:
        return None
    match = _PATTERN.fullmatch(header)
    if match is None or (header.startswith("00") and len(header) != 55):  # noqa: PLR2004 - version 00 is exact
        return None
    trace_id, span_id, flags = match.groups()
    if trace_id == _NO_TRACE or span_id == _NO_SPAN:
        return None
    return TraceContext(trace_id, span_id, flags)


def continue_trace(header: str | None) -> TraceContext:
    """A child of the step in `header`, or the first step of a fresh trace."""
    parent = parse_traceparent(header)
    return parent.child() if parent is not None else new_trace()


def current_traceparent() -> str | None:
    """The header value of the running task's step, for events and outgoing requests."""
    step = current_trace.get()
    return None if step is None else step.traceparent
