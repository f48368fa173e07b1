"""Processes that are forked in place of started: from outside they are what `subprocess` would have made."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mitra_shared.ops.embedded.process import ServerFailed
from mitra_shared.ops.forking.client import ForkedChild, ForkServer
from tests.ops.living import gone, is_alive

ROOT = Path(__file__).parents[2]
LAUNCHER = """
import os
import sys
from pathlib import Path
from tests.ops.test_forking import begin
from mitra_shared.ops.forking.client import ForkServer
server = ForkServer((), Path(sys.argv[1]) / "fork-server.log", os.environ)
print(begin(server, Path(sys.argv[1]), "waits").pid, flush=True)
sys.stdin.read()
"""


def begin(server: ForkServer, place: Path, what: str, **environment: str) -> ForkedChild:
    return server.start(
        "tests.ops.forked",
        what,
        log=place / f"{what}.log",
        environment=environment,
        directory=place,
        death_signal=signal.SIGKILL,
    )


def ended(child: ForkedChild) -> bool:
    return child.wait(30) == -signal.SIGKILL and gone([child.pid])


def server_of(child: ForkedChild) -> int:
    return int(Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_a_child_has_its_own_environment_directory_output_and_session_and_nothing_of_others(
    forks: ForkServer, tmp_path: Path
) -> None:
    place = tmp_path / "of-the-child"
    place.mkdir()
    others = [begin(forks, tmp_path, "waits") for _ in range(3)]
    child = begin(forks, place, "tells", MITRA_ONLY="this")
    assert child.wait(30) == 0
    told = json.loads((place / "tells.log").read_text())
    assert told == {
        "environment": {"MITRA_ONLY": "this"},
        "directory": str(place),
        "descriptors": ["0", "1", "2"],
        "leads_its_session": True,
        "arguments": [str(Path(__file__).with_name("forked.py")), "tells"],
        "signals": "default",
    }
    assert all(other.poll() is None for other in others)
    forks.close()
    assert all(map(ended, others))


def test_how_a_child_ended_is_told_as_that_of_a_process_is(forks: ForkServer, tmp_path: Path) -> None:
    assert begin(forks, tmp_path, "refuses").wait(30) == 3
    assert begin(forks, tmp_path, "fails").wait(30) == 1
    assert "ZeroDivisionError" in (tmp_path / "fails.log").read_text()
    waiting = begin(forks, tmp_path, "waits")
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(0.05)
    waiting.kill()
    assert waiting.wait(30) == -signal.SIGKILL
    waiting.send_signal(signal.SIGTERM)


def test_children_end_with_the_server_and_the_next_one_has_a_new_server(
    forks: ForkServer, tmp_path: Path
) -> None:
    first = begin(forks, tmp_path, "waits")
    before = server_of(first)
    os.kill(before, signal.SIGKILL)
    assert ended(first)
    assert gone([before])
    second = begin(forks, tmp_path, "waits")
    assert is_alive(second.pid)
    assert server_of(second) != before
    forks.close()
    assert ended(second)


def test_nothing_outlives_a_launcher_that_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as launcher:
        assert launcher.stdout is not None
        child = int(launcher.stdout.readline())
        assert is_alive(child)
        launcher.kill()
    assert gone([child])


def test_a_module_that_starts_a_thread_is_no_module_to_fork_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    forks = ForkServer(["tests.ops.threaded"], tmp_path / "fork-server.log", os.environ)
    child = begin(forks, tmp_path, "waits")
    assert child.wait(30) != 0
    with pytest.raises(ServerFailed):
        _ = child.pid
    assert "has started a thread" in (tmp_path / "fork-server.log").read_text()
    forks.close()
