"""Running `mitra` as a person does: a process, its output, its exit code."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from mitra_shared.ops.embedded import process
from tests import servers

MITRA = (sys.executable, "-m", "mitra_shared.ops.cli")
SERVERS_OF_THE_TESTS = ("DATABASE_URL", "REDIS_URL")
"""Which a stack would take for its own."""
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith("MITRA_") and name not in SERVERS_OF_THE_TESTS
}


def mitra(*arguments: str | Path, directory: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command in `directory` with exactly these further environment variables.

    It is forked from a process that has imported what commands import: most of what a start costs.
    """
    command = ("mitra_shared.ops.cli", *map(str, arguments))
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        running = servers.fork_server().fork(
            command,
            output,
            errors,
            environment=ENVIRONMENT | settings,
            directory=directory,
            death_signal=signal.SIGKILL,
        )
        if not process.finish(running, within=60):
            raise subprocess.TimeoutExpired(command, 60)
        assert running.returncode is not None
        output.seek(0)
        errors.seek(0)
        return subprocess.CompletedProcess(
            command, running.returncode, output.read().decode(), errors.read().decode()
        )
