"""`mitra demo --exit`: what `make demo` promises, on a small day."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.ops.commands import ENVIRONMENT, MITRA
from tests.ops.living import gone, working_below
from tests.servers import server_home

ROOT = Path(__file__).parents[2]
PEOPLE = 2_000


def demo(home: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """Exit code, and what was told as JSON."""
    said = subprocess.run(
        [*MITRA, "demo", "--home", home, "--exit", "--json", *options],
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert said.stdout, said.stderr
    return said.returncode, json.loads(said.stdout)


@pytest.mark.timeout(900)
def test_a_day_is_played_settled_and_audited_and_another_one_continues_it() -> None:
    with server_home() as directory:
        code, first = demo(directory / ".mitra", "--people", str(PEOPLE), "--seed", "7")
        day = first["day"]
        assert (code, first["audit"]["clean"], day["refused"]) == (0, True, {})
        assert day["enrolled"] == PEOPLE
        assert day["withdrawn"] >= PEOPLE * 0.02
        assert day["overflowed_segments"] >= 10
        assert day["waiting"] > 0
        assert day["promoted"] > 0
        # Other people, and quotas scaled to another number: a new version of the same campaign.
        code, second = demo(directory / ".mitra", "--people", str(PEOPLE // 4), "--seed", "8")
        assert (code, second["audit"]["clean"]) == (0, True)
        assert second["day"]["enrolled"] == PEOPLE // 4
        assert second["day"]["certificates_issued"] >= day["certificates_issued"]
        assert gone(working_below(directory))


def test_a_demo_without_its_campaign_says_where_to_start_it(tmp_path: Path) -> None:
    said = subprocess.run(
        [*MITRA, "demo"],
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert said.returncode == 1
    assert "the demo is started in the checkout" in said.stderr
    assert "Traceback" not in said.stderr
