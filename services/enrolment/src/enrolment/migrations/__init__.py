"""Alembic steps of the enrolment database."""

from pathlib import Path
from typing import Final

STEPS: Final = Path(__file__).parent
