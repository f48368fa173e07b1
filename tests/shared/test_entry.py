"""What starting a service costs."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("service", ["enrolment", "certificates", "reporting"])
def test_only_migrations_import_what_migrates(service: str) -> None:
    look = f"import sys, {service}.__main__; print('alembic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
