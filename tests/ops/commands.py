"""Running `mitra` as a person does: a process, its output, its exit code."""

import os
import subprocess
import sys
from pathlib import Path

MITRA = (sys.executable, "-m", "mitra_shared.ops.cli")
SERVERS_OF_THE_TESTS = ("DATABASE_URL", "REDIS_URL")
"""Which a stack would take for its own."""
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith("MITRA_") and name not in SERVERS_OF_THE_TESTS
}


def mitra(*arguments: str | Path, directory: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command in `directory` with exactly these further environment variables."""
    return subprocess.run(
        [*MITRA, *map(str, arguments)],
        cwd=directory,
        env=ENVIRONMENT | settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
