"""Engines, and what an error of the database means: wait and try again, or this data is bad."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import asyncpg
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

Result = TypeVar("Result")

LOCK_TIMEOUT_MS: Final = 5_000
STATEMENT_TIMEOUT_MS: Final = 10_000
"""Also how long a process that is stopped between preparing and executing keeps its locks: to the server
it is not idle."""
IDLE_IN_TRANSACTION_MS: Final = 5_000
"""A process that is stopped inside a transaction loses it after this long, so that others can go on."""

_RETRY_AT_ONCE: Final = frozenset({"40001", "40P01", "55P03"})
"""Serialization failure, deadlock, lock timeout: the same work may succeed at the next attempt."""

_INFRASTRUCTURE_CLASSES: Final = frozenset({"08", "25", "40", "42", "53", "54", "55", "57", "58", "F0", "XX"})
"""SQLSTATE classes that do not blame the data: connection, resources, operator, locks, missing objects."""


_PLANNED_ANEW: Final = {"plan_cache_mode": "force_custom_plan"}
"""A plan that is kept takes every array for ten elements, and one that was made while a table was empty reads
the whole of it, element by element, until somebody analyzes it. Beside long arrays planning costs nothing."""


def create_engine(url: str, *, application: str, pool_size: int = 5, in_batches: bool = False) -> AsyncEngine:
    """An engine with bounded pool, waits and statements.

    Args:
        url: `postgresql://user:password@host:port/database`.
        application: name shown in `pg_stat_activity`.
        pool_size: connections kept; the pool never grows beyond it.
        in_batches: statements come with long arrays, so that each is planned for those it comes with.
    """
    return create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"),
        pool_size=pool_size,
        max_overflow=0,
        # The connection used last has the statements prepared.
        pool_use_lifo=True,
        pool_timeout=5,
        pool_pre_ping=False,
        # Errors of the driver would repeat names and phones.
        hide_parameters=True,
        connect_args={
            "timeout": 5,
            "server_settings": {
                "application_name": application,
                "lock_timeout": str(LOCK_TIMEOUT_MS),
                "statement_timeout": str(STATEMENT_TIMEOUT_MS),
                "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS),
                "tcp_keepalives_idle": "5",
                "tcp_keepalives_interval": "2",
                "tcp_keepalives_count": "3",
                **(_PLANNED_ANEW if in_batches else {}),
            },
        },
    )


def sqlstate(error: BaseException) -> str | None:
    """The five-character SQLSTATE behind `error`, if the database gave one."""
    if isinstance(error, DBAPIError):
        return getattr(error.orig, "sqlstate", None)
    return getattr(error, "sqlstate", None)


def is_infrastructure(error: BaseException) -> bool:
    """Whether `error` says nothing about the data: block, back off, try again, never give an event up."""
    if isinstance(error, PoolTimeout | OSError | TimeoutError | asyncpg.InterfaceError):
        return True
    if isinstance(error, RuntimeError) and "the handler is closed" in str(error):
        # What uvloop says of a connection that was lost a moment ago.
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    state = sqlstate(error)
    if state is not None:
        return state[:2] in _INFRASTRUCTURE_CLASSES
    return isinstance(error, InterfaceError | OperationalError)


def is_retryable(error: BaseException) -> bool:
    """Whether the same transaction may be tried again at once (deadlock, serialization, lock timeout)."""
    return sqlstate(error) in _RETRY_AT_ONCE


def backoff(attempt: int, *, first: float = 0.05, ceiling: float = 2.0) -> float:
    """Seconds to wait before attempt `attempt` + 1: doubling from `first`, capped, with full jitter."""
    return random.uniform(0.5, 1.0) * min(ceiling, first * float(1 << min(attempt, 16)))  # noqa: S311 - jitter


async def retrying(
    work: Callable[[], Awaitable[Result]],
    *,
    attempts: int = 5,
    again: Callable[[BaseException], bool] = is_retryable,
) -> Result:
    """Run `work` until it succeeds, at most `attempts` times, as long as `again` says so of its error."""
    for attempt in range(attempts):
        try:
            return await work()
        except Exception as error:
            if attempt + 1 == attempts or not again(error):
                raise
            await asyncio.sleep(backoff(attempt))
    raise AssertionError("unreachable: attempts is at least 1")
