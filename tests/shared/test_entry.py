"""What starting a service costs."""

import subprocess
import sys

import pytest


def imported(*modules: str) -> set[str]:
    """Which top packages are there once these modules are."""
    look = f"import sys, {', '.join(modules)}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("service", ["enrolment", "certificates", "reporting"])
def test_a_service_imports_what_only_some_of_its_processes_need_when_it_is_told_which(service: str) -> None:
    assert imported(f"{service}.__main__").isdisjoint({"alembic", "fastapi", "faststream", "typst"})


def test_relays_and_consumers_start_without_what_serves_an_api() -> None:
    there = imported("mitra_shared.relay.running", "mitra_shared.consume.running")
    assert "fastapi" not in there


def test_forecasts_import_their_library_when_there_is_something_to_fit() -> None:
    there = imported("reporting.forecasting")
    assert "numpy" in there
    assert "statsmodels" not in there
