"""`mitra up` as a process, for tests of the whole stack."""

import contextlib
import selectors
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mitra_shared.ops.stack_state import StackState
from tests.ops.commands import ENVIRONMENT, MITRA
from tests.ops.living import gone, working_below

START_SECONDS = 150
STOP_SECONDS = 40


class Up:
    """A stack that is up, and the process that launched it."""

    def __init__(self, launcher: subprocess.Popen[str], state: StackState) -> None:
        self.launcher = launcher
        self.state = state

    @property
    def pids(self) -> set[int]:
        """Every process of the stack, the launcher left out."""
        servers = {self.state.postgres.pid, self.state.redis.pid} - {None}
        return {pid for pid in servers if pid} | {process.pid for process in self.state.processes}

    def end(self, how: signal.Signals) -> int:
        """Send a signal to the launcher and wait for its end. Returns its exit code."""
        self.launcher.send_signal(how)
        return self.launcher.wait(timeout=STOP_SECONDS)


@contextlib.contextmanager
def up(home: Path, *options: str, command: tuple[str, ...] = MITRA, **identity: Any) -> Iterator[Up]:
    """`mitra up` on `home`, ready; killed on leaving if it still runs, and whatever it left is an error."""
    messages = home.with_name("messages")
    with (
        messages.open("a") as errors,
        subprocess.Popen(
            [*command, "up", "--home", str(home), "--json", *options],
            cwd=home.parent,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            **({"env": ENVIRONMENT} | identity),
        ) as launcher,
    ):
        try:
            yield Up(launcher, StackState.model_validate_json(_first_line(launcher, messages)))
        finally:
            launcher.kill()
    left = working_below(home)
    assert gone(left), left


def _first_line(launcher: subprocess.Popen[str], messages: Path) -> str:
    assert launcher.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(launcher.stdout, selectors.EVENT_READ)
        line = launcher.stdout.readline() if selector.select(START_SECONDS) else ""
    assert line, messages.read_text()
    return line
