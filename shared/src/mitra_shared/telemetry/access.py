"""One line per answered request: method, route template, status, duration, trace id. No address, no query.

Written apart from the other logs because it is on the way of every request: lines are put together by hand
and written a few at a time (about 2 microseconds each).
"""

import asyncio
import json
import sys
import time
from datetime import UTC, datetime
from typing import Final

from mitra_shared.telemetry.logs import LogLevel

_EVERY: Final = 0.2
"""Seconds a line may wait."""
_AT_MOST: Final = 200
"""Lines that wait."""
_SERVER_ERROR: Final = 500


class AccessLog:
    """Writes the lines of one process to stdout."""

    def __init__(self, *, service: str, process: str, level: LogLevel = "info") -> None:
        """Write what `level` lets through: every answer up to `info`, else only those from 500 up."""
        self._head = f'"service":{json.dumps(service)},"process":{json.dumps(process)},"event":"request"'
        self._all = level in {"debug", "info"}
        self._routes: dict[str, str] = {}
        self._second = 0
        self._second_text = ""
        self._waiting: list[str] = []
        self._timer: asyncio.TimerHandle | None = None

    def answered(self, method: str, route: str, status: int, seconds: float, trace_id: str | None) -> None:
        """Note one answer. `route` is a template."""
        if status < _SERVER_ERROR and not self._all:
            return
        quoted = self._routes.get(route)
        if quoted is None:
            quoted = self._routes[route] = json.dumps(route)
        level = "info" if status < _SERVER_ERROR else "error"
        trace = "" if trace_id is None else f',"trace_id":"{trace_id}"'
        self._add(
            f'{{{self._head},"method":"{method}","route":{quoted},"status":{status},"ms":{seconds * 1e3:.1f},'
            f'"level":"{level}","at":"{self._now()}"{trace}}}\n'
        )

    def _now(self) -> str:
        now = time.time()
        second = int(now)
        if second != self._second:
            self._second = second
            self._second_text = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{self._second_text}.{int((now - second) * 1000):03d}Z"

    def answered_anonymously(self, status: int) -> None:
        """Note an answer on a route whose callers must not be traceable: the status and nothing else."""
        if self._all or status >= _SERVER_ERROR:
            self._add(f'{{"event":"request","status":{status}}}\n')

    def _add(self, line: str) -> None:
        self._waiting.append(line)
        if len(self._waiting) >= _AT_MOST:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_EVERY, self.flush)

    def flush(self) -> None:
        """Write what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        lines, self._waiting = self._waiting, []
        if lines:
            sys.stdout.write("".join(lines))
            sys.stdout.flush()
