"""A bound on the time of many short requests that costs each almost nothing.

All have the same bound, so the oldest is always the first to run out: one timer sweeps the front of an
ordered dictionary once a second, instead of a timer being set and cancelled for every request.
"""

import asyncio
from asyncio import Task
from typing import Any, Final

_SWEEP_SECONDS: Final = 1.0


class Deadlines:
    """Cancels tasks that are still registered `seconds` (and up to one sweep) after they began."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._open: dict[Task[Any], float] = {}
        self._expired: set[Task[Any]] = set()
        self._sweep_every = min(_SWEEP_SECONDS, seconds)
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> Task[Any]:
        """Watch the running task from now; give it back."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a request is handled in a task")
        loop = asyncio.get_running_loop()
        self._open[task] = loop.time() + self.seconds
        if self._timer is None:
            self._timer = loop.call_later(self._sweep_every, self._sweep)
        return task

    def end(self, task: Task[Any]) -> None:
        """Watch `task` no longer."""
        self._open.pop(task, None)

    def expired(self, task: Task[Any]) -> bool:
        """Whether it was here that `task` was cancelled, and nowhere else; it may then go on and answer."""
        if task not in self._expired:
            return False
        self._expired.discard(task)
        return task.uncancel() == 0

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        late = []
        for task, deadline in self._open.items():
            if deadline > now:
                break
            late.append(task)
        for task in late:
            del self._open[task]
            self._expired.add(task)
            task.cancel()
        self._timer = loop.call_later(self._sweep_every, self._sweep) if self._open else None
