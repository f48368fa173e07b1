"""Log lines: one JSON object each on stdout, with trace and event ids and without personal data.

`configure_logs` is called once, first thing in a process; modules then take `structlog.get_logger()`. Lines
of the standard library's loggers (uvicorn, SQLAlchemy, FastStream) take the same way. What a line may not
carry is decided in `telemetry.redaction`.
"""

import json
import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal, TextIO

import structlog
from asyncpg import PostgresError
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError
from structlog.types import EventDict, Processor, WrappedLogger

from mitra_shared.database import sqlstate
from mitra_shared.telemetry.redaction import redact, redact_text
from mitra_shared.telemetry.trace import current_trace

LogLevel = Literal["debug", "info", "warning", "error"]

_FRAMES: Final = 12
_SPEAKS_OF_DATA: Final = (ValidationError, SQLAlchemyError, PostgresError)
"""Errors whose messages repeat rows, statements or inputs."""

_OWN_HANDLERS: Final = ("uvicorn", "uvicorn.error", "uvicorn.access", "faststream")
"""Loggers that libraries give handlers of their own."""

_QUIET: Final = ("uvicorn.access", "sqlalchemy", "httpx", "httpcore", "asyncio", "alembic.runtime.plugins")
"""Loggers heard from WARNING up only; below it they can repeat requests and statements."""


def describe_error(error: BaseException, *, message: bool = True) -> dict[str, Any]:
    """What may be told of an error: its type, where it arose, and its message if it cannot repeat data.

    Args:
        error: the error; causes and members of groups are described too.
        message: False where the error arose from handling personal data.
    """
    told: dict[str, Any] = {"type": f"{type(error).__module__}.{type(error).__qualname__}"}
    state = sqlstate(error)
    if state is not None:
        told["sqlstate"] = state
    if message and not isinstance(error, _SPEAKS_OF_DATA):
        told["message"] = redact_text(str(error))
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    told["at"] = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    if isinstance(error, BaseExceptionGroup):
        told["errors"] = [describe_error(member, message=message) for member in error.exceptions]
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        told["cause"] = describe_error(cause, message=message)
    return told


def _trace(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
    step = current_trace.get()
    if step is not None:
        event_dict["trace_id"] = step.trace_id
    return event_dict


def _errors(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
    info = event_dict.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    if isinstance(info, tuple):
        info = info[1]
    if isinstance(info, BaseException):
        event_dict["error"] = describe_error(info)
    elif isinstance(event_dict.get("error"), BaseException):
        event_dict["error"] = describe_error(event_dict["error"])
    return event_dict


def _redacted(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
    cleaned: EventDict = redact(event_dict)
    return cleaned


def _rendered(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> str:
    return json.dumps(event_dict, ensure_ascii=False, default=repr, separators=(",", ":"))


def configure_logs(
    *, service: str, process: str, level: LogLevel = "info", stream: TextIO | None = None
) -> None:
    """Send every log line of this process to stdout as JSON.

    Args:
        service: e.g. `enrolment`.
        process: e.g. `relay`.
        level: lines below it are dropped.
        stream: where lines go instead.
    """
    output = sys.stdout if stream is None else stream

    def origin(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
        return {"service": service, "process": process, **event_dict}

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _trace,
        origin,
    ]
    final: list[Processor] = [_errors, _redacted, _rendered]
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, *final],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(output),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *final],
            keep_exc_info=True,
        )
    )
    logging.captureWarnings(capture=True)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(threshold)
    for name in _OWN_HANDLERS:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(threshold, logging.WARNING))


@contextmanager
def about_event(event_id: object) -> Iterator[None]:
    """Log lines inside carry `event_id`."""
    with structlog.contextvars.bound_contextvars(event_id=str(event_id)):
        yield
